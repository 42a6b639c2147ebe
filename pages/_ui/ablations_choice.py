"""What the Ablations page shows: a study, ready-made or of chosen factors, and the base that it is read on."""

from pathlib import Path

import pandas as pd
import streamlit as st

from av1core import settings
from av1core.analysis.arms import Base, base_labels, bases, preset_base
from av1core.analysis.experiments import experiment_labels, experiments
from av1core.analysis.results import stage1_choices
from av1core.analysis.studies import CUSTOM, STUDIES, Study, custom, factors
from av1core.partition import STAGES
from av1core.runs.records import MEASURED
from av1core.runs.speed import parsed
from av1core.training.sweep import parse_seeds
from pages._ui.links import linked_choice, linked_one
from pages._ui.state import shown_errors
from pages._ui.words import plural, tell, words

NEW = "new"


def study_choice(runs: pd.DataFrame, finished: pd.DataFrame) -> tuple[Study, Base] | None:
    """The chosen study and base; None where there is none yet, which the page then says.

    runs: those of the index; finished: rows of results.
    """
    key = linked_one(
        "study", tell("Study"), [*STUDIES, CUSTOM], next(iter(STUDIES)),
        lambda key: tell("A baseline and factors of your choice") if key == CUSTOM else _title(STUDIES[key]),
        forget=("base", "by"),
    )  # fmt: skip
    return _custom(finished) if key == CUSTOM else _ready_made(STUDIES[key], runs, finished)


def seeds_choice() -> tuple[int, ...]:
    """The seeds that each arm should have; a text that names none is said, and ends this run of the page."""
    text = st.text_input(
        tell("Seeds wanted"), "0-5", key="seeds", bind="query-params",
        help=tell("0-5 is six seeds, 0,3,7 is three. Six are the least with which the test can reach p ≤ 0.05."),
    )  # fmt: skip
    with shown_errors():
        return parse_seeds(text)


def _title(study: Study) -> str:
    return plural(
        "{title} ({stage}, {count} variant)", "{title} ({stage}, {count} variants)", len(study.arms),
        title=tell(study.title), stage=STAGES[study.stage].title,
    )  # fmt: skip


def _ready_made(study: Study, runs: pd.DataFrame, finished: pd.DataFrame) -> tuple[Study, Base] | None:
    st.markdown(f"**{tell(study.question)}** {STAGES[study.stage].title}.")
    base = _base(study, runs, finished)
    return None if base is None else (study, base)


def _base(study: Study, runs: pd.DataFrame, finished: pd.DataFrame) -> Base | None:
    found = {base.key: base for base in bases(study, finished)}
    labels = dict(zip(found, base_labels(study, list(found.values()), words()), strict=True))
    if not found:
        st.info(tell("This study has not been tried yet. Choose what to try it on."), icon=":material/science:")
        return _new_base(study, runs)
    chosen = linked_one(
        "base", tell("Base"), [*found, NEW], next(iter(found)),
        lambda key: labels.get(key) or tell("Other data or another Stage 1"),
        help=tell("What all variants have in common. Runs that differ only in what the study varies share a base."),
    )  # fmt: skip
    return found[chosen] if chosen in found else _new_base(study, runs)


def _new_base(study: Study, runs: pd.DataFrame) -> Base | None:
    """The thesis's settings on a chosen dataset and Stage-1 run."""
    stage1, datasets = stage1_choices(runs), list(map(str, settings.find_datasets()))
    if not stage1 or not datasets:
        st.warning(
            tell("Its runs freeze the backbone of a finished Stage-1 run, and there is none yet. Launch Stage 1 first.")
            if datasets
            else tell("There is no dataset yet."),
            icon=":material/account_tree:",
        )
        return None
    left, right = st.columns(2)
    dataset = left.selectbox(tell("Dataset"), datasets, format_func=lambda path: Path(path).name, key="study-dataset")
    run = right.selectbox(tell("Stage-1 run"), list(stage1), format_func=stage1.get, key="study-stage1")
    st.caption(
        tell(
            "All else is as in the thesis. For other settings launch a run of the baseline with them: it is a base "
            "then."
        )
    )
    return preset_base(study.stage, dataset, run)


def _custom(finished: pd.DataFrame) -> tuple[Study, Base] | None:
    table = experiments(finished[finished["origin"] == MEASURED])
    if table.empty:
        st.info(tell("There is no experiment yet to compare others with."), icon=":material/info:")
        return None
    labels = experiment_labels(table)
    stages = dict(zip(table["experiment"], table["stage"], strict=True))
    newest = list(table["experiment"])[::-1]
    key = linked_one(
        "baseline", tell("Baseline"), newest, newest[0], lambda key: f"{labels[key]} · {STAGES[stages[key]].title}"
    )
    baseline = table.set_index("experiment", drop=False).loc[key]
    varied = factors(table, baseline)
    most = sorted(varied, key=varied.get, reverse=True)
    chosen = linked_choice(
        "factors", tell("Factors"), most, most[:1],
        lambda key: f"{key} ({plural('{count:,} experiment', '{count:,} experiments', varied[key])})",
        placeholder=tell("Choose what may differ"),
        help=tell(
            "Every experiment on the same blocks that differs from the baseline in these settings at most is a "
            "variant. The number is that of experiments in which a setting differs."
        ),
    )  # fmt: skip
    study = custom(table, baseline, chosen)
    return study, Base(
        parsed(baseline["spec"]), baseline["validation"], 1 + len(study.variants), int(baseline["seeds"])
    )
