"""Runs: every run in one table; name, tag, stop, go on with, copy and delete them."""

import pandas as pd
import streamlit as st

from av1core.analysis.run_table import run_table
from av1core.runs.records import LIVE
from pages._ui.access import may_change
from pages._ui.actions import failed_action
from pages._ui.run_changes import several, undo
from pages._ui.run_details import details
from pages._ui.run_grid import chosen_of, looked_for
from pages._ui.run_trash import trash
from pages._ui.state import index, shown_errors
from pages._ui.widgets import no_runs_yet
from pages._ui.words import tell

st.title(tell("Runs"))
may_change()
with shown_errors():
    table = run_table(index())
if table.empty:
    no_runs_yet()
    undo()
    trash()
    st.stop()

chosen = chosen_of(looked_for(table))
failed_action()
undo()
if len(chosen) == 1:
    details(chosen.iloc[0], table)
elif len(chosen):
    several(chosen, table)
else:
    st.caption(tell("Click a run to see and change it, or tick several."))
trash()


def states(runs: pd.DataFrame) -> dict[str, str]:
    return dict(zip(runs["run"], runs["state"], strict=True))


# Runs of other processes appear too, a little later.
@st.fragment(run_every=2.0 if table["state"].isin(LIVE).any() else 10.0)
def follow() -> None:
    """Draw the page anew once there is another run or state."""
    if states(index().runs()) != states(table):
        st.rerun()


follow()
