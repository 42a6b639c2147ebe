"""What the Compare page compares: stage, experiments or single runs, and which of them. All of it is in the link."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from av1core.analysis.selection import Comparable, best, comparable, newest
from av1core.figures.theme import Look, looks
from av1core.partition import STAGES
from av1core.runs.index import RunIndex
from pages._ui import charts
from pages._ui.kept import Value, kept
from pages._ui.links import link, linked_choice, linked_one
from pages._ui.state import shown_errors
from pages._ui.text import count

AT_FIRST = 6
EXPERIMENTS, RUNS = "Experiments", "Single runs"
PLURAL = {EXPERIMENTS: "experiments", RUNS: "runs"}
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
        """A value that rests on what was chosen and on settings, kept as `kept` does."""
        return kept(self.index, (name, self.stage, self.single, *self.table["experiment"], settings), make)

    @property
    def thing(self) -> str:
        """What one of those chosen is called."""
        return "run" if self.single else "experiment"

    def without(self, found: pd.DataFrame) -> str:
        """A sentence on those that a table of what histories tell has no rows of; empty where it has of all."""
        lacking = len(set(self.table["experiment"]) - set(found["experiment"]))
        return f"Left out: {count(lacking, self.thing)} whose history does not tell it." if lacking else ""


def choice(index: RunIndex, stages: list[str]) -> Chosen:
    """The choices, and what is left out by them. stages: those that have runs."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        stage = linked_one(
            "stage", "Stage", stages, stages[-1], lambda name: STAGES[name].title, control=st.segmented_control,
            forget=("experiment", "run", "baseline"), required=True,
        )  # fmt: skip
        level = st.segmented_control(
            "Compare", [EXPERIMENTS, RUNS], default=EXPERIMENTS, key="level", bind="query-params", required=True,
            help="An experiment is all seeds of one recipe, validated on the same blocks; it is shown as their mean.",
        )  # fmt: skip
    with shown_errors():
        found = kept(index, ("comparable", stage, level), lambda: comparable(index, stage, level == RUNS))
    name = PARAMETER[level]
    keys = linked_choice(
        name, level, list(found.table["experiment"])[::-1], newest(found.table, AT_FIRST),
        lambda key: found.labels.get(key, key), what=PLURAL[level],
        placeholder=f"Choose the {PLURAL[level]} to compare",
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
    most = st.number_input("How many", 1, 20, AT_FIRST, key="compare-most", width=140)
    for title, pick in (("Newest", newest), ("Best", best)):
        st.button(
            title, key=f"compare-{title}", on_click=lambda pick=pick: link(name, pick(table, most)),
            help=f"Choose the {title.lower()} ones, and the pinned baseline.",
        )  # fmt: skip


def _say(found: Comparable, level: str, table: pd.DataFrame, runs: pd.DataFrame) -> None:
    said = f"Showing {len(table):,} of {len(found.table):,} {PLURAL[level]} of {STAGES[found.stage].title}"
    if level == EXPERIMENTS:
        said += f" ({len(runs):,} of {found.total:,} runs)"
    out = {"wait or train": found.live, "did not finish": found.ended, "repeat a seed": found.repeats}
    parts = [f"{count(number, 'run')} that {what}" for what, number in out.items() if number]
    st.caption(said + "." + (f" Left out: {', '.join(parts)}." if parts else ""))
