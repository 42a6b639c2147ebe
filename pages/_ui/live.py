"""The live part of the Launch page: what trains, what waits, and what ended, from the run folders."""

import pandas as pd
import streamlit as st

from av1core.runs.progress import fraction_done, seconds_left
from av1core.runs.records import LIVE, MEASURED, RESUMABLE
from av1core.training.spec import RunSpec
from pages._ui.state import index, launcher, shown_errors
from pages._ui.text import count, duration, moment, percent, plain
from pages._ui.widgets import state_label

ENDED_SHOWN = 8


def live_runs() -> None:
    """Progress of every live run with a cancel button, then the runs that ended last."""
    current = index()
    runs = current.runs()
    live = runs[runs["state"].isin(LIVE)].iloc[::-1]
    ended = runs[~runs["state"].isin(LIVE) & (runs["origin"] == MEASURED)]
    st.subheader("Now")
    if live.empty:
        st.caption("Nothing is training. A launched run appears here.")
        if st.session_state.pop("was_live", False):
            st.rerun()
    else:
        st.session_state["was_live"] = True
    epochs = current.epochs(list(live["run"]))
    for row in live.itertuples():
        _live_run(row, epochs[epochs["run"] == row.run])
    if not ended.empty:
        st.subheader("Ended")
        for row in ended.head(ENDED_SHOWN).itertuples():
            _ended_run(row)
        if len(ended) > ENDED_SHOWN:
            st.caption(f"Showing {ENDED_SHOWN} of {len(ended):,} ended runs.")


def _live_run(row, epochs: pd.DataFrame) -> None:
    with st.container(border=True):
        title, button = st.columns([5, 1], vertical_alignment="center")
        title.markdown(f"**{plain(row.name)}** · seed {row.seed} · {state_label(row.state)}")
        if button.button("Cancel", key=f"cancel-{row.run}", icon=":material/stop:"):
            with shown_errors():
                launcher().cancel(row.run)
        if row.state == "queued":
            st.caption("Waits for the device.")
            return
        spec = RunSpec.model_validate_json(row.spec)
        seconds = epochs["seconds"].mean() if len(epochs) else None
        left = duration(seconds_left(row, seconds, spec.batch_size))
        step = f" · batch {row.step} of {row.steps}" if row.step else ""
        rate = "–" if pd.isna(row.samples_per_second) else f"{row.samples_per_second:,.0f} blocks/s"
        st.progress(
            fraction_done(row),
            f"Epoch {min(row.epoch + 1, row.epochs)} of {row.epochs}{step} · {rate} · at most {left} left",
        )
        _last_epoch(epochs)


def _last_epoch(epochs: pd.DataFrame) -> None:
    if epochs.empty:
        st.caption("Loss and F1 appear after the first epoch.")
        return
    last, before = epochs.iloc[-1], epochs.iloc[-2] if len(epochs) > 1 else None
    shown = {
        "Train loss": ("train_loss", "{:.4f}", 1.0, "inverse"),
        "Val loss": ("val_loss", "{:.4f}", 1.0, "inverse"),
        "Train F1 (like for like)": ("train_f1_clean", "{:.2f} %", 100.0, "normal"),
        "Val F1": ("val_f1", "{:.2f} %", 100.0, "normal"),
    }
    for column, (title, (name, form, scale, sense)) in zip(st.columns(4), shown.items(), strict=True):
        change = None if before is None or last[name] == before[name] else f"{(last[name] - before[name]) * scale:+.4g}"
        column.metric(title, form.format(last[name] * scale), change, delta_color=sense)


def _ended_run(row) -> None:
    text, button = st.columns([5, 1], vertical_alignment="center")
    best = ""
    if row.state == "finished":
        agrees = (
            ""
            if pd.isna(row.reevaluated_val_f1)
            else f" · val F1 of the saved weights {percent(row.reevaluated_val_f1)}"
        )
        best = f" · {count(row.epoch, 'epoch')}{agrees}"
    text.markdown(f"**{plain(row.name)}** · seed {row.seed} · {state_label(row.state)} · {moment(row.ended)}{best}")
    if row.message:
        text.caption(plain(row.message))
    if row.state in RESUMABLE and button.button("Resume", key=f"resume-{row.run}", icon=":material/play_arrow:"):
        with shown_errors():
            launcher().resume(row.run)
        st.rerun()
