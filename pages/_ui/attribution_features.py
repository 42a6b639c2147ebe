"""The Features view of the Attribution page: what the layers of the Stage-1 backbone hold."""

import streamlit as st

from pages._ui.attribution_choice import Chosen


def show(chosen: Chosen) -> None:
    """The whole view."""
    st.info("Not built yet.")
