"""Compare: experiments or runs of a stage side by side, with verdicts by fixed rules. The link holds all of it."""

import streamlit as st

from av1core.partition import STAGES
from av1core.translation import message
from pages._ui import compare_curves, compare_details
from pages._ui.compare_choice import choice
from pages._ui.compare_verdicts import table, verdicts
from pages._ui.links import named_choice
from pages._ui.state import index, shown_errors
from pages._ui.widgets import no_runs_yet
from pages._ui.words import tell

VIEWS = {
    message("F1"): compare_curves.f1,
    message("Gap"): compare_curves.gap,
    message("Loss"): compare_curves.loss,
    message("Per class"): compare_details.classes,
    message("Confusion"): compare_details.confusion,
    message("Pictures and qindex"): compare_details.groups,
    message("Learning rates"): compare_curves.rates,
    message("Search"): compare_details.search,
    message("Settings"): compare_details.spec,
}

st.title(tell("Compare"))
with shown_errors():
    current = index()
    tried = set(current.query("SELECT DISTINCT stage FROM runs JOIN epochs USING (run)")["stage"])
stages = [name for name in STAGES if name in tried]
if not stages:
    no_runs_yet(tell("There is no run with a finished epoch to compare."))
    st.stop()

chosen = choice(current, stages)
if chosen.table.empty:
    st.info(tell("Choose at least one above."), icon=":material/info:")
    st.stop()
view = named_choice(tell("View"), list(VIEWS), "chart")
with shown_errors(stop=False):
    VIEWS[view](chosen)
baseline, found = verdicts(chosen)
table(chosen, baseline, found)
