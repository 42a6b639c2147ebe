"""Finished runs whose history and stored predictions agree, without any training."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from av1core.analysis.confusion import confusion_matrix, f1_per_class
from av1core.analysis.results import results
from av1core.dataset.blocks import stage_rows
from av1core.dataset.folder import Dataset
from av1core.dataset.split import list_split, write_split
from av1core.partition import STAGES
from av1core.runs.folder import RunFolder
from av1core.runs.index import RunIndex
from av1core.runs.predictions_file import write_predictions
from av1core.runs.provenance import rows_digest
from benchmarks.made_up import PROVENANCE
from tests.runs.test_index import make_run
from tests.synthetic import make_dataset

STAGE = STAGES["stage2"]


def several_pictures(folder: Path, **sizes: Any) -> Dataset:
    """A dataset of six pictures of which the last three validate."""
    dataset = make_dataset(folder, sources=6, side=6, **sizes)
    return write_split(
        dataset, list_split([source.name for source in dataset.sources], ["picture-3", "picture-4", "picture-5"])
    )


def read(runs_dir: Path) -> pd.DataFrame:
    """The rows of results of a runs folder as it is now."""
    index = RunIndex(runs_dir)
    index.refresh()
    return results(index)


def predicted_run(runs_dir: Path, dataset: Dataset, right: float = 0.6, draw: int = 0, **values: Any) -> RunFolder:
    """A Stage-2 run of three epochs, the second the best, that is right on about this share of the validation blocks.

    draw: of which blocks. values: of its spec.
    """
    random = np.random.default_rng(draw)
    rows, labels = stage_rows(dataset, STAGE, "val")
    scores = random.random((len(rows), len(STAGE.classes)), np.float32)
    known = random.random(len(rows)) < right
    scores[known, labels[known]] += 2
    probabilities = scores / scores.sum(1, keepdims=True)
    val_f1 = f1_per_class(confusion_matrix(labels, probabilities.argmax(1), len(STAGE.classes))).mean()
    spec = {"stage": "stage2", "stage1_run": "s1", "dataset": str(dataset.path)} | values
    folder = make_run(runs_dir, [val_f1 / 2, float(val_f1), val_f1 / 3], **spec)
    write_predictions(folder, dataset.fingerprint, rows, labels, probabilities)
    record = replace(
        PROVENANCE, dataset_name=dataset.name, dataset_fingerprint=dataset.fingerprint, val_blocks=len(rows),
        split=dataset.split.method, val_sources=dataset.split.val, validation=rows_digest(rows),
    )  # fmt: skip
    folder.write_provenance(record)
    return folder
