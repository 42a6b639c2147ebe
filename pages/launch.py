"""Launch: choose an experiment, change what you like, and watch it train."""

import streamlit as st

from av1core import settings
from av1core.analysis.results import stage1_choices
from av1core.runs.records import LIVE
from av1core.training.spec import parse_spec
from av1core.translation import message
from pages._ui.access import may_change
from pages._ui.geometry import geometry_report
from pages._ui.live import live_runs
from pages._ui.spec_form import spec_form
from pages._ui.start import start
from pages._ui.state import index, launcher, shown_errors
from pages._ui.sweep_form import sweep_form
from pages._ui.text import plain
from pages._ui.words import tell

ONE, SWEEP = message("One run"), message("Sweep")

st.title(tell("Launch"))
allowed = may_change()
key, begun = start()

runs = index().runs()
choices = {
    "dataset": {str(path): str(path) for path in settings.find_datasets()},
    "stage1_run": stage1_choices(runs),
}
if begun["stage"] != "stage1" and not choices["stage1_run"]:
    st.warning(
        tell(
            "This experiment freezes the backbone of a finished Stage-1 run, and there is none yet. Launch Stage 1 "
            "first."
        ),
        icon=":material/account_tree:",
    )
values = spec_form(begun, choices, key)
geometry_report(values)

how = st.segmented_control(tell("Train"), [ONE, SWEEP], default=ONE, format_func=tell, key="launch-how", required=True)
if how == SWEEP:
    sweep_form(values, key)
elif st.button(tell("Launch"), type="primary", icon=":material/rocket_launch:", disabled=not allowed):
    with shown_errors():
        folder = launcher().submit(parse_spec(values))
    st.toast(tell("Queued {run}", run=plain(folder.id)), icon=":material/check:")

st.divider()
# Runs of other processes appear too, a little later.
st.fragment(live_runs, run_every=2.0 if index().runs()["state"].isin(LIVE).any() else 10.0)()
