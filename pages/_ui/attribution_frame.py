"""The frame of the Block view: the picture with its tree, what is true and what is predicted."""

import streamlit as st

from pages._ui.attribution_choice import Chosen


def show(chosen: Chosen, row: int) -> None:
    """The whole view."""
    st.info("Not built yet.")
