"""Analyses that take seconds, kept until the dataset or the run that they rest on changes."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from av1core.analysis.comparisons import comparisons
from av1core.analysis.hierarchy import STAND_INS, Evaluation
from av1core.analysis.references import Reference, common_split, trivial_references
from av1core.analysis.statistics import MARGIN
from av1core.analysis.tally import Tally, tally
from av1core.analysis.verdicts import Comparison
from av1core.dataset.record import Split
from av1core.dataset.split import resolve_split
from av1core.errors import LabError, RunError
from av1core.partition import MODEL_SIZE, STAGES
from av1core.runs.folder import RunFolder
from av1core.runs.records import MEASURED
from av1core.translation import Message
from pages._ui.state import changed, dataset, dataset_changed, run_folder

if TYPE_CHECKING:
    from av1core.analysis.evaluation import StageProbabilities


def references(runs: pd.DataFrame, stage: str) -> dict[str, tuple[Reference, ...]]:
    """The trivial references of a stage for what these rows of results validate on.

    None for imported runs, and none where the dataset or its split is no longer what the runs were trained on.
    """
    found = {}
    for (path, validation), rows in runs[runs["origin"] == MEASURED].groupby(["dataset", "validation"]):
        split = common_split([run_folder(run) for run in rows["run"]], dataset(path))
        if split is not None:
            found[validation] = _references(path, dataset_changed(path), split, stage)
    return found


def hierarchy(path: str, choice: str, sources: Mapping[str, str], natural_mix: bool = False) -> Evaluation:
    """The hierarchy of these runs, or what stands in for them, by stage, on a dataset and a spec's choice of split."""
    from av1core.analysis.evaluation import evaluate_hierarchy

    data = dataset_changed(path)
    split = _split(path, data, choice)
    stages = {}
    for stage, source in sources.items():
        folder = None if source in STAND_INS else run_folder(source)
        weights = folder and changed(folder.best_file, folder.predictions_file)
        stages[stage] = _stage(path, data, split, stage, source, weights)
    return evaluate_hierarchy(dataset(path), split, stages, natural_mix)


def tallies(runs: Mapping[str, str]) -> dict[str, Tally | LabError]:
    """The tally of each run's predictions, or why there is none. runs: the dataset's path by run."""
    found: dict[str, Tally | LabError] = {}
    for run, path in runs.items():
        try:
            folder = run_folder(run)
            if not folder.predictions_file.exists():
                raise RunError(f"{run} has no stored predictions.")
            found[run] = _tally(str(folder.path), path, changed(folder.predictions_file), dataset_changed(path))
        except LabError as error:  # not kept: it may be mended
            found[run] = error
    return found


def tallies_of(runs: pd.DataFrame) -> dict[str, Tally | LabError]:
    """`tallies` of rows of results."""
    return tallies(dict(zip(runs["run"], runs["dataset"], strict=True)))


def compared(table: pd.DataFrame, baseline: str, runs: pd.DataFrame, margin: float = MARGIN) -> list[Comparison]:
    """`comparisons` of a table of experiments; runs: rows of results, of these experiments or more."""
    own = runs[runs["experiment"].isin(table["experiment"])]
    return comparisons(table, baseline, own, tallies_of(own), margin)


@st.cache_data(max_entries=4096, show_spinner="Counting predictions…")
def _tally(folder: str, path: str, predictions: tuple, data: tuple) -> Tally:
    return tally(RunFolder(Path(folder)), dataset(path))


@st.cache_data(max_entries=64, show_spinner="Computing the geometry…")
def geometry(name: str, stem: str) -> tuple[pd.DataFrame, list[Message]]:
    """The geometry table of a backbone that is not built, for the blocks of the hierarchy, and what it means."""
    from av1core.analysis.geometry import geometry_note, geometry_table
    from av1core.models.geometry import backbone_geometry

    parts = backbone_geometry(name, stem, MODEL_SIZE)
    return geometry_table(parts), geometry_note(parts, MODEL_SIZE)


@st.cache_data(max_entries=64, show_spinner="Fitting the references…")
def _references(path: str, data: tuple, split: Split, stage: str) -> tuple[Reference, ...]:
    return trivial_references(dataset(path), STAGES[stage], split)


@st.cache_data(max_entries=64, show_spinner=False)
def _split(path: str, data: tuple, choice: str) -> Split:
    return resolve_split(dataset(path), choice)


@st.cache_data(max_entries=32, show_spinner="Evaluating a stage on every validation block…")
def _stage(
    path: str, data: tuple, split: Split, stage: str, source: str, weights: tuple | None
) -> "StageProbabilities":
    from av1core.analysis.evaluation import stage_probabilities

    return stage_probabilities(
        dataset(path), split, STAGES[stage], source if source in STAND_INS else run_folder(source)
    )
