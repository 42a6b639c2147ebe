"""The table of the Runs page: what is looked for in it, and which of its rows are chosen."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

import pandas as pd
import streamlit as st

from av1core.analysis.run_table import known_tags, select
from av1core.partition import STAGES
from pages._ui.widgets import STATE_MARKS, state_label

CHOSEN, CELLS = "runs-chosen", "runs-cells"

COLUMNS = {
    "state": st.column_config.TextColumn("State", width=105),
    "name": st.column_config.TextColumn("Name"),
    "stage": st.column_config.TextColumn("Stage"),
    "seed": st.column_config.NumberColumn("Seed", format="%d"),
    "best": st.column_config.NumberColumn(
        "Best val F1 (%)", format="%.2f", help="Validation macro-F1 at the best epoch. One seed establishes nothing."
    ),
    "best_epoch": st.column_config.NumberColumn("Best epoch", format="%d"),
    "epochs": st.column_config.TextColumn("Epochs", help="Finished, of those planned. Early stopping ends a run."),
    "tags": st.column_config.ListColumn("Tags"),
    "pinned": st.column_config.TextColumn("Pinned", help="The baseline of its stage, from which Δ is taken at first."),
    "note": st.column_config.TextColumn("Note", help="Its first line."),
    "created": st.column_config.DatetimeColumn("Created", format="D MMM YYYY, HH:mm:ss"),
    "dataset": st.column_config.TextColumn("Dataset"),
    "run": st.column_config.TextColumn("Run"),
}


def choose(runs: list[str]) -> None:
    """Make these the chosen runs. The link names one of them, and of several none."""
    st.session_state[CHOSEN] = runs
    if len(runs) == 1:
        st.query_params["run"] = runs[0]
    else:
        st.query_params.pop("run", None)


def looked_for(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a run table that the filters above it let through, and how many those are."""
    columns = st.columns([2, 1, 1, 1])
    text = columns[0].text_input(
        "Search", key="runs-text", icon=":material/search:", placeholder="Words in name, tags, note or run",
    )  # fmt: skip
    stages = [name for name in STAGES if (table["stage"] == name).any()]
    stages = columns[1].multiselect(
        "Stage", stages, format_func=lambda name: STAGES[name].title, key="runs-stage", placeholder="Any"
    )
    states = [name for name in STATE_MARKS if (table["state"] == name).any()]
    states = columns[2].multiselect("State", states, format_func=state_label, key="runs-state", placeholder="Any")
    tags = columns[3].multiselect("Tag", known_tags(table), key="runs-tag", placeholder="Any")
    found = select(table, text, stages, states, tags)
    st.caption(f"{len(found):,} of {len(table):,} runs")
    return found


def chosen_of(table: pd.DataFrame) -> pd.DataFrame:
    """Show a run table; its chosen rows. A click on a row chooses it, ticks choose several."""
    linked = st.query_params.get("run")
    wanted = [linked] if linked else st.session_state.get(CHOSEN, [])
    if linked and linked not in set(table["run"]):
        st.caption("The run that the link names is not among these.")
    chosen = table["run"].isin(wanted)
    choose(list(table["run"][chosen]) or wanted)
    # Streamlit knows rows by their place, so a table with other runs, or in another order, is another table.
    key = f"runs-{hash(tuple(table['run']))}"
    rows = [place for place, here in enumerate(chosen) if here]
    before = st.session_state.get(key)
    if before is not None and sorted(before["selection"]["rows"]) != rows:
        st.session_state[key] = _selection(rows, before["selection"]["cells"])
    st.dataframe(
        _shown(table), key=key, hide_index=True, column_config=COLUMNS, placeholder="–", alt="Runs",
        on_select=partial(_take, key, list(table["run"])), selection_mode=["multi-row", "single-cell"],
        selection_default=_selection(rows),
    )  # fmt: skip
    return table[chosen]


def _take(key: str, runs: list[str]) -> None:
    """Take over what was clicked: a cell chooses its run alone, a tick adds a run or takes it out."""
    rows, cells = (st.session_state[key]["selection"][kind] for kind in ("rows", "cells"))
    clicked = [row for row, _ in cells if cells != st.session_state.get(CELLS)]
    if not clicked:
        # So that a click on the same cell is one again.
        cells = []
        st.session_state[key] = _selection(rows)
    st.session_state[CELLS] = cells
    choose([runs[row] for row in clicked or sorted(rows)])


def _selection(rows: Sequence[int], cells: Sequence[tuple[int, str]] = ()) -> dict:
    return {"selection": {"rows": list(rows), "cells": list(cells)}}


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    shown = table.assign(
        state=table["state"].map(state_label),
        stage=table["stage"].map(lambda name: STAGES[name].title if name in STAGES else "–"),
        best=table["val_f1"] * 100,
        epochs=table["epoch"].astype(str) + " of " + table["epochs"].astype(str),
        pinned=table["baseline"].map({True: "baseline", False: ""}),
        note=table["note"].map(lambda note: note.strip().partition("\n")[0]),
        created=table["created"].map(datetime.fromtimestamp, na_action="ignore"),
    )
    return shown[list(COLUMNS)]
