"""The runs that the Lab is shipped with, on the pages: marked, opened and removed."""

import pandas as pd
import streamlit as st

from av1core.runs.demo import DEMO
from pages._ui.access import access
from pages._ui.actions import attempt, failed_action
from pages._ui.state import index, launcher
from pages._ui.words import plural, tell


def demo_count() -> int:
    """How many of the runs were shipped."""
    found = index().query("SELECT count(*) AS number FROM runs WHERE list_contains(tags, ?)", [DEMO])
    return int(found["number"].iloc[0])


def demo_badge() -> None:
    """Where shipped runs are among the others, say so on every page."""
    if count := demo_count():
        st.badge(
            plural("{count:,} demo run", "{count:,} demo runs", count), icon=":material/science:", color="gray",
            help=tell(
                "Runs that were shipped with the Lab, tagged demo: the thesis's first studies on the photographs that "
                "come with it. Remove them on the Overview page."
            ),
        )  # fmt: skip


def demo_line(runs: pd.DataFrame) -> None:
    """How many of the runs were shipped, and a button that removes those."""
    failed_action()
    count = sum(DEMO in tags for tags in runs["tags"])
    if not count:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            tell("{demo:,} of {all:,} runs are demo runs, shipped with the Lab.", demo=count, all=len(runs)),
            width="content",
        )
        if access().may_change:
            with st.popover(tell("Remove demo runs"), icon=":material/delete:"):
                st.markdown(tell("They go to the trash of the Runs page, from which they can be restored."))
                st.button(
                    tell("Remove"), type="primary", key="remove-demo", on_click=attempt,
                    args=(lambda _: launcher().remove_demo(), [None]),
                )  # fmt: skip


def open_demo_button() -> None:
    """Where nothing was trained: a button that opens the shipped runs."""
    failed_action()
    if access().may_change:
        st.button(
            tell("Open the demo runs"), icon=":material/science:", key="open-demo", on_click=attempt,
            args=(lambda _: launcher().open_demo(), [None]),
            help=tell("The thesis's first studies, shipped with the Lab, to look at and to compare with."),
        )  # fmt: skip
