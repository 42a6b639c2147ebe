import numpy as np
import pytest

from av1core.media import libaom
from av1core.media.tree import visited_nodes
from av1core.partition import NODE_SIZES, Partition, sub_blocks
from tests.media.conftest import textured
from tests.media.reading import allowed, blocks_of_frames, labels_of, tree_of_blocks

SIZES = [(160, 192), (150, 205), (72, 100), (136, 200), (88, 40)]


@pytest.fixture(scope="module", params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def frame(request):
    """(rows and columns in pixels rounded up to 8, nodes, blocks read independently)."""
    height, width = request.param
    stream = libaom.encode_intra(textured(height, width), cq_level=40, cpu_used=2)
    blocks = blocks_of_frames([stream], height, width)[0]
    return (-(-height // 8) * 8, -(-width // 8) * 8), visited_nodes(libaom.read_mode_info(stream)), blocks


def covered(rectangles, rows, cols):
    count = np.zeros((rows, cols), int)
    for row, col, height, width in rectangles:
        count[row : row + height, col : col + width] += 1
    return count


def test_nodes_and_labels_equal_a_reading_of_block_sizes_alone(frame):
    (rows, cols), nodes, blocks = frame
    assert labels_of(nodes) == tree_of_blocks(blocks, rows, cols)


def test_border_nodes_have_only_the_types_that_av1_allows(frame):
    (rows, cols), nodes, _ = frame
    for (size, row, col), partition in labels_of(nodes).items():
        assert partition in allowed(size, row, col, rows, cols)


def test_leaf_blocks_tile_the_picture(frame):
    (rows, cols), nodes, blocks = frame
    leaves = [
        (row + r, col + c, height, width)
        for (size, row, col), partition in labels_of(nodes).items()
        if partition != Partition.SPLIT or size == min(NODE_SIZES)
        for r, c, height, width in sub_blocks(partition, size)
        if row + r < rows and col + c < cols
    ]
    larger = [block for block in blocks if max(block[2:]) > max(NODE_SIZES)]
    assert set(leaves) == blocks - set(larger)
    assert (covered(leaves + larger, rows, cols) == 1).all()


@pytest.mark.parametrize("size", NODE_SIZES)
def test_nodes_of_a_size_and_leaves_of_larger_ones_tile_the_picture(frame, size):
    (rows, cols), nodes, blocks = frame
    tiles = [block for block in blocks if max(block[2:]) > max(NODE_SIZES)]
    for (side, row, col), partition in labels_of(nodes).items():
        if side == size:
            tiles.append((row, col, size, size))
        elif side > size and partition != Partition.SPLIT:
            tiles += [(row + r, col + c, height, width) for r, c, height, width in sub_blocks(partition, side)]
    assert (covered(tiles, rows, cols) == 1).all()


def test_nodes_are_aligned_and_ordered(frame):
    (rows, cols), nodes, _ = frame
    assert (nodes.row % nodes.size == 0).all() and (nodes.col % nodes.size == 0).all()
    assert (nodes.row < rows).all() and (nodes.col < cols).all()
    assert (np.lexsort((nodes.col, nodes.row, nodes.size)) == np.arange(len(nodes))).all()
    assert [column.dtype for column in vars(nodes).values()] == [np.int32, np.int32, np.int16, np.int8]
