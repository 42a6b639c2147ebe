"""Which run decides each stage on the Hierarchy page, or what stands in for it."""

import pandas as pd
import streamlit as st

from av1core.analysis.hierarchy import STAND_INS
from av1core.partition import STAGES
from pages._ui.links import linked_one
from pages._ui.text import plain
from pages._ui.words import tell, words


def chosen_stages(runs: pd.DataFrame) -> dict[str, str]:
    """A run or a stand-in by stage; the link names each. runs: finished ones, of Stage 1 at least one.

    What was not trained on the dataset and split of the Stage-1 run is not offered. What rests on its backbone comes
    first, of those the pinned run.
    """
    runs = runs.sort_values("baseline", ascending=False, kind="stable")
    seeds = zip(runs["run"], runs["name"], runs["seed"], strict=True)
    labels = {run: tell("{name}, seed {seed} · {run}", name=name, seed=seed, run=run) for run, name, seed in seeds}
    labels |= {source: tell("No run: {what}", what=tell(source)) for source in STAND_INS}
    chosen: dict[str, str] = {}
    for column, name in zip([*st.columns(2), *st.columns(2)], STAGES, strict=True):
        options = list(_fitting(runs, name, chosen.get("stage1"))["run"]) + (list(STAND_INS) if chosen else [])
        with column:
            chosen[name] = linked_one(name, STAGES[name].title, options, options[0], labels.get)
    _remarks(runs, chosen)
    return chosen


def _fitting(runs: pd.DataFrame, stage: str, first: str | None) -> pd.DataFrame:
    """Runs of a stage that go with the Stage-1 run `first`, its own first."""
    fitting = runs[runs["stage"] == stage]
    if first is None:
        return fitting
    beside = runs.set_index("run").loc[first]
    fitting = fitting[(fitting["dataset"] == beside["dataset"]) & (fitting["split"] == beside["split"])]
    return fitting.sort_values("stage1_run", key=lambda run: run != first, kind="stable")


def _remarks(runs: pd.DataFrame, chosen: dict[str, str]) -> None:
    """What to know of the choice."""
    stand_in = [STAGES[name].title for name, source in chosen.items() if source in STAND_INS]
    if stand_in:
        text = tell(
            "No run decides {stages}: what stands in was fitted on the training side.", stages=words().listed(stand_in)
        )
        st.info(text, icon=":material/info:")
    backbones = dict(zip(runs["run"], runs["stage1_run"], strict=True))
    others = [
        STAGES[name].title
        for name, run in chosen.items()
        if name != "stage1" and backbones.get(run, chosen["stage1"]) != chosen["stage1"]
    ]
    if others:
        text = tell(
            "{stages} trained on another Stage-1 run's backbone: right as a figure, but an encoder would have to "
            "compute two backbones.",
            stages=plain(words().listed(others)),
        )
        st.warning(text, icon=":material/warning:")
