"""The list of pages, and the start that every page shares."""

import streamlit as st
from streamlit.navigation.page import Page

_routed = False


def navigation() -> Page:
    """The page to run. From now on Streamlit takes pages from this list, and from no folder."""
    global _routed
    _routed = True
    return st.navigation(
        [
            st.Page("pages/overview.py", title="Overview", icon=":material/home:", default=True),
            st.Page("pages/launch.py", title="Launch", icon=":material/rocket_launch:"),
            st.Page("pages/compare.py", title="Compare", icon=":material/show_chart:"),
            st.Page("pages/ablations.py", title="Ablations", icon=":material/table_chart:"),
            st.Page("pages/attribution.py", title="Attribution", icon=":material/blur_on:"),
        ]
    )


def start_page(title: str) -> None:
    """Begin a page with its title.

    Until `navigation` has run once in the server, Streamlit finds pages by their folder and runs them without app.py,
    as when the first visit follows a link to a page. Then route, and start over.
    """
    if not _routed:
        navigation()
        st.rerun()
    st.title(title)
