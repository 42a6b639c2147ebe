"""What pages say, in the language of the session: the browser's, until the reader chooses another in the sidebar.

Text of a page stands in the code in English, inside `tell` or `plural`; an option or a constant that is told elsewhere
is marked with `av1core.translation.message`. Translations stand in av1core/locale.
"""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from av1core.translation import LANGUAGES, Language, Words

_CHOICE = "lang"
"""The parameter of a link that names a language other than the browser's, and the key of the choice."""


def words() -> Words:
    """Texts, numbers and dates in the language of this session."""
    return Words(st.session_state.get(_CHOICE) or _of_browser())


def tell(text: str, **values: Any) -> str:
    """As `Words.tell`, in the language of this session."""
    return words().tell(text, **values)


def plural(one: str, many: str, count: int, **values: Any) -> str:
    """As `Words.plural`, in the language of this session."""
    return words().plural(one, many, count, **values)


def told(labels: Mapping[Any, str]) -> Callable[[Any], str]:
    """For `format_func`: what each option is called in the language of this session, by its label in English."""
    return lambda option: tell(labels[option])


def language_choice() -> None:
    """The choice of a language. It comes before everything else that a script shows."""
    # Links name a language by its code; Streamlit's own binding would write what the language calls itself.
    if (named := st.query_params.get(_CHOICE)) in LANGUAGES:
        st.session_state[_CHOICE] = named
    st.segmented_control(
        "Language · Idioma", list(LANGUAGES), format_func=LANGUAGES.get, default=_of_browser(), key=_CHOICE,
        required=True, label_visibility="collapsed", on_change=_take,
    )  # fmt: skip
    _keep()


def _take() -> None:
    st.query_params.pop(_CHOICE, None)
    _keep()


def _keep() -> None:
    """Let the link name the language, also on the next page; without one it is the browser's."""
    chosen = words().language
    if chosen != _of_browser():
        st.query_params[_CHOICE] = chosen


def _of_browser() -> Language:
    return "pt_BR" if (st.context.locale or "").lower().startswith("pt") else "en"
