"""The Gallery view of the Attribution page: the blocks that pass the filter, with their maps."""

import streamlit as st

from pages._ui.attribution_choice import Chosen


def show(chosen: Chosen) -> None:
    """The whole view."""
    st.info("Not built yet.")
