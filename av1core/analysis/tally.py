"""A run's validation predictions, counted: confusion matrices by source, frame and qindex, and F1 from them.

All that results by picture or by qindex and bootstraps need, of a size that does not grow with the blocks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from av1core.analysis.confusion import f1_per_class
from av1core.analysis.predictions import load_predictions
from av1core.dataset.folder import Dataset
from av1core.errors import LabError, RunError
from av1core.partition import Stage
from av1core.runs.folder import RunFolder

Unit = Literal["source", "frame"]


@dataclass(frozen=True, eq=False)
class Units:
    """What a bootstrap resamples: G sources, or the frames of the only one. confusion: int64 (G, C, C)."""

    kind: Unit
    names: tuple[str, ...]
    confusion: np.ndarray


@dataclass(frozen=True, eq=False)
class Tally:
    """K confusion matrices of the C classes of a stage at a run's best epoch: one a source, frame and qindex.

    source: (K,) names. frame: int64 (K,). qindex: int64 (K,). confusion: int64 (K, C, C) counts, rows true.
    """

    stage: Stage
    source: np.ndarray
    frame: np.ndarray
    qindex: np.ndarray
    confusion: np.ndarray

    @property
    def total(self) -> np.ndarray:
        """int64 (C, C): of all validation blocks."""
        return self.confusion.sum(0)

    def by_source(self) -> dict[str, np.ndarray]:
        """(C, C) of each source, in the dataset's order."""
        return {name: self.confusion[self.source == name].sum(0) for name in dict.fromkeys(self.source.tolist())}

    def by_qindex(self) -> dict[str, np.ndarray]:
        """(C, C) of each qindex as text, ascending."""
        return {str(value): self.confusion[self.qindex == value].sum(0) for value in np.unique(self.qindex).tolist()}

    def units(self) -> Units:
        """The sources; where there is only one, its frames: blocks of one picture are not independent."""
        sources = self.by_source()
        if len(sources) > 1:
            return Units("source", tuple(sources), np.stack(list(sources.values())))
        frames = np.unique(self.frame).tolist()
        confusion = [self.confusion[self.frame == frame].sum(0) for frame in frames]
        return Units("frame", tuple(map(str, frames)), np.stack(confusion))


def tally(folder: RunFolder, dataset: Dataset) -> Tally:
    """Count a run's stored predictions. RunError as `load_predictions` raises it."""
    found = load_predictions(folder, dataset)
    return counted(found.stage, dataset, found.block, found.label, found.predicted)


def counted(stage: Stage, dataset: Dataset, rows: np.ndarray, labels: np.ndarray, predicted: np.ndarray) -> Tally:
    """Count predictions for rows (N,) of the dataset's block table.

    labels, predicted: integers (N,), class indices of the stage.
    """
    blocks, classes = dataset.blocks, len(stage.classes)
    # One number a place, as unique columns of three would take ten times as long.
    place = blocks.source[rows].astype(np.int64) << 40 | blocks.frame[rows].astype(np.int64) << 8 | blocks.qindex[rows]
    places, cell = np.unique(place, return_inverse=True)
    flat = (cell * classes + labels) * classes + predicted
    counts = np.bincount(flat, minlength=len(places) * classes**2).reshape(-1, classes, classes)
    names = np.array([source.name for source in dataset.sources])
    return Tally(stage, names[places >> 40], places >> 8 & 0xFFFFFFFF, places & 0xFF, counts)


Tallies = Callable[[Mapping[str, str]], Mapping[str, Tally | LabError]]
"""Reads the tallies of runs, the dataset's path by run, as `tallies` does for one folder of runs."""


def tallies(runs_dir: Path, runs: Mapping[str, str]) -> dict[str, Tally | LabError]:
    """The tally of each run, or why there is none. runs: the dataset's path by run; each dataset is opened once."""
    opened: dict[str, Dataset | LabError] = {}
    found: dict[str, Tally | LabError] = {}
    for run, path in runs.items():
        try:
            folder = RunFolder(runs_dir / run)
            if not folder.predictions_file.exists():
                raise RunError(f"{run} has no stored predictions.")
            if path not in opened:
                opened[path] = _opened(path)
            if isinstance(opened[path], LabError):
                raise opened[path]
            found[run] = tally(folder, opened[path])
        except LabError as error:
            found[run] = error
    return found


def _opened(path: str) -> Dataset | LabError:
    try:
        return Dataset.open(path)
    except LabError as error:
        return error


def group_f1(tallies: Sequence[Tally], by: Literal["source", "qindex"]) -> pd.DataFrame:
    """Macro-F1 in % of each source or qindex over the seeds of one experiment: group, blocks, f1, low, high.

    f1 is the mean of the seeds, low and high their range. The mean is over the classes that the group has: a picture
    without one of them would else be given a 0 for it.
    """
    of_seeds = [tally.by_source() if by == "source" else tally.by_qindex() for tally in tallies]
    rows = []
    for group in of_seeds[0]:
        matrices = np.stack([seed[group] for seed in of_seeds])
        present = matrices[0].sum(1) > 0
        f1 = [100 * float(f1_per_class(matrix)[present].mean()) for matrix in matrices]
        rows.append((group, int(matrices[0].sum()), float(np.mean(f1)), min(f1), max(f1)))
    return pd.DataFrame(rows, columns=["group", "blocks", "f1", "low", "high"])


def experiment_confusions(
    runs: pd.DataFrame, tallies: Mapping[str, Tally | LabError]
) -> dict[str, np.ndarray | LabError]:
    """By experiment its confusion matrix of all validation blocks, int64 (C, C), summed over its runs that have one.

    runs: rows of `results`. tallies: by run. Where no run has a tally, why its first one has none.
    """
    return {
        key: sum(tally.total for tally in found) if found else error
        for key, (found, error) in _by_experiment(runs, tallies).items()
    }


def experiment_groups(
    runs: pd.DataFrame, tallies: Mapping[str, Tally | LabError], by: Literal["source", "qindex"]
) -> tuple[pd.DataFrame, dict[str, LabError]]:
    """`group_f1` of each experiment, in a column of that name, and by experiment why others have none."""
    found = _by_experiment(runs, tallies)
    tables = [group_f1(own, by).assign(experiment=key) for key, (own, _) in found.items() if own]
    columns = ["experiment", "group", "blocks", "f1", "low", "high"]
    table = pd.concat(tables)[columns] if tables else pd.DataFrame(columns=columns)
    return table, {key: error for key, (own, error) in found.items() if not own}


def _by_experiment(
    runs: pd.DataFrame, tallies: Mapping[str, Tally | LabError]
) -> dict[str, tuple[list[Tally], LabError | None]]:
    """By experiment the tallies that its runs have, and why the first without has none."""
    result = {}
    for key, own in runs.groupby("experiment", sort=False)["run"]:
        each = [tallies[run] for run in own]
        errors = [tally for tally in each if isinstance(tally, LabError)]
        result[key] = [tally for tally in each if isinstance(tally, Tally)], errors[0] if errors else None
    return result
