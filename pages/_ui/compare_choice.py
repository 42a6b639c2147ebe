"""What the Compare page compares: stage, experiments or single runs, and which of them. All of it is in the link."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from av1core.analysis.selection import Comparable, best, comparable, experiments_by_stage, newest
from av1core.figures.theme import Look, looks
from av1core.partition import STAGES
from av1core.runs.index import RunIndex
from av1core.translation import message
from pages._ui import charts
from pages._ui.kept import Value, kept
from pages._ui.links import link, linked_choice, linked_one, named_choice
from pages._ui.state import shown_errors
from pages._ui.words import plural, tell, words

AT_FIRST = 6
EXPERIMENTS, RUNS = message("Experiments"), message("Single runs")
PARAMETER = {EXPERIMENTS: "experiment", RUNS: "run"}


@dataclass(frozen=True, eq=False)
class Chosen:
    """What was chosen of a stage. table: rows of experiments; runs: rows of results, theirs; rest: those of the others.

    labels, looks: by experiment. single: whether each experiment is one run.
    """

    index: RunIndex
    stage: str
    single: bool
    table: pd.DataFrame
    runs: pd.DataFrame
    rest: pd.DataFrame
    labels: dict[str, str]
    looks: dict[str, Look]

    def kept(self, name: str, *settings: Hashable, make: Callable[[], Value]) -> Value:
        """A value that rests on what was chosen, on settings and on the language, kept as `kept` does."""
        grounds = name, words().language, self.stage, self.single, *self.table["experiment"], settings
        return kept(self.index, grounds, make)

    def count(self, number: int) -> str:
        """Such as "3 experiments"."""
        if self.single:
            return plural("{count:,} run", "{count:,} runs", number)
        return plural("{count:,} experiment", "{count:,} experiments", number)

    def without(self, found: pd.DataFrame) -> str:
        """A sentence on those that a table of what histories tell has no rows of; empty where it has of all."""
        lacking = len(set(self.table["experiment"]) - set(found["experiment"]))
        return tell("Left out: {things} whose history does not tell it.", things=self.count(lacking)) if lacking else ""


def choice(index: RunIndex, stages: list[str]) -> Chosen:
    """The choices, and what is left out by them. stages: those that have runs."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        stage = linked_one(
            "stage", tell("Stage"), stages, _most_tried(index, stages), lambda name: STAGES[name].title,
            control=st.segmented_control, forget=("experiment", "run", "baseline"), required=True,
        )  # fmt: skip
        level = named_choice(
            tell("Compare"), [EXPERIMENTS, RUNS], "level",
            help=tell(
                "An experiment is all seeds of one recipe, validated on the same blocks; it is shown as their mean."
            ),
        )  # fmt: skip
    with shown_errors():
        found = kept(index, ("comparable", stage, level), lambda: comparable(index, stage, level == RUNS))
    name = PARAMETER[level]
    keys = linked_choice(
        name, tell(level), list(found.table["experiment"])[::-1], newest(found.table, AT_FIRST),
        lambda key: found.labels.get(key, key), placeholder=tell("Choose what to compare"),
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _picks(name, found.table)
        charts.picture_format()
    table, runs = found.chosen(keys)
    _say(found, level, table, runs)
    rest = found.runs[~found.runs["experiment"].isin(keys)]
    return Chosen(index, stage, level == RUNS, table, runs, rest, found.labels, looks(found.keys))


def _picks(name: str, table: pd.DataFrame) -> None:
    """Buttons that choose the newest or the best."""
    if len(table) <= 1:
        return
    most = st.number_input(tell("How many"), 1, 20, AT_FIRST, key="compare-most", width=140)
    for title, pick, about in (
        (message("Newest"), newest, message("Choose the newest ones, and the pinned baseline.")),
        (message("Best"), best, message("Choose the best ones, and the pinned baseline.")),
    ):
        st.button(
            tell(title), key=f"compare-{title}", on_click=lambda pick=pick: link(name, pick(table, most)),
            help=tell(about),
        )  # fmt: skip


def _say(found: Comparable, level: str, table: pd.DataFrame, runs: pd.DataFrame) -> None:
    numbers = {"shown": len(table), "all": len(found.table), "stage": STAGES[found.stage].title}
    if level == EXPERIMENTS:
        said = tell(
            "Showing {shown:,} of {all:,} experiments of {stage} ({runs:,} of {total:,} runs).",
            **numbers, runs=len(runs), total=found.total,
        )  # fmt: skip
    else:
        said = tell("Showing {shown:,} of {all:,} runs of {stage}.", **numbers)
    out = [
        plural("{count:,} run that waits or trains", "{count:,} runs that wait or train", found.live),
        plural("{count:,} run that did not finish", "{count:,} runs that did not finish", found.ended),
        plural("{count:,} run that repeats a seed", "{count:,} runs that repeat a seed", found.repeats),
    ]
    parts = [part for part, number in zip(out, (found.live, found.ended, found.repeats), strict=True) if number]
    st.caption(said + (f" {tell('Left out: {parts}.', parts=words().listed(parts))}" if parts else ""))


def _most_tried(index: RunIndex, stages: list[str]) -> str:
    """The stage of which there are most experiments; of equals the last."""
    counts = kept(index, ("experiments by stage",), lambda: experiments_by_stage(index))
    return max(reversed(stages), key=lambda stage: counts.get(stage, 0))
