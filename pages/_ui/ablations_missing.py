"""The runs that a study lacks, and a button that launches exactly those."""

import pandas as pd
import streamlit as st

from av1core.analysis.arms import Base
from av1core.analysis.missing_runs import launch, missing
from av1core.analysis.studies import Study
from av1core.analysis.study_table import StudyResult
from av1core.runs.records import LIVE
from av1core.translation import message
from pages._ui.access import access
from pages._ui.actions import attempt
from pages._ui.state import index, launcher
from pages._ui.text import plain
from pages._ui.words import plural, tell, words

_LAUNCHED = "study-launched"


def missing_runs(result: StudyResult, seeds: tuple[int, ...], live: frozenset[str]) -> None:
    """What is missing of a study, and a button for those who may launch it.

    live: `live_runs`, read before the result was: the page is drawn anew whenever they change.
    """
    found = missing(result.arms, index())
    if launched := st.session_state.pop(_LAUNCHED, 0):
        queued = plural("Queued {count:,} run.", "Queued {count:,} runs.", launched)
        st.success(f"{queued} {tell('The table fills as they finish.')}", icon=":material/check:")
    if launched or found.coming:
        with st.container(horizontal=True):
            st.page_link("launch.py", label=tell("Watch them train"), icon=":material/rocket_launch:")
            st.page_link("runs.py", label=tell("All runs"), icon=":material/list:")
    st.markdown(" ".join(plain(tell(said)) for said in found.sentences()))
    if found.arms:
        with st.expander(tell("Missing runs by variant")):
            config = {name: st.column_config.TextColumn(tell(title)) for name, title in COLUMNS.items()}
            st.dataframe(found.table(words()), hide_index=True, column_config=config)
    if found.runs and access().may_change:
        title = plural("Launch {count:,} run", "Launch {count:,} runs", found.runs + len(found.stage1))
        st.button(
            title, type="primary", icon=":material/rocket_launch:", key="study-launch", on_click=attempt,
            args=(_launch, [(result.study, result.base, seeds)]),
        )  # fmt: skip
    if found.coming:
        st.fragment(_watch, run_every=3.0)(live)


def _launch(what: tuple[Study, Base, tuple[int, ...]]) -> None:
    study, base, seeds = what
    st.session_state[_LAUNCHED] = len(launch(launcher(), study, base, index(), seeds))


def live_runs(runs: pd.DataFrame) -> frozenset[str]:
    """The ids of those that wait or train; runs: of the index."""
    return frozenset(runs["run"][runs["state"].isin(LIVE)])


def _watch(before: frozenset[str]) -> None:
    """Draw the page anew when a run has ended, or another has been launched."""
    if live_runs(index().runs()) != before:
        st.rerun()


COLUMNS = {
    "variant": message("Variant"),
    "seeds": message("Missing seeds"),
    "note": message("Note"),
}
