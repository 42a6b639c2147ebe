"""Compare: curves, gaps and the thesis's metrics of chosen runs, beside what was reported."""

import streamlit as st

from av1core.analysis.experiments import differing_settings
from av1core.analysis.results import (
    results,
    run_labels,
    with_delta,
    with_references,
    with_reported,
)
from av1core.analysis.tables import RUNS
from av1core.figures.curves import f1_curves, gap_plot, loss_curves
from av1core.figures.theme import colours
from av1core.partition import STAGES
from pages._ui import charts
from pages._ui.state import index, shown_errors
from pages._ui.widgets import baseline_choice, no_runs_yet, references_choice, stage_choice

SHOWN_AT_FIRST = 6

st.title("Compare")
with shown_errors():
    current = index()
    everything, known = results(current), current.runs()
if everything.empty:
    no_runs_yet("There is no run with a finished epoch to compare.")
    st.stop()

stage = stage_choice([name for name in STAGES if (everything["stage"] == name).any()], "compare-stage")
table = everything[everything["stage"] == stage]
labels = run_labels(known)
newest = list(table["run"])[::-1]
at_first = table[table["baseline"] | table["run"].isin(newest[:SHOWN_AT_FIRST])]
runs = st.multiselect(
    "Runs", newest, default=list(at_first["run"]), format_func=labels.get, key=f"compare-runs-{stage}",
    placeholder="Choose the runs to compare",
)  # fmt: skip
st.caption(f"Showing {len(runs)} of {len(newest):,} runs of {STAGES[stage].title}.")
if not runs:
    st.info("Choose at least one run above.", icon=":material/info:")
    st.stop()
table = table.set_index("run").loc[runs].reset_index()

epochs = current.epochs(runs)
palette = colours(known["run"].iloc[::-1])
for tab, figure in zip(st.tabs(["F1", "Gap", "Loss"]), (f1_curves, gap_plot, loss_curves), strict=True):
    with tab:
        st.plotly_chart(figure(epochs, labels, palette), key=f"compare-{figure.__name__}")
        if figure is gap_plot:
            st.caption(
                "The two gaps differ because they compare different train F1 with the same val F1. The thesis's is "
                "measured while the weights change, with dropout on, on class-balanced batches; the like-for-like one "
                "after the epoch, in eval mode, on the natural class mix that validation has."
            )

st.subheader("Results at the best epoch")
left, right = st.columns([2, 1], vertical_alignment="bottom")
with left:
    baseline = baseline_choice(table, "run", labels, f"compare-baseline-{stage}")
beside = right.toggle("Show reported results", value=True, key="compare-reported")
with right:
    trivial = references_choice(table, stage, "compare-references")
with shown_errors():
    shown = with_references(table.assign(name=table["run"].map(labels)), stage, trivial)
    shown = with_delta(shown, baseline)
    shown = with_reported(shown, stage) if beside else shown
charts.table(shown, RUNS, "compare-runs")
st.caption(
    "Macro-F1 on the natural class mix of the validation side. One seed establishes nothing: a difference between two "
    "single runs can be chance. Reported rows come from other data and a split by block; "
    "their Δ is to their own baseline. References are scored on the validation blocks of the runs."
)

if len(runs) > 1:
    st.subheader("Settings that differ")
    differing = differing_settings(list(table["spec"]))
    if differing:
        rows = {key: [str(value) for value in values] for key, values in differing.items()}
        names = [labels[run] for run in runs]
        st.dataframe(
            [{"Setting": key, **dict(zip(names, row, strict=True))} for key, row in rows.items()], hide_index=True
        )
    else:
        st.caption("None but the name and the seed.")
