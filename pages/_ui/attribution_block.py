"""The Block view of the Attribution page: one block in its frame, and maps of it side by side."""

import streamlit as st

from pages._ui.attribution_choice import Chosen, evidence_for, one_way
from pages._ui.attribution_place import chosen_row


def show(chosen: Chosen) -> None:
    """The whole view."""
    row = chosen_row(chosen.data, chosen.rows)
    spec = one_way(chosen)
    evidence_for(chosen.stage)
    blocks = chosen.subject.blocks([row])
    st.write(spec.title, chosen.subject.maps(spec, blocks, 0).shape)
