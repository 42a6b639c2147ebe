"""One frame's tree, node by node: what lies next to a node, and what it was at other qindexes."""

from dataclasses import dataclass

import numpy as np

from av1core.dataset.counts import MIN_SIZE
from av1core.dataset.folder import Dataset
from av1core.partition import Partition

NEIGHBOUR_SIDES = ("left", "above", "right", "below")


@dataclass(frozen=True, eq=False)
class FrameNodes:
    """The N nodes of one frame at one qindex, ordered by size, row and col.

    rows: int64 (N,), index into the dataset's block table. row, col, size: int32, pixels. partition: int8, 0–9.
    """

    rows: np.ndarray
    row: np.ndarray
    col: np.ndarray
    size: np.ndarray
    partition: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def ends(self) -> np.ndarray:
        """bool (N,): nodes whose children are no nodes, so that each pixel lies in at most one of them."""
        return (self.partition != Partition.SPLIT) | (self.size == MIN_SIZE)


def frame_nodes(dataset: Dataset, source: int, frame: int, qindex: int) -> FrameNodes:
    """The nodes of one frame at one qindex; none if it was not encoded at it."""
    blocks = dataset.blocks
    rows = np.flatnonzero((blocks.source == source) & (blocks.frame == frame) & (blocks.qindex == qindex))
    columns = (getattr(blocks, name)[rows] for name in ("row", "col", "size", "partition"))
    row, col, size, partition = columns
    return FrameNodes(rows, row, col, size.astype(np.int32), partition)


def frame_qindexes(dataset: Dataset, source: int, frame: int) -> list[int]:
    """The qindexes at which a frame has nodes, ascending."""
    blocks = dataset.blocks
    return np.unique(blocks.qindex[(blocks.source == source) & (blocks.frame == frame)]).tolist()


def neighbours(nodes: FrameNodes, node: int) -> dict[str, list[int]]:
    """For each of NEIGHBOUR_SIDES the nodes that end the tree there and share a piece of edge with `node`.

    Indices into `nodes`, from top to bottom or left to right. A side at the picture's border, or along an undivided
    node of 128×128, has none.
    """
    top, left, side = (int(getattr(nodes, name)[node]) for name in ("row", "col", "size"))
    bottom, right = nodes.row + nodes.size, nodes.col + nodes.size
    beside = (nodes.row < top + side) & (bottom > top)
    stacked = (nodes.col < left + side) & (right > left)
    touching = {
        "left": beside & (right == left),
        "above": stacked & (bottom == top),
        "right": beside & (nodes.col == left + side),
        "below": stacked & (nodes.row == top + side),
    }
    return {name: _in_reading_order(nodes, touching[name] & nodes.ends()) for name in NEIGHBOUR_SIDES}


def same_size(nodes: FrameNodes, node: int, step: int) -> int:
    """The node `step` places further among those of the same size, in reading order, starting over at the ends."""
    alike = np.flatnonzero(nodes.size == nodes.size[node])
    place = int(np.searchsorted(alike, node))
    return int(alike[(place + step) % len(alike)])


def find_node(nodes: FrameNodes, row: int, col: int, size: int) -> int | None:
    """Index of the node at this place, or None."""
    found = np.flatnonzero((nodes.row == row) & (nodes.col == col) & (nodes.size == size))
    return int(found[0]) if len(found) else None


def at_qindexes(dataset: Dataset, row: int) -> dict[int, Partition | None]:
    """What the node of a row of the block table was cut into at each qindex; None where the tree never visited it."""
    blocks = dataset.blocks
    same = np.ones(len(blocks), bool)
    for name in ("source", "frame", "row", "col", "size"):
        column = getattr(blocks, name)
        same &= column == column[row]
    found = dict(zip(blocks.qindex[same].tolist(), blocks.partition[same].tolist(), strict=True))
    encoded = frame_qindexes(dataset, int(blocks.source[row]), int(blocks.frame[row]))
    return {qindex: Partition(found[qindex]) if qindex in found else None for qindex in encoded}


def _in_reading_order(nodes: FrameNodes, chosen: np.ndarray) -> list[int]:
    indices = np.flatnonzero(chosen)
    return indices[np.lexsort((nodes.col[indices], nodes.row[indices]))].tolist()
