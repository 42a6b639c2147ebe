"""What runs and what finished last, on the Overview. The part is as high whatever happens, so that nothing jumps."""

import pandas as pd
import streamlit as st

from av1core.runs.progress import ended_last, fraction_done
from pages._ui.state import index
from pages._ui.text import moment, percent, plain
from pages._ui.widgets import run_label, run_link, state_label
from pages._ui.words import plural, tell

SHOWN, ENDED_SHOWN = 2, 3
HEIGHT = 220


def happening() -> None:
    """Progress of the first runs that train, how many others there are, and the last that ended."""
    runs = index().runs()
    running = runs[runs["state"] == "running"].iloc[::-1]
    waiting = int((runs["state"] == "queued").sum())
    st.header(tell("Now and last"), anchor=False)
    with st.container(height=HEIGHT, border=False):
        for row in running.head(SHOWN).itertuples():
            done = tell("Epoch {epoch} of {epochs}", epoch=min(row.epoch + 1, row.epochs), epochs=row.epochs)
            st.progress(fraction_done(row), f"{run_label(row)} · {done}")
        said = []
        if len(running) > SHOWN:
            said.append(plural("{count:,} more trains", "{count:,} more train", len(running) - SHOWN))
        if waiting:
            said.append(plural("{count:,} waits", "{count:,} wait", waiting))
        if said:
            st.caption(" · ".join(said))
        elif running.empty:
            st.caption(tell("Nothing is training."))
        for row in ended_last(runs).head(ENDED_SHOWN).itertuples():
            _ended(row)


def _ended(row) -> None:
    facts = [run_label(row), state_label(row.state), moment(row.ended)]
    if row.state == "finished" and not pd.isna(row.reevaluated_val_f1):
        facts.append(f"F1 {percent(row.reevaluated_val_f1)}")
    elif row.message:
        facts.append(plain(row.message))
    run_link(row.run, " · ".join(facts), icon=":material/arrow_forward:")
