"""The builds of datasets: progress of the running one, what ended, and what can go on."""

import streamlit as st

from av1core.dataset.jobs import Job, Jobs
from pages._ui.state import jobs, shown_errors
from pages._ui.text import duration, plain
from pages._ui.words import tell


def builds() -> None:
    """Each build of this server process, and each that was stopped."""
    current = jobs()
    locked = not current.access.may_change
    for job in current.jobs:
        name = plain(job.request.name)
        if job.state == "running":
            _running(current, job, locked)
        elif job.state == "finished":
            text = tell("**{name}** is finished. Choose it under Frames.", name=name)
            st.success(text, icon=":material/check_circle:")
        elif job.state == "failed":
            st.error(f"**{name}**: {plain(tell(job.message))}", icon=":material/error:")
    for request in current.unfinished():
        name = request.name
        with st.container(horizontal=True, vertical_alignment="center"):
            text = tell("**{name}** is unfinished. What was encoded so far is kept.", name=plain(name))
            st.markdown(text, width="stretch")
            if st.button(tell("Go on"), key=f"go-on-{name}", icon=":material/play_arrow:", disabled=locked):
                with shown_errors():
                    current.start(request)
                st.rerun()
            if st.button(tell("Discard"), key=f"discard-{name}", icon=":material/delete:", disabled=locked):
                with shown_errors():
                    current.discard(request)
                st.rerun()


def _running(current: Jobs, job: Job, locked: bool) -> None:
    name, now = plain(job.request.name), job.progress
    with st.container(horizontal=True, vertical_alignment="center"):
        if now is None:
            st.progress(0.0, tell("**{name}** · starting", name=name))
        else:
            text = tell(
                "**{name}** · {doing}, {done:,} of {total:,} · about {left} left",
                name=name, doing=now.doing, done=now.done, total=now.total, left=duration(now.seconds_left),
            )  # fmt: skip
            st.progress(now.done / now.total, text)
        label = tell("Stopping…") if job.stopping else tell("Stop")
        if st.button(label, key=f"stop-{name}", icon=":material/stop:", disabled=locked or job.stopping):
            with shown_errors():
                current.stop(job)
            st.rerun()
