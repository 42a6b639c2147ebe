"""What a report is about: the choice of a study or of experiments, and how to gather it when it is asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from av1core.analysis.arms import bases
from av1core.analysis.experiments import experiment_labels, experiments
from av1core.analysis.studies import STUDIES
from av1core.partition import STAGES
from pages._ui.links import linked_choice, linked_one
from pages._ui.text import count, plain
from pages._ui.widgets import baseline_choice, stage_choice

if TYPE_CHECKING:
    from av1core.report.gather import Gathered
    from av1core.runs.index import RunIndex

MOST = 12
"""Experiments that are chosen at first: the newest, and a pinned baseline."""


@dataclass(frozen=True, eq=False)
class Choice:
    """A report's subject. runs: rows of results; gather: gathers it with a margin in pp; said: it in Markdown."""

    title: str
    stage: str
    runs: pd.DataFrame
    gather: Callable[[float], "Gathered"]
    said: str


def chosen_study(index: "RunIndex", finished: pd.DataFrame) -> Choice | None:
    """A ready-made study that has runs, and the base to read it on. None if there is none, which the page then says."""
    from av1core.report.gather import gather_study

    found = {key: bases(study, finished) for key, study in STUDIES.items()}
    found = {key: bases_of for key, bases_of in found.items() if bases_of}
    if not found:
        st.info("No ready-made study has a finished run yet. Report on experiments, or launch a study's runs.")
        st.page_link("ablations.py", label="Ablations", icon=":material/table_chart:")
        return None
    left, right = st.columns(2)
    with left:
        key = linked_one("study", "Study", list(found), next(iter(found)), lambda key: STUDIES[key].title)
    bases_of, study = found[key], STUDIES[key]
    place = right.selectbox(
        "Base", range(len(bases_of)), key=f"report-base-{key}",
        format_func=lambda place: f"{bases_of[place].spec.name}: {count(bases_of[place].found, 'arm')}, "
        f"{count(bases_of[place].runs, 'run')}",
        help="What the study's arms have in common. Runs that differ only in what the study varies share a base.",
    )  # fmt: skip
    base = bases_of[place]
    said = f"{plain(study.question)} {base.found} of {count(len(study.arms), 'arm')} with {count(base.runs, 'run')}."
    of_blocks = finished[(finished["stage"] == study.stage) & (finished["validation"] == base.validation)]
    return Choice(study.title, study.stage, of_blocks, partial(gather_study, index, study, base), said)


def chosen_experiments(index: "RunIndex", finished: pd.DataFrame) -> Choice | None:
    """Experiments of one stage, and which of them is the baseline. None where none is chosen, which the page says."""
    from av1core.report.gather import gather

    stage = stage_choice([name for name in STAGES if (finished["stage"] == name).any()], "report-stage")
    runs = finished[finished["stage"] == stage]
    table = experiments(runs)
    labels, newest = experiment_labels(table), list(table["experiment"])[::-1]
    pinned = set(table["experiment"][table["baseline"]])
    at_first = [key for place, key in enumerate(newest) if place < MOST or key in pinned]
    keys = linked_choice(
        "experiment", "Experiments", newest, at_first, labels.get,
        placeholder="Choose the experiments to report on",
    )  # fmt: skip
    if not keys:
        st.info("Choose at least one experiment above.", icon=":material/info:")
        return None
    table = table[table["experiment"].isin(keys)]
    baseline = baseline_choice(table, "experiment", labels, f"report-baseline-{stage}")
    title = st.text_input("Title", STAGES[stage].title, max_chars=200, key=f"report-title-{stage}").strip()
    title = title or STAGES[stage].title
    ordered = list(dict.fromkeys([baseline, *table["experiment"]]))
    said = f"{len(keys)} of {count(len(newest), 'experiment')} of {STAGES[stage].title}."
    runs = runs[runs["experiment"].isin(keys)]
    return Choice(title, stage, runs, lambda margin: gather(index, ordered, title, margin=margin), said)
