"""What the Runs page does with the runs that are chosen."""

import pandas as pd
import streamlit as st

from av1core.analysis.run_table import known_tags
from av1core.runs.records import LIVE, MEASURED, RESUMABLE
from pages._ui.actions import action_button, attempt
from pages._ui.run_grid import choose
from pages._ui.state import launcher
from pages._ui.text import plain
from pages._ui.words import plural, tell

DELETED = "runs-deleted"


def undo() -> None:
    """Say what was deleted last, and offer to take it back."""
    deleted: dict[str, str] = st.session_state.get(DELETED, {})
    if not deleted:
        return
    names = list(deleted.values())
    what = plain(names[0]) if len(names) == 1 else plural("{count:,} run", "{count:,} runs", len(names))
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        st.markdown(tell("Deleted {what}.", what=what), width="content")
        locked = not launcher().access.may_change
        st.button(tell("Undo"), key="runs-undo", icon=":material/undo:", disabled=locked, on_click=_undo)


def _undo() -> None:
    deleted = st.session_state.pop(DELETED)
    attempt(launcher().restore, list(deleted))
    choose(list(deleted))


def one(row: pd.Series) -> None:
    """What can be done with a run, as its state is. row: of the run table."""
    changing, run, live = launcher(), row["run"], row["state"] in LIVE
    locked = not changing.access.may_change
    with st.container(horizontal=True):
        if row["state"] in RESUMABLE:
            action_button(tell("Resume"), changing, "resume", run, icon=":material/play_arrow:")
        if live:
            action_button(tell("Pause"), changing, "pause", run, icon=":material/pause:")
            action_button(tell("Cancel"), changing, "cancel", run, icon=":material/stop:")
        if row["origin"] == MEASURED and row["stage"]:
            st.button(
                tell("Retry"), key="run-retry", icon=":material/replay:", disabled=locked, on_click=_retry, args=[run],
                help=tell("A new run with the same settings, from the beginning."),
            )  # fmt: skip
            if st.button(
                tell("Edit a copy"), key="run-copy", icon=":material/edit_note:", disabled=locked,
                help=tell("Opens the Launch page with the settings of this run."),
            ):  # fmt: skip
                st.switch_page("launch.py", query_params={"copy": run})
        st.button(
            tell("Delete"), key="run-delete", icon=":material/delete:", disabled=locked or live, on_click=_delete,
            args=[{run: row["name"]}], help=tell("Cancel it first.") if live else tell("Moves it to the trash below."),
        )  # fmt: skip


def several(runs: pd.DataFrame, everything: pd.DataFrame) -> None:
    """What can be done with several runs at once; each button says how many it is for."""
    changing = launcher()
    locked = not changing.access.may_change
    resumable = list(runs.loc[runs["state"].isin(RESUMABLE), "run"])
    ended = runs[~runs["state"].isin(LIVE)]
    names = dict(zip(ended["run"], ended["name"], strict=True))
    tags = dict(zip(runs["run"], runs["tags"], strict=True))
    st.header(plural("{count:,} run chosen", "{count:,} runs chosen", len(runs)), anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        more = st.multiselect(
            tell("Tags"), known_tags(everything), key="several-tags", accept_new_options=True, disabled=locked,
            placeholder=tell("Choose tags, or write new ones"),
        )  # fmt: skip
        st.button(
            tell("Tag {number:,}", number=len(runs)), key="several-tag", icon=":material/label:",
            disabled=locked or not more, on_click=_tag, args=[tags, more],
            help=tell("Adds these tags to those that the runs have."),
        )  # fmt: skip
    with st.container(horizontal=True):
        st.button(
            tell("Resume {number:,}", number=len(resumable)), key="several-resume", icon=":material/play_arrow:",
            on_click=attempt, args=(changing.resume, resumable), disabled=locked or not resumable,
            help=tell("Those that ended early."),
        )  # fmt: skip
        st.button(
            tell("Delete {number:,}", number=len(names)), key="several-delete", icon=":material/delete:",
            on_click=_delete, args=[names], disabled=locked or not names,
            help=tell("Moves those that neither wait nor train to the trash below."),
        )  # fmt: skip


def _retry(run: str) -> None:
    attempt(lambda run: choose([launcher().retry(run).id]), [run])


def _delete(names: dict[str, str]) -> None:
    gone: dict[str, str] = {}

    def delete(run: str) -> None:
        launcher().delete(run)
        gone[run] = names[run]

    attempt(delete, list(names))
    st.session_state[DELETED] = gone
    choose([run for run in names if run not in gone])


def _tag(own: dict[str, list[str]], more: list[str]) -> None:
    attempt(lambda run: launcher().annotate(run, tags=list(dict.fromkeys([*own[run], *more]))), list(own))
    st.session_state["several-tags"] = []
