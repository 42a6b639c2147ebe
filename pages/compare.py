"""Compare: experiments or runs of a stage side by side, with verdicts by fixed rules. The link holds all of it."""

import streamlit as st

from av1core.partition import STAGES
from pages._ui import compare_curves, compare_details
from pages._ui.compare_choice import choice
from pages._ui.compare_verdicts import table, verdicts
from pages._ui.state import index, shown_errors
from pages._ui.widgets import no_runs_yet
from pages._ui.words import tell

VIEWS = {
    "F1": compare_curves.f1,
    "Gap": compare_curves.gap,
    "Loss": compare_curves.loss,
    "Per class": compare_details.classes,
    "Confusion": compare_details.confusion,
    "Pictures and qindex": compare_details.groups,
    "Learning rates": compare_curves.rates,
    "Search": compare_details.search,
    "Settings": compare_details.spec,
}

st.title(tell("Compare"))
with shown_errors():
    current = index()
    tried = set(current.query("SELECT DISTINCT stage FROM runs JOIN epochs USING (run)")["stage"])
stages = [name for name in STAGES if name in tried]
if not stages:
    no_runs_yet("There is no run with a finished epoch to compare.")
    st.stop()

chosen = choice(current, stages)
if chosen.table.empty:
    st.info("Choose at least one above.", icon=":material/info:")
    st.stop()
view = st.segmented_control("View", list(VIEWS), default="F1", key="chart", bind="query-params", required=True)
with shown_errors(stop=False):
    VIEWS[view](chosen)
baseline, found = verdicts(chosen)
table(chosen, baseline, found)
