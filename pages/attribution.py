"""Attribution: what a run sees in a block, whether that can be trusted, and what its features hold."""

import streamlit as st

from av1core.translation import message
from pages._ui import (
    attribution_averages,
    attribution_block,
    attribution_features,
    attribution_gallery,
    attribution_trust,
)
from pages._ui.attribution_choice import choice, finished_runs
from pages._ui.links import named_choice
from pages._ui.state import index, shown_errors
from pages._ui.widgets import no_runs_yet
from pages._ui.words import tell

VIEWS = {
    message("Block"): attribution_block.show,
    message("Gallery"): attribution_gallery.show,
    message("Averages"): attribution_averages.show,
    message("Trust"): attribution_trust.show,
    message("Features"): attribution_features.show,
}

st.title(tell("Attribution"))
with shown_errors():
    runs = finished_runs(index())
if runs.empty:
    no_runs_yet(tell("There is no finished run whose model could be looked into."))
    st.stop()
with shown_errors():
    chosen = choice(runs)
view = named_choice(tell("View"), list(VIEWS), "view")
if not len(chosen.rows):
    st.info(tell("No validation block is like that. Widen the filter above."), icon=":material/info:")
    st.stop()
with shown_errors():
    VIEWS[view](chosen)
