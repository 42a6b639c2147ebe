"""Attribution: what a run sees in a block, whether that can be trusted, and what its features hold."""

import streamlit as st

from pages._ui import (
    attribution_averages,
    attribution_block,
    attribution_features,
    attribution_gallery,
    attribution_trust,
)
from pages._ui.attribution_choice import choice, finished_runs
from pages._ui.state import index, shown_errors
from pages._ui.widgets import no_runs_yet

VIEWS = {
    "Block": attribution_block.show,
    "Gallery": attribution_gallery.show,
    "Averages": attribution_averages.show,
    "Trust": attribution_trust.show,
    "Features": attribution_features.show,
}

st.title("Attribution")
with shown_errors():
    runs = finished_runs(index())
if runs.empty:
    no_runs_yet("There is no finished run whose model could be looked into.")
    st.stop()
with shown_errors():
    chosen = choice(runs)
view = st.segmented_control("View", list(VIEWS), default="Block", key="view", bind="query-params", required=True)
if not len(chosen.rows):
    st.info("No validation block is like that. Widen the filter above.", icon=":material/info:")
    st.stop()
with shown_errors():
    VIEWS[view](chosen)
