"""The partition tree of a frame: which nodes the final tree visits, and how each is cut."""

from dataclasses import dataclass

import numpy as np

from av1core.errors import MediaError
from av1core.media.libaom import ModeInfo
from av1core.partition import BLOCK_SIZES, NODE_SIZES, Partition
from av1core.translation import message

_TWICE_IF_SQUARE = (Partition.HORZ_A, Partition.HORZ_B, Partition.VERT_A, Partition.VERT_B)


@dataclass(frozen=True, eq=False)
class Nodes:
    """Visited tree nodes, ordered by size, row and col.

    row, col: int32, pixels of the top-left corner. size: int16, side in pixels. partition: int8, 0–9 as in `Partition`.
    """

    row: np.ndarray
    col: np.ndarray
    size: np.ndarray
    partition: np.ndarray

    def __len__(self) -> int:
        return len(self.row)


def visited_nodes(mode_info: ModeInfo) -> Nodes:
    """Every node of NODE_SIZES that the tree visits, those that cross the picture's border included.

    A node is visited if its corner lies in the picture, whose sides are rounded up to 8 pixels (AV1
    specification, section 5.11.4). Where its lower half lies outside (not hasRows) only HORZ and SPLIT exist, where its
    right half does (not hasCols) only VERT and SPLIT, and where both do SPLIT is implied. Such a label is no free
    choice, and some of the pixels do not exist: train on nodes that lie wholly inside. MediaError for block sizes or
    types that AV1 does not have.
    """
    grids = mode_info.block_size, mode_info.partition
    if grids[0].max() >= len(BLOCK_SIZES) or grids[1].max() >= len(Partition):
        raise MediaError(
            message("The stream's mode info holds unknown block sizes: this libaom lays it out differently.")
        )
    parts = [_nodes_of_size(*grids, size) for size in NODE_SIZES]
    return Nodes(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _nodes_of_size(block_size: np.ndarray, partition: np.ndarray, size: int) -> tuple[np.ndarray, ...]:
    """Columns row, col, size, partition of the visited nodes of one size."""
    step = size // 8
    corner = np.s_[::step, ::step]
    types = partition[corner]
    parent = _PARENT_SIDE[block_size[corner], types]
    labels = np.where(parent < size, np.int8(Partition.SPLIT), types.astype(np.int8))
    row, col = np.nonzero(parent <= size)
    count = len(row)
    sizes = np.full(count, size, np.int16)
    return (row * size).astype(np.int32), (col * size).astype(np.int32), sizes, labels[row, col]


def _parent_sides() -> np.ndarray:
    """int16 (block sizes, partition types): side of the node that was cut by `partition` into such a block.

    Meaningful for the block at the node's top-left corner, where A and B types put a square of half the side
    or a rectangle of the whole.
    """
    sides = np.array([max(size) for size in BLOCK_SIZES], np.int16)
    square = np.array([width == height for width, height in BLOCK_SIZES])
    table = np.repeat(sides[:, None], len(Partition), axis=1)
    table[:, Partition.SPLIT] *= 2
    for partition in _TWICE_IF_SQUARE:
        table[square, partition] *= 2
    return table


_PARENT_SIDE = _parent_sides()
