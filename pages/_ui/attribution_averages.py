"""The Averages view of the Attribution page: mean maps, and where in a block the evidence lies."""

import streamlit as st

from pages._ui.attribution_choice import Chosen


def show(chosen: Chosen) -> None:
    """The whole view."""
    st.info("Not built yet.")
