"""A node's place in words that stay true when a dataset is built anew: source, frame, qindex, row, col and size."""

from typing import NamedTuple

import numpy as np

from av1core.dataset.folder import Dataset


class Place(NamedTuple):
    """source: its name. frame: index into the source's frames. row, col, size: pixels."""

    source: str
    frame: int
    qindex: int
    row: int
    col: int
    size: int


def place_of(dataset: Dataset, row: int) -> Place:
    """The place of a row of the block table."""
    blocks = dataset.blocks
    numbers = (int(getattr(blocks, name)[row]) for name in ("frame", "qindex", "row", "col", "size"))
    return Place(dataset.sources[blocks.source[row]].name, *numbers)


def row_at(dataset: Dataset, place: Place) -> int | None:
    """The row of the block table at a place, or None if no node is there."""
    names = [source.name for source in dataset.sources]
    if place.source not in names:
        return None
    blocks = dataset.blocks
    found = blocks.source == names.index(place.source)
    for name in ("frame", "qindex", "row", "col", "size"):
        found &= getattr(blocks, name) == getattr(place, name)
    rows = np.flatnonzero(found)
    return int(rows[0]) if len(rows) else None
