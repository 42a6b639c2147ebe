"""Ablations: one row a configuration, its seeds averaged, beside what was reported."""

import streamlit as st

from av1core.analysis.experiments import experiments, with_verdicts
from av1core.analysis.results import results, with_delta, with_references, with_reported
from av1core.analysis.tables import EXPERIMENTS
from av1core.partition import STAGES
from pages._ui import charts
from pages._ui.state import index, shown_errors
from pages._ui.text import count
from pages._ui.widgets import baseline_choice, no_runs_yet, references_choice, stage_choice

SEEDS_NEEDED = 6

st.title("Ablations")
with shown_errors():
    everything = results(index())
finished = everything[everything["state"] == "finished"]
if finished.empty:
    no_runs_yet("There is no finished run to tabulate.")
    st.stop()

stage = stage_choice([name for name in STAGES if (finished["stage"] == name).any()], "ablations-stage")
of_stage = finished[finished["stage"] == stage]
table = with_verdicts(experiments(of_stage), ())
names = dict(zip(table["experiment"], table["name"] + " · " + table["experiment"].str[:4], strict=True))
left, right = st.columns([2, 1], vertical_alignment="bottom")
with left:
    baseline = baseline_choice(table, "experiment", names, f"ablations-baseline-{stage}")
beside = right.toggle("Show reported results", value=True, key="ablations-reported")
with right:
    trivial = references_choice(of_stage, stage, "ablations-references")
with shown_errors():
    shown = with_delta(with_references(table, stage, trivial), baseline, "experiment")
    shown = with_reported(shown, stage) if beside else shown
charts.table(shown, EXPERIMENTS, "ablations")
left_out = len(everything) - len(finished)
st.caption(
    f"{count(len(table), 'experiment')} of {STAGES[stage].title} from finished runs; every figure is the mean "
    f"of the values at each run's best epoch. With fewer than {SEEDS_NEEDED} seeds no test can establish a difference."
    + (f" Left out: {count(left_out, 'run')} that did not finish." if left_out else "")
)
