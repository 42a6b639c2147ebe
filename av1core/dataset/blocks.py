"""From a dataset to what a stage trains on: pixels and class indices of one side of the split."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from av1core.dataset.folder import Dataset
from av1core.dataset.record import Split
from av1core.dataset.split import side_mask
from av1core.errors import DatasetError
from av1core.partition import MODEL_SIZE, OUTSIDE, Stage
from av1core.translation import message

_MOST_READERS = 8
"""Frames held in memory at once while blocks are gathered."""

_SIDES = {"train": message("train"), "val": message("val")}


@dataclass(frozen=True, eq=False)
class StageBlocks:
    """The N blocks of 16×16 pixels that a stage sees on one side, in the order of the dataset's block table.

    rows: int64 (N,), index into that table. pixels: uint16 (N, 16, 16), values 0–1023. labels: int64 (N,),
    class index of the stage. qindex: int16 (N,). source: int16 (N,), index into the dataset's sources.
    """

    rows: np.ndarray
    pixels: np.ndarray
    labels: np.ndarray
    qindex: np.ndarray
    source: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)


def stage_blocks(dataset: Dataset, stage: Stage, side: str, split: Split | None = None) -> StageBlocks:
    """Blocks and labels of a stage on one side, "train" or "val", of the dataset's own split or another.

    DatasetError as `stage_rows` raises it, and for damaged frames.
    """
    rows, labels = stage_rows(dataset, stage, side, split)
    blocks = dataset.blocks
    return StageBlocks(rows, gather_pixels(dataset, rows), labels, blocks.qindex[rows], blocks.source[rows])


def chosen_blocks(dataset: Dataset, stage: Stage, rows: np.ndarray) -> StageBlocks:
    """The 16×16 blocks of the given rows, in their order; labels are OUTSIDE where the stage does not see a block.

    ValueError if one of them is of another size; DatasetError, naming the file, where frames are damaged.
    """
    blocks, rows = dataset.blocks, np.asarray(rows, np.int64)
    labels = stage.labels(blocks.partition[rows]).astype(np.int64)
    return StageBlocks(rows, gather_pixels(dataset, rows), labels, blocks.qindex[rows], blocks.source[rows])


def stage_rows(dataset: Dataset, stage: Stage, side: str, split: Split | None = None) -> tuple[np.ndarray, np.ndarray]:
    """`rows` and `labels` of `stage_blocks`, which needs no pixels for them.

    DatasetError if there is no split, or if the side lacks a class of the stage; it names both.
    """
    labels = np.where(dataset.model_blocks, stage.labels(dataset.blocks.partition), OUTSIDE)
    rows = np.flatnonzero(side_mask(dataset, side, split) & (labels != OUTSIDE))
    labels = labels[rows].astype(np.int64)
    counts = np.bincount(labels, minlength=len(stage.classes))
    if lacking := [name for name, count in zip(stage.classes, counts, strict=True) if not count]:
        what = ", ".join(lacking) if len(rows) else message("any block of {stage}", stage=stage.title)
        raise DatasetError(
            message(
                "The {side} side of the dataset {name} lacks {what}, so {stage} cannot use it; build from more "
                "pictures, at more qindexes or with a lower cpu-used.",
                side=_SIDES[side], name=dataset.name, what=what, stage=stage.title,
            )
        )  # fmt: skip
    return rows, labels


def gather_pixels(dataset: Dataset, rows: np.ndarray, size: int = MODEL_SIZE) -> np.ndarray:
    """Pixels of the given rows of the block table, all of one size: uint16 (len(rows), size, size), values 0–1023.

    Each frame is decoded once, whatever the order of the rows. Beyond the picture's border its last pixels go on.
    ValueError if a row is of another size; DatasetError, naming the file, where frames are damaged.
    """
    blocks, rows = dataset.blocks, np.asarray(rows, np.int64)
    if (blocks.size[rows] != size).any():
        raise ValueError(f"not all of these blocks are {size}×{size}")
    pixels = np.empty((len(rows), size, size), np.uint16)
    source, frame = blocks.source[rows].astype(np.int64), blocks.frame[rows].astype(np.int64)
    places, place_of_row = np.unique(source << 32 | frame, return_inverse=True)
    order = np.argsort(place_of_row, kind="stable")
    starts = np.searchsorted(place_of_row[order], np.arange(len(places) + 1))

    def gather(index: int) -> None:
        here = order[starts[index] : starts[index + 1]]
        place = int(places[index])
        luma = dataset.luma(place >> 32, place & 0xFFFFFFFF)
        luma = np.pad(luma, [(0, -side % size) for side in luma.shape], mode="edge")
        windows = np.lib.stride_tricks.sliding_window_view(luma, (size, size))
        pixels[here] = windows[blocks.row[rows[here]], blocks.col[rows[here]]]

    # Decoding releases Python's lock.
    with ThreadPoolExecutor(min(os.cpu_count() or 1, _MOST_READERS)) as pool:
        list(pool.map(gather, range(len(places))))
    return pixels
