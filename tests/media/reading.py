"""The tree of a frame read in another way than the Lab's: from the sizes of its blocks alone."""

import ctypes
from ctypes import byref, c_int, c_void_p

import numpy as np

from av1core.media import libaom_binding as binding
from av1core.media.tree import Nodes
from av1core.partition import BLOCK_SIZES, NODE_SIZES, Partition, sub_blocks

LARGEST = 128

Block = tuple[int, int, int, int]
Labels = dict[tuple[int, int, int], Partition]


def blocks_of_frames(frames: list[bytes], height: int, width: int) -> list[set[Block]]:
    """Block rectangles (row, col, height, width) of each frame, from the size of the block over each 4×4 unit.

    Frames are decoded one after the other in one decoder. A block begins at the first unit, in raster order, that
    no earlier block covers. Only block sizes are read, never the partition byte.
    """
    aom, context = binding.open_library(), ctypes.create_string_buffer(1024)
    record = ctypes.create_string_buffer(16384)
    aom.aom_codec_dec_init_ver(context, aom.aom_codec_av1_dx(), None, 0, binding.decoder_abi())
    rows, cols = 2 * -(-height // 8), 2 * -(-width // 8)
    found = []
    for data in frames:
        assert aom.aom_codec_decode(context, data, len(data), None) == 0
        assert aom.aom_codec_get_frame(context, byref(c_void_p()))
        covered, blocks = np.zeros((rows + 32, cols + 32), bool), set()
        for row in range(rows):
            for col in range(cols):
                if not covered[row, col]:
                    assert aom.aom_codec_control(context, 295, c_int(row), c_int(col), record) == 0
                    block_width, block_height = BLOCK_SIZES[record[0][0]]
                    covered[row : row + block_height // 4, col : col + block_width // 4] = True
                    blocks.add((row * 4, col * 4, block_height, block_width))
        found.append(blocks)
    aom.aom_codec_destroy(context)
    return found


def labels_of(nodes: Nodes) -> Labels:
    """Label by (size, row, col)."""
    keys = zip(nodes.size.tolist(), nodes.row.tolist(), nodes.col.tolist(), strict=True)
    return dict(zip(keys, map(Partition, nodes.partition.tolist()), strict=True))


def allowed(size: int, row: int, col: int, rows: int, cols: int) -> set[Partition]:
    """The types that a node may have in a picture of so many pixels: AV1 specification, section 5.11.4."""
    has_rows, has_cols = row + size // 2 < rows, col + size // 2 < cols
    if has_rows and has_cols:
        return set(Partition)
    return {Partition.SPLIT} | ({Partition.HORZ} if has_cols else {Partition.VERT} if has_rows else set())


def tree_of_blocks(blocks: set[Block], rows: int, cols: int) -> Labels:
    """The tree that explains the blocks, from 128×128 down: a node is SPLIT unless its blocks are those of a type."""
    tree = {}

    def descend(size, row, col):
        if row >= rows or col >= cols:
            return
        inside = {(r - row, c - col, h, w) for r, c, h, w in blocks if 0 <= r - row < size and 0 <= c - col < size}
        for partition in sorted(allowed(size, row, col, rows, cols) - {Partition.SPLIT}):
            parts = sub_blocks(partition, size)
            if inside == {part for part in parts if row + part[0] < rows and col + part[1] < cols}:
                tree[size, row, col] = partition
                return
        tree[size, row, col] = Partition.SPLIT
        if size > min(NODE_SIZES):
            for r in (0, size // 2):
                for c in (0, size // 2):
                    descend(size // 2, row + r, col + c)

    for row in range(0, rows, LARGEST):
        for col in range(0, cols, LARGEST):
            descend(LARGEST, row, col)
    return {key: partition for key, partition in tree.items() if key[0] in NODE_SIZES}
