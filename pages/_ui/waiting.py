"""The waiting runs of the Launch page: their order, what each waits for, and what can be done with them."""

import pandas as pd
import streamlit as st

from av1core.runs.launcher import Launcher
from av1core.translation import message
from pages._ui.actions import action_button, attempt
from pages._ui.text import moment, plain
from pages._ui.words import plural, tell

WAITING_SHOWN, NOTICES_SHOWN = 6, 3


def waiting_runs(runs: pd.DataFrame, launcher: Launcher) -> None:
    """The queue in its order. runs: those of the index in state `queued`."""
    queue = launcher.waiting()
    labels = {row.run: tell("{name}, seed {seed}", name=row.name, seed=row.seed) for row in runs.itertuples()}
    order = [run for run in queue.runs if run in labels]
    if not order and not queue.paused:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.header(plural("Waiting: {count:,} run", "Waiting: {count:,} runs", len(order)))
        if queue.paused:
            action_button(tell("Go on"), launcher, "resume_queue", icon=":material/play_arrow:")
        else:
            action_button(
                tell("Pause queue"), launcher, "pause_queue", icon=":material/pause:",
                help=tell("No waiting run starts until the queue goes on; runs that train are not disturbed."),
            )  # fmt: skip
    if queue.paused:
        st.warning(tell("The queue is paused: no waiting run starts."), icon=":material/pause_circle:")
    for place, run in enumerate(order[:WAITING_SHOWN]):
        reason = launcher.blocked_by(run)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"{place + 1}\\. **{plain(labels[run])}**" + (f" · {plain(tell(reason))}" if reason else ""))
            action_button("↑", launcher, "move", run, place - 1, help=tell("One place forward"), disabled=place == 0)
            action_button(tell("Cancel"), launcher, "cancel", run, icon=":material/stop:")
    if len(order) > WAITING_SHOWN:
        st.caption(tell("Showing {shown} of {all:,} waiting runs.", shown=WAITING_SHOWN, all=len(order)))
    if len(order) > 1 and launcher.access.may_change:
        _several(order, labels, launcher)


def _several(order: list[str], labels: dict[str, str], launcher: Launcher) -> None:
    with st.expander(tell("Reorder, pause or cancel several")):
        chosen = st.multiselect(
            tell("Waiting runs"), order, format_func=labels.get, key="queue-chosen", placeholder=tell("Choose runs")
        )
        actions = {
            message("First"): lambda run: launcher.move(run, 0),
            message("Last"): lambda run: launcher.move(run, len(order)),
            message("Pause"): launcher.pause,
            message("Cancel"): launcher.cancel,
        }
        buttons = st.container(horizontal=True)
        for title, action in actions.items():
            # The last chosen goes to the front first, so that they stand there as they were chosen.
            runs = chosen[::-1] if title == "First" else chosen
            buttons.button(
                tell(title), key=f"queue-{title}", disabled=not chosen, on_click=attempt, args=(action, runs)
            )


def worker_lines(launcher: Launcher) -> None:
    """What each device does, and what went wrong with workers."""
    for worker in launcher.workers.report():
        doing = plural("trains {count:,} run.", "trains {count:,} runs.", len(worker.runs))
        st.caption(f"{plain(worker.device)}: {doing if worker.runs else plain(tell(worker.doing))}")
    for notice in launcher.workers.notices()[-NOTICES_SHOWN:]:
        st.warning(f"{moment(notice.time)}: {plain(tell(notice.text))}", icon=":material/build:")
