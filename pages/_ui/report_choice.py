"""What a report is about: the choice of a study or of experiments, and how to gather it when it is asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from av1core.analysis.arms import base_labels, bases
from av1core.analysis.experiments import experiment_labels, experiments
from av1core.analysis.studies import STUDIES
from av1core.partition import STAGES
from pages._ui.links import linked_choice, linked_one
from pages._ui.widgets import baseline_choice, stage_choice
from pages._ui.words import plural, tell, told, words

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
        st.info(tell("No ready-made study has a finished run yet. Report on experiments, or launch a study's runs."))
        st.page_link("ablations.py", label=tell("Ablations"), icon=":material/table_chart:")
        return None
    titles = {key: STUDIES[key].title for key in found}
    left, right = st.columns(2)
    with left:
        key = linked_one("study", tell("Study"), list(found), next(iter(found)), told(titles))
    bases_of, study = found[key], STUDIES[key]
    labels = base_labels(study, bases_of, words())
    place = right.selectbox(
        tell("Base"), range(len(bases_of)), key=f"report-base-{key}", format_func=labels.__getitem__,
        help=tell("What all variants have in common. Runs that differ only in what the study varies share a base."),
    )  # fmt: skip
    base = bases_of[place]
    said = plural(
        "{found} of {arms} variants with {count:,} run.", "{found} of {arms} variants with {count:,} runs.", base.runs,
        found=base.found, arms=len(study.arms),
    )  # fmt: skip
    said = f"{tell(study.question)} {said}"
    of_blocks = finished[(finished["stage"] == study.stage) & (finished["validation"] == base.validation)]
    return Choice(tell(study.title), study.stage, of_blocks, partial(gather_study, index, study, base), said)


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
        "experiment", tell("Experiments"), newest, at_first, labels.get,
        placeholder=tell("Choose the experiments to report on"),
    )  # fmt: skip
    if not keys:
        st.info(tell("Choose at least one above."), icon=":material/info:")
        return None
    table = table[table["experiment"].isin(keys)]
    baseline = baseline_choice(table, "experiment", labels, f"report-baseline-{stage}")
    title = st.text_input(tell("Title"), STAGES[stage].title, max_chars=200, key=f"report-title-{stage}").strip()
    title = title or STAGES[stage].title
    ordered = list(dict.fromkeys([baseline, *table["experiment"]]))
    said = plural(
        "{chosen:,} of {count:,} experiment of {stage}.", "{chosen:,} of {count:,} experiments of {stage}.",
        len(newest), chosen=len(keys), stage=STAGES[stage].title,
    )  # fmt: skip
    runs = runs[runs["experiment"].isin(keys)]
    return Choice(title, stage, runs, lambda margin: gather(index, ordered, title, margin=margin), said)
