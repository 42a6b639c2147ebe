"""The live part of the Launch page: what trains, what waits, and what ended, from the run folders."""

import pandas as pd
import streamlit as st

from av1core.runs.launcher import Launcher
from av1core.runs.progress import ended_last, fraction_done, seconds_left
from av1core.runs.records import MEASURED, RESUMABLE
from av1core.training.spec import RunSpec
from av1core.translation import message
from pages._ui.actions import action_button, attempt, failed_action
from pages._ui.state import index, launcher
from pages._ui.text import duration, moment, percent, plain
from pages._ui.waiting import waiting_runs, worker_lines
from pages._ui.widgets import run_label, run_link, state_label
from pages._ui.words import plural, tell, words

RUNNING_SHOWN, ENDED_SHOWN = 4, 8


def live_runs() -> None:
    """Progress of every running run, the queue, then the runs that ended last."""
    current, launch = index(), launcher()
    runs = current.runs()
    running = runs[runs["state"] == "running"].iloc[::-1]
    ended = ended_last(runs[runs["origin"] == MEASURED])
    _renew_choices(runs)
    failed_action()
    st.header(tell("Now"))
    worker_lines(launch)
    if running.empty:
        st.caption(tell("Nothing is training. A launched run appears here."))
    epochs = current.epochs(list(running["run"]))
    for row in running.head(RUNNING_SHOWN).itertuples():
        _running_run(row, epochs[epochs["run"] == row.run], launch)
    if len(running) > RUNNING_SHOWN:
        _running_table(running.iloc[RUNNING_SHOWN:], epochs)
        st.caption(tell("Showing {shown} of {all:,} running runs in full.", shown=RUNNING_SHOWN, all=len(running)))
    waiting_runs(runs[runs["state"] == "queued"], launch)
    if not ended.empty:
        _ended_runs(ended, launch)


def _renew_choices(runs: pd.DataFrame) -> None:
    """Draw the whole page anew when a Stage-1 run has finished, for its form to offer that run."""
    finished = set(runs.loc[(runs["stage"] == "stage1") & (runs["state"] == "finished"), "run"])
    if st.session_state.setdefault("stage1-finished", finished) != finished:
        st.session_state["stage1-finished"] = finished
        st.rerun()


def _running_run(row, epochs: pd.DataFrame, launch: Launcher) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"{run_label(row)} · {state_label(row.state)}")
            action_button(
                tell("Pause"), launch, "pause", row.run, icon=":material/pause:",
                help=tell("Stops within a batch. Resume goes on after the last finished epoch."),
            )  # fmt: skip
            action_button(tell("Cancel"), launch, "cancel", row.run, icon=":material/stop:")
        st.progress(fraction_done(row), _progress(row, epochs))
        _last_epoch(epochs)


def _progress(row, epochs: pd.DataFrame) -> str:
    spec = RunSpec.model_validate_json(row.spec)
    seconds = epochs["seconds"].mean() if len(epochs) else None
    left = duration(seconds_left(row, seconds, spec.batch_size))
    parts = [tell("Epoch {epoch} of {epochs}", epoch=min(row.epoch + 1, row.epochs), epochs=row.epochs)]
    if row.step:
        parts.append(tell("batch {step} of {steps}", step=row.step, steps=row.steps))
    parts.append(tell("{rate:,.0f} blocks/s", rate=row.samples_per_second))
    parts.append(tell("at most {time} left", time=left))
    return " · ".join(parts)


def _running_table(running: pd.DataFrame, epochs: pd.DataFrame) -> None:
    best = epochs.groupby("run")["val_f1"].max()
    shown = {
        "name": running["name"],
        "seed": running["seed"],
        "progress": [fraction_done(row) for row in running.itertuples()],
        "val_f1": 100 * running["run"].map(best),
    }
    config = {
        "name": st.column_config.Column(tell("Run")),
        "seed": st.column_config.Column(tell("Seed")),
        "progress": st.column_config.ProgressColumn(tell("Progress"), format="percent", min_value=0, max_value=1),
        "val_f1": st.column_config.NumberColumn(tell("Best val F1 (%)"), format="%.2f"),
    }
    st.dataframe(pd.DataFrame(shown), hide_index=True, column_config=config, key="running-table")


def _last_epoch(epochs: pd.DataFrame) -> None:
    if epochs.empty:
        st.caption(tell("Loss and F1 appear after the first epoch."))
        return
    last, before = epochs.iloc[-1], epochs.iloc[-2] if len(epochs) > 1 else None
    shown = {
        message("Train loss"): ("train_loss", ".4f", "", "", 1.0, "inverse"),
        message("Val loss"): ("val_loss", ".4f", "", "", 1.0, "inverse"),
        message("Train F1 (like for like)"): ("train_f1_clean", ".2f", " %", " pp", 100.0, "normal"),
        message("Val F1"): ("val_f1", ".2f", " %", " pp", 100.0, "normal"),
    }
    says = words()
    for column, (title, (name, form, unit, step, scale, sense)) in zip(st.columns(4), shown.items(), strict=True):
        change = None
        if before is not None and last[name] != before[name]:
            # Streamlit takes for a fall what begins with the hyphen, not with the minus sign of a language.
            change = says.number((last[name] - before[name]) * scale, f"+{form}").replace("−", "-") + step
        column.metric(tell(title), says.number(last[name] * scale, form) + unit, change, delta_color=sense)


def _ended_runs(ended: pd.DataFrame, launch: Launcher) -> None:
    interrupted = list(ended[ended["state"] == "interrupted"].sort_values("created")["run"])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.header(tell("Ended"))
        if len(interrupted) > 1:
            st.button(
                tell("Resume {count:,} interrupted", count=len(interrupted)), key="resume-interrupted",
                icon=":material/play_arrow:",
                on_click=attempt, args=(launch.resume, interrupted), disabled=not launch.access.may_change,
                help=tell("Each goes on after its last finished epoch, as if nothing had happened."),
            )  # fmt: skip
    for row in ended.head(ENDED_SHOWN).itertuples():
        _ended_run(row, launch)
    if len(ended) > ENDED_SHOWN:
        st.caption(tell("Showing {shown} of {all:,} ended runs.", shown=ENDED_SHOWN, all=len(ended)))


def _ended_run(row, launch: Launcher) -> None:
    best = ""
    if row.state == "finished":
        agrees = (
            ""
            if pd.isna(row.reevaluated_val_f1)
            else " · " + tell("val F1 of the saved weights {f1}", f1=percent(row.reevaluated_val_f1))
        )
        best = f" · {plural('{count:,} epoch', '{count:,} epochs', row.epoch)}{agrees}"
    with st.container(horizontal=True, vertical_alignment="center"):
        run_link(row.run, run_label(row))
        st.markdown(f"{state_label(row.state)} · {moment(row.ended)}{best}")
        if row.state in RESUMABLE:
            action_button(tell("Resume"), launch, "resume", row.run, icon=":material/play_arrow:")
    if row.message:
        st.caption(plain(row.message))
