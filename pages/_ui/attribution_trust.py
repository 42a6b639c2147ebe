"""The Trust view of the Attribution page: checks that a method's maps pass or fail for a run."""

import streamlit as st

from pages._ui.attribution_choice import Chosen


def show(chosen: Chosen) -> None:
    """The whole view."""
    st.info("Not built yet.")
