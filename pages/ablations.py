"""Ablations: a study's variants against its baseline, over seeds, and the runs that it lacks."""

import streamlit as st

from av1core.analysis.results import results
from av1core.analysis.statistics import MARGIN
from av1core.analysis.study_table import beside, study_results
from av1core.analysis.tables import study_columns
from av1core.analysis.verdicts import RULES
from pages._ui import charts
from pages._ui.ablations_charts import study_charts
from pages._ui.ablations_choice import seeds_choice, study_choice
from pages._ui.ablations_missing import live_runs, missing_runs
from pages._ui.actions import failed_action
from pages._ui.analyses import tallies
from pages._ui.state import index, shown_errors
from pages._ui.text import plain
from pages._ui.widgets import no_runs_yet, references_choice
from pages._ui.words import plural, tell

st.title(tell("Ablations"))
failed_action()
with shown_errors():
    current = index()
    runs = current.runs()
    everything = results(current)
finished = everything[everything["state"] == "finished"]
if finished.empty:
    no_runs_yet(tell("There is no finished run to build a study on."))
    st.stop()

chosen = study_choice(runs, finished)
if chosen is None:
    st.page_link("launch.py", label=tell("Launch a run"), icon=":material/rocket_launch:")
    st.stop()
left, right = st.columns(2)
with left:
    seeds = seeds_choice()
margin = right.number_input(
    tell("Margin of equivalence (pp)"), 0.05, 10.0, MARGIN, 0.05, key="margin", bind="query-params",
    help=tell(
        "A difference that stays within it, for other seeds and for other pictures, is called equivalent. Choose it "
        "before you look at the results."
    ),
)  # fmt: skip
with shown_errors():
    result = study_results(*chosen, current, tallies, seeds, margin)

missing_runs(result, seeds, live_runs(runs))
with st.container(horizontal=True):
    known = len(beside(result, reported=True)) > len(result.table)
    reported = known and st.toggle(tell("Show reported results"), key="study-reported")
    trivial = {} if result.runs.empty else references_choice(result.runs, result.study.stage, "study-references")
charts.table(beside(result, reported, trivial), study_columns(result.study.stage), f"study-{result.study.key}")
with st.expander(tell("Verdicts: reasons and rules"), icon=":material/gavel:"):
    for comparison in result.comparisons:
        named = f"**{plain(tell(result.labels[comparison.variant]))}**: {tell(comparison.verdict)}"
        st.markdown(f"- {named}. {plain(tell(comparison.reason))}")
    st.caption(tell("The rules:"))
    st.markdown("\n".join(f"- **{tell(word).capitalize()}**: {tell(rule)}" for word, rule in RULES))
about = tell(
    "Every figure is the mean of the values at each run's best epoch, validation on the natural class mix; Δ is over "
    "the seeds that a variant shares with the baseline. Reported rows come from other data, and their Δ is to their "
    "own baseline."
)
st.caption(f"{plural('{count:,} finished run.', '{count:,} finished runs.', len(result.runs))} {about}")
if not result.runs.empty:
    study_charts(result, finished, margin)
