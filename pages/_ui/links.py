"""What a link names by key: chosen experiments or runs, whose labels may change and whose keys do not.

The link is the truth: a control writes to it, and shows what it names. It holds a choice that was never touched as
well, so that it shows the same tomorrow; what a session chose before it left the page stands in for a link without one.
"""

from collections.abc import Callable, Collection, Sequence

import streamlit as st

from pages._ui.text import plain


def linked(name: str, known: Collection[str], otherwise: Sequence[str], what: str = "entries") -> list[str]:
    """The keys that the link's parameter `name` lists, of those known; what is gone is said.

    otherwise: what is chosen where neither the link nor this session says anything. what: they are, in the plural.
    """
    if name not in st.query_params:
        before = [key for key in st.session_state.get(_place(name), ()) if key in known]
        link(name, before or otherwise)
    named = [key for key in st.query_params.get_all(name) if key]
    found = [key for key in named if key in known]
    if len(found) < len(named):
        st.caption(f"{len(named) - len(found)} of the {len(named)} {plain(what)} in the link are gone.")
    return found


def link(name: str, keys: Sequence[str]) -> None:
    """Let the link's parameter list these keys; an empty list is one too."""
    st.session_state[_place(name)] = list(keys)
    if st.query_params.get_all(name) != (listed := list(keys) or [""]):
        st.query_params[name] = listed


def linked_choice(
    name: str, label: str, options: Sequence[str], otherwise: Sequence[str], format_func: Callable, **about
) -> list[str]:
    """A multiselect of keys that the link lists under `name`. about: further options of st.multiselect, and `what`."""
    place = f"{name}-choice"
    st.session_state[place] = linked(name, options, otherwise, about.pop("what", "entries"))
    return st.multiselect(
        label, options, format_func=format_func, key=place, on_change=_take, args=(name, place), **about
    )


def linked_one(
    name: str,
    label: str,
    options: Sequence[str],
    otherwise: str | None,
    format_func: Callable,
    control: Callable = st.selectbox,
    forget: Sequence[str] = (),
    **about,
) -> str | None:
    """A control of one key that the link names; `otherwise` where it names none that is known. None: no options.

    control: st.selectbox or st.segmented_control; about: its further options. forget: choices that end with another
    key, by name.
    """
    place = f"{name}-choice"
    named = st.query_params.get(name) or next(iter(st.session_state.get(_place(name), ())), None)
    st.session_state[place] = named if named in options else otherwise
    chosen = control(
        label, options, format_func=format_func, key=place, on_change=_take, args=(name, place, *forget), **about
    )
    link(name, [chosen] if chosen else [])
    return chosen


def _take(name: str, place: str, *forget: str) -> None:
    chosen = st.session_state[place]
    for other in forget:  # first, so that each step back in the browser is to a link that holds together
        st.session_state.pop(_place(other), None)
        st.query_params.pop(other, None)
    link(name, chosen if isinstance(chosen, list) else [chosen])


def _place(name: str) -> str:
    return f"link-{name}"
