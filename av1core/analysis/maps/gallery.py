"""A few blocks at once: what runs decide for each, and one map of it by each run."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from av1core.analysis.maps.choice import targets
from av1core.analysis.maps.methods import MapSpec
from av1core.analysis.maps.subject import Subject
from av1core.analysis.predictions import Predictions
from av1core.dataset.blocks import StageBlocks


@dataclass(frozen=True, eq=False)
class Gallery:
    """N blocks and the maps of one or more runs.

    blocks: their pixels and labels. targets: int64 (N,), the class that a block's maps are evidence for, of every run.
    predictions: of each run, for these blocks in this order. maps: of each run, float32 (N, h, w).
    """

    blocks: StageBlocks
    targets: np.ndarray
    predictions: tuple[Predictions, ...]
    maps: tuple[np.ndarray, ...]


def gallery(
    subjects: Sequence[Subject], predictions: Sequence[Predictions], rows: Sequence[int], spec: MapSpec, target: str
) -> Gallery:
    """Validation blocks by their rows of the dataset's table. RunError if a run has no prediction for one of them.

    subjects, predictions: of each run, in one order; the first run's prediction may be the target. target: as
    `choice.targets` takes it.
    """
    blocks = subjects[0].blocks(rows)
    here = tuple(each.of(blocks.rows) for each in predictions)
    classes = targets(subjects[0].stage, target, blocks.labels, here[0].predicted)
    return Gallery(blocks, classes, here, tuple(subject.maps(spec, blocks, classes) for subject in subjects))
