import ctypes
from ctypes import byref, c_int, c_void_p

import numpy as np
import pytest

from av1core.media import libaom_binding as binding
from av1core.media.tree import visited_nodes
from av1core.partition import BLOCK_SIZES, NODE_SIZES, Partition, sub_blocks


@pytest.fixture(scope="module")
def nodes(mode_info):
    return visited_nodes(mode_info)


def blocks_of_stream(stream, height, width):
    """Block rectangles (row, col, height, width), from the size of the block over each 4×4 unit.

    A block begins at the first unit, in raster order, that no earlier block covers.
    """
    aom, context = binding.open_library(), ctypes.create_string_buffer(1024)
    record = ctypes.create_string_buffer(16384)
    aom.aom_codec_dec_init_ver(context, aom.aom_codec_av1_dx(), None, 0, binding.decoder_abi())
    aom.aom_codec_decode(context, stream, len(stream), None)
    assert aom.aom_codec_get_frame(context, byref(c_void_p()))
    rows, cols = -(-height // 4), -(-width // 4)
    covered, blocks = np.zeros((rows + 32, cols + 32), bool), set()
    for row in range(rows):
        for col in range(cols):
            if not covered[row, col]:
                assert aom.aom_codec_control(context, 295, c_int(row), c_int(col), record) == 0
                block_width, block_height = BLOCK_SIZES[record[0][0]]
                covered[row : row + block_height // 4, col : col + block_width // 4] = True
                blocks.add((row * 4, col * 4, block_height, block_width))
    aom.aom_codec_destroy(context)
    return blocks


def test_labels_equal_a_brute_force_reading(stream, mode_info, nodes):
    """A node's label is the type whose sub-blocks are the stream's; inside a bigger block it has none.

    Only block sizes at 4×4 units are read, never the partition byte: the two readings share nothing.
    """
    blocks = blocks_of_stream(stream, mode_info.height, mode_info.width)
    expected = {}
    for size in NODE_SIZES:
        for row in range(0, mode_info.height - size + 1, size):
            for col in range(0, mode_info.width - size + 1, size):
                inside = {
                    (r - row, c - col, h, w) for r, c, h, w in blocks if row <= r < row + size and col <= c < col + size
                }
                whole = all(r + h <= size and c + w <= size for r, c, h, w in inside)
                if not inside or not whole or sum(h * w for _, _, h, w in inside) != size * size:
                    continue
                kinds = [
                    kind for kind in Partition if kind != Partition.SPLIT and inside == set(sub_blocks(kind, size))
                ]
                expected[size, row, col] = kinds[0] if kinds else Partition.SPLIT
    found = zip(nodes.size.tolist(), nodes.row.tolist(), nodes.col.tolist(), strict=True)
    found = dict(zip(found, map(Partition, nodes.partition.tolist()), strict=True))
    # A quarter of an A or B node may be a whole square that the tree never visited as a node: what was found
    # must be explained, and what was not found must lie inside a node that is not SPLIT.
    assert found == {key: expected.get(key) for key in found}
    for size, row, col in expected.keys() - found.keys():
        parent = found.get((size * 2, row - row % (size * 2), col - col % (size * 2)))
        assert parent is None or parent != Partition.SPLIT


def test_children_are_visited_exactly_if_the_parent_is_split(mode_info, nodes):
    where = set(zip(nodes.size.tolist(), nodes.row.tolist(), nodes.col.tolist(), strict=True))
    for size, row, col, partition in zip(nodes.size, nodes.row, nodes.col, nodes.partition, strict=True):
        if size > min(NODE_SIZES):
            half = int(size) // 2
            children = {(half, int(row) + r, int(col) + c) for r in (0, half) for c in (0, half)}
            assert len(children & where) == (4 if partition == Partition.SPLIT else 0)


def test_leaves_never_overlap(mode_info, nodes):
    covered = np.zeros((mode_info.height, mode_info.width), int)
    for size, row, col, partition in zip(nodes.size, nodes.row, nodes.col, nodes.partition, strict=True):
        if partition != Partition.SPLIT or size == min(NODE_SIZES):
            covered[row : row + size, col : col + size] += 1
    assert covered.max() == 1
    if mode_info.height % 64 == mode_info.width % 64 == 0:
        assert covered.min() == 1


def test_nodes_are_inside_the_picture_aligned_and_ordered(mode_info, nodes):
    assert (nodes.row % nodes.size == 0).all() and (nodes.col % nodes.size == 0).all()
    assert (nodes.row + nodes.size <= mode_info.height).all()
    assert (nodes.col + nodes.size <= mode_info.width).all()
    order = np.lexsort((nodes.col, nodes.row, nodes.size))
    assert (order == np.arange(len(nodes))).all()
    assert [column.dtype for column in vars(nodes).values()] == [np.int32, np.int32, np.int16, np.int8]
