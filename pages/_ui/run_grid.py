"""The table of the Runs page: what is looked for in it, and which of its rows are chosen."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from av1core.analysis.run_table import known_tags, select
from av1core.partition import STAGES
from av1core.translation import MISSING, message
from pages._ui.charts import column, in_language
from pages._ui.widgets import STATE_MARKS, state_label
from pages._ui.words import plural, tell, words

CHOSEN, CELLS = "runs-chosen", "runs-cells"

MOMENT = "YYYY-MM-DD HH:mm:ss"
"""How tables write a time: alike in every language."""

NUMBERS = {"seed": "d", "best": ".2f", "best_epoch": "d"}
"""Python's formats of the numbers."""


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
        tell("Search"), key="runs-text", icon=":material/search:",
        placeholder=tell("Words in name, tags, note or run"),
    )  # fmt: skip
    anything = tell("Any")
    stages = [name for name in STAGES if (table["stage"] == name).any()]
    stages = columns[1].multiselect(
        tell("Stage"), stages, format_func=lambda name: STAGES[name].title, key="runs-stage", placeholder=anything
    )
    states = [name for name in STATE_MARKS if (table["state"] == name).any()]
    states = columns[2].multiselect(
        tell("State"), states, format_func=state_label, key="runs-state", placeholder=anything
    )
    tags = columns[3].multiselect(tell("Tag"), known_tags(table), key="runs-tag", placeholder=anything)
    found = select(table, text, stages, states, tags)
    st.caption(plural("{found:,} of {count:,} run", "{found:,} of {count:,} runs", len(table), found=len(found)))
    return found


def chosen_of(table: pd.DataFrame) -> pd.DataFrame:
    """Show a run table; its chosen rows. A click on a row chooses it, ticks choose several."""
    linked = st.query_params.get("run")
    wanted = [linked] if linked else st.session_state.get(CHOSEN, [])
    if linked and linked not in set(table["run"]):
        st.caption(tell("The run that the link names is not among these."))
    chosen = table["run"].isin(wanted)
    choose(list(table["run"][chosen]) or wanted)
    # Streamlit knows rows by their place, so a table with other runs, or in another order, is another table.
    key = f"runs-{hash(tuple(table['run']))}"
    rows = [place for place, here in enumerate(chosen) if here]
    before = st.session_state.get(key)
    if before is not None and sorted(before["selection"]["rows"]) != rows:
        st.session_state[key] = _selection(rows, before["selection"]["cells"])
    st.dataframe(
        in_language(_shown(table), NUMBERS), key=key, hide_index=True, column_config=_columns(), placeholder=MISSING,
        alt=tell("Runs"),
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
    says = words()
    states = {state: state_label(state) for state in table["state"].unique()}
    shown = table.assign(
        state=table["state"].map(states),
        stage=table["stage"].map(lambda name: STAGES[name].title if name in STAGES else MISSING),
        best=(table["val_f1"] * 100).round(2),
        epochs=[
            says.tell("{epoch:,} of {epochs:,}", epoch=epoch, epochs=epochs)
            for epoch, epochs in zip(table["epoch"], table["epochs"], strict=True)
        ],
        pinned=table["baseline"].map({True: says.tell("baseline"), False: ""}),
        note=table["note"].map(lambda note: note.strip().partition("\n")[0]),
        created=table["created"].map(datetime.fromtimestamp, na_action="ignore"),
    )
    return shown[list(_columns())]


def _columns() -> dict[str, Any]:
    config = st.column_config
    return {
        "state": config.TextColumn(tell("State"), width=115),
        "name": config.TextColumn(tell("Name")),
        "stage": config.TextColumn(tell("Stage")),
        "seed": column("seed", message("Seed"), NUMBERS["seed"]),
        "best": column("val_f1", message("Best val F1 (%)"), NUMBERS["best"]),
        "best_epoch": column("best_epoch", message("Best epoch"), NUMBERS["best_epoch"]),
        "epochs": config.TextColumn(
            tell("Epochs"), help=tell("Finished, of those planned. Early stopping ends a run sooner.")
        ),
        "tags": config.ListColumn(tell("Tags")),
        "pinned": config.TextColumn(
            tell("Pinned"), help=tell("The baseline of its stage, from which Δ is taken at first.")
        ),
        "note": config.TextColumn(tell("Note"), help=tell("Its first line.")),
        "created": config.DatetimeColumn(tell("Created"), format=MOMENT),
        "dataset": config.TextColumn(tell("Dataset")),
        "run": config.TextColumn(tell("Run")),
    }
