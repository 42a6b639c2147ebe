import numpy as np
import pytest

from av1core.dataset.explore import (
    NEIGHBOUR_SIDES,
    at_qindexes,
    find_node,
    frame_nodes,
    frame_qindexes,
    neighbours,
    same_size,
)
from av1core.partition import Partition


@pytest.fixture(scope="module")
def nodes(dataset):
    return frame_nodes(dataset, 1, 0, 172)


def test_nodes_are_those_of_the_block_table(dataset, nodes):
    blocks = dataset.blocks
    assert set(nodes.rows) == set(np.flatnonzero((blocks.source == 1) & (blocks.qindex == 172)))
    assert (blocks.row[nodes.rows] == nodes.row).all() and (blocks.partition[nodes.rows] == nodes.partition).all()
    assert len(frame_nodes(dataset, 1, 0, 100)) == 0
    assert frame_qindexes(dataset, 1, 0) == [80, 172]


def test_neighbours_are_found_pixel_by_pixel(dataset, nodes):
    """An owner map drawn node by node says who lies beyond each pixel of an edge."""
    source = dataset.sources[1]
    owner = np.full((source.height + 128, source.width + 128), -1)
    for node in np.flatnonzero(nodes.ends()):
        row, col, size = nodes.row[node], nodes.col[node], nodes.size[node]
        owner[row : row + size, col : col + size] = node
    for node in range(0, len(nodes), 7):
        row, col, size = int(nodes.row[node]), int(nodes.col[node]), int(nodes.size[node])
        beyond = {
            "left": owner[row : row + size, col - 1] if col else [],
            "above": owner[row - 1, col : col + size] if row else [],
            "right": owner[row : row + size, col + size],
            "below": owner[row + size, col : col + size],
        }
        found = neighbours(nodes, node)
        assert tuple(found) == NEIGHBOUR_SIDES
        for side in NEIGHBOUR_SIDES:
            assert set(found[side]) == set(np.unique(beyond[side]).tolist()) - {-1}, (node, side)


def test_steps_go_through_all_nodes_of_a_size_and_come_back(nodes):
    alike = np.flatnonzero(nodes.size == 16)
    seen = [int(alike[0])]
    while (following := same_size(nodes, seen[-1], 1)) != seen[0]:
        seen.append(following)
    assert seen == alike.tolist()
    assert same_size(nodes, seen[0], -1) == seen[-1]


def test_a_node_is_found_by_its_place_and_size(nodes):
    for node in (0, len(nodes) // 2, len(nodes) - 1):
        assert find_node(nodes, nodes.row[node], nodes.col[node], nodes.size[node]) == node
    assert find_node(nodes, 3, 3, 16) is None


def test_the_same_node_at_other_qindexes(dataset, nodes):
    for node in range(0, len(nodes), 11):
        found = at_qindexes(dataset, int(nodes.rows[node]))
        assert found[172] == Partition(int(nodes.partition[node]))
        other = frame_nodes(dataset, 1, 0, 80)
        there = find_node(other, nodes.row[node], nodes.col[node], nodes.size[node])
        assert found[80] == (None if there is None else Partition(int(other.partition[there])))
