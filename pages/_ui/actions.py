"""Buttons that change runs: they act before the page is drawn anew, so that it shows what they did."""

from collections.abc import Callable, Sequence

import streamlit as st

from av1core.errors import LabError, said
from av1core.runs.launcher import Launcher
from av1core.runs.several import each
from pages._ui.access import access
from pages._ui.text import plain
from pages._ui.words import tell

_FAILED = "failed-action"


def action_button(title: str, launcher: Launcher, method: str, *arguments, disabled: bool = False, **options) -> None:
    """A button that calls a method of the launcher with these arguments; who may only look cannot press it.

    options: of st.button.
    """
    st.button(
        title,
        key="-".join(["do", method, *map(str, arguments[:1])]),
        disabled=disabled or not launcher.access.may_change,
        on_click=attempt,
        args=(lambda _: getattr(launcher, method)(*arguments), [None]),
        **options,
    )


def attempt(action: Callable, items: Sequence) -> None:
    """Do the action with each item, whatever becomes of the others; `failed_action` shows what goes wrong."""
    try:
        access().require()  # it may be another than when the button was drawn
        each(items, action)
    except LabError as error:
        st.session_state[_FAILED] = said(error)


def failed_action() -> None:
    """Say what went wrong with the last button, where something did."""
    if message := st.session_state.pop(_FAILED, ""):
        st.error(plain(tell(message)), icon=":material/error:")
