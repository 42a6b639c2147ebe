"""The charts of the Ablations page, of a study's variants and of all that ran on the same blocks; one at a time."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from av1core.analysis.curves import class_f1, class_means, curves
from av1core.analysis.effects import beside, main_effects, sweep_rows, varied
from av1core.analysis.experiments import experiments
from av1core.analysis.study_table import StudyResult
from av1core.figures import effects as figures
from av1core.figures.bands import f1_bands
from av1core.figures.classes import class_dots
from av1core.figures.forest import forest
from av1core.figures.theme import looks
from av1core.partition import STAGES
from pages._ui.charts import chart
from pages._ui.links import linked_choice
from pages._ui.state import index
from pages._ui.text import count

FACTORS_AT_FIRST = 4


def study_charts(result: StudyResult, finished: pd.DataFrame, margin: float) -> None:
    """A choice of charts. finished: rows of results of every stage."""
    shown = st.segmented_control(
        "Chart", list(CHARTS), default=next(iter(CHARTS)), key="study-chart", bind="query-params", required=True
    )
    CHARTS[shown](result, finished, margin)


def _differences(result: StudyResult, finished: pd.DataFrame, margin: float) -> None:
    chart(forest(result.comparisons, result.labels, margin), "study-forest", f"{result.study.key}-differences")


def _classes(result: StudyResult, finished: pd.DataFrame, margin: float) -> None:
    table = class_means(class_f1(index(), result.runs, STAGES[result.study.stage].classes))
    chart(class_dots(table, _looks(result, finished), result.labels), "study-classes", f"{result.study.key}-classes")


def _training(result: StudyResult, finished: pd.DataFrame, margin: float) -> None:
    figure = f1_bands(curves(index(), result.runs), _looks(result, finished), result.labels)
    chart(figure, "study-training", f"{result.study.key}-training")


def _main_effects(result: StudyResult, finished: pd.DataFrame, margin: float) -> None:
    table, factors = _sweep(result, finished)
    found = main_effects(table, factors)
    chart(figures.main_effects(found.table), "study-effects", "main-effects")
    if not found.balanced:
        st.caption(
            "Unbalanced: not every combination of these factors has as many experiments, so the means at the levels of "
            "one factor also differ by what the others happened to be."
        )


def _parallel(result: StudyResult, finished: pd.DataFrame, margin: float) -> None:
    table, factors = _sweep(result, finished)
    chart(figures.parallel(sweep_rows(table, factors), factors), "study-parallel", "sweep")


CHARTS: dict[str, Callable] = {
    "Differences": _differences,
    "F1 by class": _classes,
    "Training": _training,
    "Main effects": _main_effects,
    "Sweep": _parallel,
}


def _sweep(result: StudyResult, finished: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """All experiments on the study's blocks, and which of what varied among them is shown."""
    stage = result.study.stage
    table = beside(experiments(finished[finished["stage"] == stage]), stage, result.base.validation)
    known = varied(table)
    factors = linked_choice(
        "by", "Factors shown", list(known), list(known)[:FACTORS_AT_FIRST],
        lambda key: f"{key} ({count(known[key], 'level')})", what="factors", placeholder="Choose factors",
    )  # fmt: skip
    st.caption(f"{count(len(table), 'experiment')} of {STAGES[stage].title} on the same validation blocks.")
    return table, factors


def _looks(result: StudyResult, finished: pd.DataFrame) -> dict:
    of_stage = finished["experiment"][finished["stage"] == result.study.stage]
    return looks(dict.fromkeys(of_stage))
