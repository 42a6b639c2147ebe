"""Pieces that several pages show alike."""

import pandas as pd
import streamlit as st

from av1core.analysis.references import Reference
from av1core.dataset.folder import Dataset
from av1core.partition import STAGES
from av1core.translation import message
from pages._ui.analyses import references
from pages._ui.state import shown_errors
from pages._ui.text import plain
from pages._ui.words import tell

STATE_MARKS = {
    "queued": message("⏳ queued"),
    "running": message("▶ running"),
    "finished": message("✓ finished"),
    "failed": message("✕ failed"),
    "cancelled": message("■ cancelled"),
    "paused": message("‖ paused"),
    "interrupted": message("⚡ interrupted"),
    "damaged": message("⚠ damaged"),
}


_SPLITS = {
    "source": message("split by source"),
    "frame": message("split by frame"),
    "block": message("split by block"),
    "list": message("split by a list of sources"),
    "none": message("no split"),
}


def state_label(state: str) -> str:
    """A run's state with a mark that needs no colour."""
    return tell(STATE_MARKS.get(state, state))


def run_label(row) -> str:
    """What a run is called, in Markdown: its name, and its seed or, of a run without one, where it comes from."""
    if pd.isna(row.seed):
        return f"**{plain(row.name)}** · {tell(row.origin)}"
    return tell("**{name}** · seed {seed}", name=plain(row.name), seed=int(row.seed))


def run_link(run: str, label: str, icon: str | None = None) -> None:
    """A link to the details of a run by ID."""
    st.page_link("runs.py", label=label, icon=icon, query_params={"run": run})


def split_label(data: Dataset) -> str:
    """A dataset's split in a few words."""
    return tell(_SPLITS[data.split.method])


def no_runs_yet(what: str = message("Nothing has been trained yet.")) -> None:
    """The empty state: what to do next, with a link to it."""
    first = tell("Start with Stage 1: it trains the backbone that every later stage freezes.")
    st.info(f"{tell(what)} {first}", icon=":material/info:")
    st.page_link("launch.py", label=tell("Launch a run"), icon=":material/rocket_launch:")


def stage_choice(stages: list[str], key: str) -> str:
    """A choice among the stages that have runs."""
    return st.segmented_control(
        tell("Stage"), stages, default=stages[-1], format_func=lambda stage: STAGES[stage].title, key=key, required=True
    )


def baseline_choice(table: pd.DataFrame, column: str, labels: dict[str, str], key: str) -> str | None:
    """Which row the Δ column compares with: at first the pinned baseline, else one named Baseline, else the first."""
    options = list(table[column])
    pinned, named = table["baseline"].tolist(), (table["name"] == "Baseline").tolist()
    start = next((marks.index(True) for marks in (pinned, named) if any(marks)), 0 if options else None)
    return st.selectbox(
        tell("Baseline"), options, index=start, format_func=lambda option: labels[option], key=key,
        help=tell("Δ is val macro-F1 minus the baseline's, in percentage points, within one stage, dataset and split."),
    )  # fmt: skip


def references_choice(runs: pd.DataFrame, stage: str, key: str) -> dict[str, tuple[Reference, ...]]:
    """The trivial references beside these rows of results, by what they validate on, if they are asked for.

    Off at first, because fitting them takes seconds for each dataset and split.
    """
    asked = st.toggle(
        tell("Show trivial references"), key=key,
        help=tell(
            "Majority class, and logistic regressions on qindex, on block statistics and on both, fitted on the "
            "training side and scored on the validation blocks of the runs. Off at first because fitting them takes "
            "some seconds for each dataset and split; then they are kept."
        ),
    )  # fmt: skip
    found = {}
    with shown_errors(stop=False):
        found = references(runs, stage) if asked else {}
        if asked and not found:
            st.caption(tell("There are none: the dataset or its split is not what the runs were trained on."))
    return found
