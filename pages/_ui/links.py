"""What a link names by key, whatever it is called in the language of the session.

The link is the truth: a control writes to it, and shows what it names. A choice of experiments or runs that was never
touched stands in it as well, so that it shows the same tomorrow; what a session chose before it left the page stands in
for a link without one. Of the options of a page, `named_choice`, it leaves out what is chosen at first. Controls whose
options read alike in every language may use Streamlit's own bind="query-params", which writes labels.
"""

from collections.abc import Callable, Collection, Sequence

import streamlit as st

from pages._ui.words import tell


def linked(name: str, known: Collection[str], otherwise: Sequence[str]) -> list[str]:
    """The keys that the link's parameter `name` lists, of those known; what is gone is said.

    otherwise: what is chosen where neither the link nor this session says anything.
    """
    if name not in st.query_params:
        before = [key for key in st.session_state.get(_place(name), ()) if key in known]
        link(name, before or otherwise)
    named = [key for key in st.query_params.get_all(name) if key]
    found = [key for key in named if key in known]
    if len(found) < len(named):
        st.caption(
            tell("{gone} of the {named} that the link names are gone.", gone=len(named) - len(found), named=len(named))
        )
    return found


def link(name: str, keys: Sequence[str]) -> None:
    """Let the link's parameter list these keys; an empty list is one too."""
    st.session_state[_place(name)] = list(keys)
    if st.query_params.get_all(name) != (listed := list(keys) or [""]):
        st.query_params[name] = listed


def linked_choice(
    name: str, label: str, options: Sequence[str], otherwise: Sequence[str], format_func: Callable, **about
) -> list[str]:
    """A multiselect of keys that the link lists under `name`. about: further options of st.multiselect."""
    place = f"{name}-choice"
    st.session_state[place] = linked(name, options, otherwise)
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


def named_choice(
    label: str,
    options: Sequence[str],
    name: str,
    otherwise: str | Sequence[str] | None = None,
    control: Callable = st.segmented_control,
    format_func: Callable[[str], str] = tell,
    **about,
):
    """A control of options of the page under the key and in the link `name`; returns the chosen option, or options.

    otherwise: what is chosen at first, the first option unless given; a list lets several be chosen. control:
    st.segmented_control, st.selectbox, st.pills, st.multiselect or st.radio; about: its further options.
    """
    otherwise = options[0] if otherwise is None else otherwise
    several = not isinstance(otherwise, str)
    at_first = list(otherwise) if several else otherwise
    named = [value for value in st.query_params.get_all(name) if value in options]
    given = name in st.query_params
    st.session_state[name] = (named if given else at_first) if several else (named[0] if named else at_first)
    if control in (st.segmented_control, st.pills):
        about |= {"selection_mode": "multi"} if several else {"required": True}
    return control(
        label, options, format_func=format_func, key=name, on_change=_take_named, args=(name, at_first), **about
    )


def _take_named(name: str, at_first: str | list[str]) -> None:
    chosen = st.session_state[name]
    if chosen == at_first:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = chosen or [""]


def _take(name: str, place: str, *forget: str) -> None:
    chosen = st.session_state[place]
    for other in forget:  # first, so that each step back in the browser is to a link that holds together
        st.session_state.pop(_place(other), None)
        st.query_params.pop(other, None)
    link(name, chosen if isinstance(chosen, list) else [chosen])


def _place(name: str) -> str:
    return f"link-{name}"
