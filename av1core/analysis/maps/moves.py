"""From block to block: to the next of those chosen, to another frame, and on which side of the split one stands."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from av1core.analysis.references import common_split
from av1core.dataset.explore import frame_nodes
from av1core.dataset.folder import Dataset
from av1core.dataset.split import side_mask
from av1core.runs.folder import RunFolder


@dataclass(frozen=True)
class Turn:
    """place: of a block among those chosen, from 0, or None if it is not one of them. before, after: rows."""

    place: int | None
    before: int
    after: int


@dataclass(frozen=True)
class Offer:
    """What has whole 16×16 nodes: sources, frames of one source, and qindexes of one frame; each ascending."""

    sources: list[int]
    frames: list[int]
    qindexes: list[int]


@dataclass(frozen=True, eq=False)
class Sides:
    """What a run did not train on. validates: bool (blocks,), of the block table. sources: indices of those that have
    a validation block."""

    validates: np.ndarray
    sources: frozenset[int]


def turn(rows: Sequence[int], row: int) -> Turn:
    """Where a block stands among those chosen, and which come before and after it, starting over at the ends.

    rows: at least one, of the block table. Around a block that is not among them lie those next to it in the table.
    """
    rows = np.asarray(rows)
    (found,) = np.nonzero(rows == row)
    if len(found):
        place = int(found[0])
        return Turn(place, int(rows[place - 1]), int(rows[(place + 1) % len(rows)]))
    table = np.sort(rows)
    place = int(np.searchsorted(table, row))
    return Turn(None, int(table[place - 1]), int(table[place % len(table)]))


def offer(dataset: Dataset, source: int, frame: int) -> Offer:
    """Where a frame can be changed to."""
    blocks, whole = dataset.blocks, dataset.model_blocks
    of_source = whole & (blocks.source == source)
    of_frame = of_source & (blocks.frame == frame)
    columns = blocks.source[whole], blocks.frame[of_source], blocks.qindex[of_frame]
    return Offer(*(np.unique(column).tolist() for column in columns))


def frame_rows(dataset: Dataset, source: int, frame: int, qindex: int) -> np.ndarray:
    """Rows of the whole 16×16 nodes of one frame at one qindex, int64 (N,), ascending."""
    rows = frame_nodes(dataset, source, frame, qindex).rows
    return rows[dataset.model_blocks[rows]]


def first_row(dataset: Dataset, rows: Sequence[int], source: int, frame: int, qindex: int) -> int:
    """The first of the chosen rows that lies in a frame, else the frame's first whole 16×16 node.

    Where a source has no such frame, it is the first that has nodes; where that has none at the qindex, at its lowest.
    IndexError if the source has no whole 16×16 node.
    """
    frames = offer(dataset, source, frame).frames
    frame = frame if frame in frames else frames[0]
    qindexes = offer(dataset, source, frame).qindexes
    there = frame_rows(dataset, source, frame, qindex if qindex in qindexes else qindexes[0])
    return int(np.concatenate([there[np.isin(there, rows)], there])[0])


def sides(folder: RunFolder, dataset: Dataset) -> Sides | None:
    """What a run did not train on; None where the dataset or its split has changed since. Errors as `common_split`."""
    split = common_split([folder], dataset)
    if split is None:
        return None
    validates = side_mask(dataset, "val", split)
    return Sides(validates, frozenset(np.unique(dataset.blocks.source[validates]).tolist()))
