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
from av1core.translation import message
from pages._ui.charts import chart
from pages._ui.links import linked_choice, named_choice
from pages._ui.state import index
from pages._ui.words import plural, tell, words

FACTORS_AT_FIRST = 4


def study_charts(result: StudyResult, finished: pd.DataFrame, margin: float) -> None:
    """A choice of charts. finished: rows of results of every stage."""
    shown = named_choice(tell("Chart"), list(CHARTS), "study-chart")
    CHARTS[shown](result, finished, margin)


def _differences(result: StudyResult, finished: pd.DataFrame, margin: float) -> None:
    drawn = forest(result.comparisons, _labels(result), margin, words())
    chart(drawn, "study-forest", f"{result.study.key}-differences")


def _classes(result: StudyResult, finished: pd.DataFrame, margin: float) -> None:
    table = class_means(class_f1(index(), result.runs, STAGES[result.study.stage].classes))
    drawn = class_dots(table, _looks(result, finished), _labels(result), words())
    chart(drawn, "study-classes", f"{result.study.key}-classes")


def _training(result: StudyResult, finished: pd.DataFrame, margin: float) -> None:
    figure = f1_bands(curves(index(), result.runs), _looks(result, finished), _labels(result), words=words())
    chart(figure, "study-training", f"{result.study.key}-training")


def _main_effects(result: StudyResult, finished: pd.DataFrame, margin: float) -> None:
    table, factors = _sweep(result, finished)
    found = main_effects(table, factors)
    chart(figures.main_effects(found.table, words()), "study-effects", "main-effects")
    if not found.balanced:
        st.caption(
            tell(
                "Unbalanced: not every combination of these factors has as many experiments, so the means at the "
                "levels of one factor also differ by what the others happened to be."
            )
        )


def _parallel(result: StudyResult, finished: pd.DataFrame, margin: float) -> None:
    table, factors = _sweep(result, finished)
    chart(figures.parallel(sweep_rows(table, factors), factors, words()), "study-parallel", "sweep")


CHARTS: dict[str, Callable] = {
    message("Differences"): _differences,
    message("F1 by class"): _classes,
    message("Training"): _training,
    message("Main effects"): _main_effects,
    message("Sweep"): _parallel,
}


def _sweep(result: StudyResult, finished: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """All experiments on the study's blocks, and which of what varied among them is shown."""
    stage = result.study.stage
    table = beside(experiments(finished[finished["stage"] == stage]), stage, result.base.validation)
    known = varied(table)
    factors = linked_choice(
        "by", tell("Factors shown"), list(known), list(known)[:FACTORS_AT_FIRST],
        lambda key: f"{key} ({plural('{count:,} level', '{count:,} levels', known[key])})",
        placeholder=tell("Choose factors"),
    )  # fmt: skip
    st.caption(
        plural(
            "{count:,} experiment of {stage} on the same validation blocks.",
            "{count:,} experiments of {stage} on the same validation blocks.",
            len(table),
            stage=STAGES[stage].title,
        )
    )
    return table, factors


def _labels(result: StudyResult) -> dict[str, str]:
    return {key: tell(name) for key, name in result.labels.items()}


def _looks(result: StudyResult, finished: pd.DataFrame) -> dict:
    of_stage = finished["experiment"][finished["stage"] == result.study.stage]
    return looks(dict.fromkeys(of_stage))
