"""Hierarchy: the four stages as one classifier, and the partition search that it would save."""

import streamlit as st

from av1core.analysis.hierarchy import (
    ALL,
    FREQUENCIES,
    GREEDY,
    LOGISTIC,
    PRODUCT,
    STAND_INS,
    TYPES,
    headline,
    score_table,
    search_curve,
    stage_errors,
)
from av1core.figures.confusions import confusion_figure
from av1core.figures.hierarchy import search_figure, stage_error_figure
from av1core.partition import STAGES
from av1core.runs.records import MEASURED
from pages._ui.analyses import hierarchy as evaluated
from pages._ui.state import dataset, index, run_folder, shown_errors
from pages._ui.text import count, plain
from pages._ui.widgets import no_runs_yet

MOST_LOST = 5
CHOSEN = "Chosen stages"
WAYS = {GREEDY: "Down the tree", PRODUCT: "Likeliest of the eight"}
REFERENCES = {LOGISTIC: "Logistic regression in every stage", FREQUENCIES: "Class frequencies in every stage"}
BELOW = "Below it: how much more than logistic regression in every stage."
HEADLINE = {
    "f1": ("Macro-F1", f"Mean F1 of the types that occur, of eight. {BELOW}"),
    "accuracy": ("Accuracy", BELOW),
    "avoided": (
        f"Search avoided at {MOST_LOST} % lost",
        "At the threshold that is best for these very blocks: an upper bound of what a threshold fixed beforehand "
        f"avoids. {BELOW}",
    ),
}

st.title("Hierarchy")
with shown_errors():
    runs = index().runs()
runs = runs[(runs["state"] == "finished") & (runs["origin"] == MEASURED) & runs["weights"]]
if not (runs["stage"] == "stage1").any():
    no_runs_yet("There is no finished Stage-1 run to begin the hierarchy with.")
    st.stop()

# The link carries these labels, so they must not change when other runs come.
labels = dict(zip(runs["run"], runs["name"] + ", seed " + runs["seed"].astype(str) + " · " + runs["run"], strict=True))
chosen: dict[str, str] = {}
for column, name in zip([*st.columns(2), *st.columns(2)], STAGES, strict=True):
    fitting = runs[runs["stage"] == name]
    stand_ins = ()
    if chosen:
        first = runs.set_index("run").loc[chosen["stage1"]]
        fitting = fitting[(fitting["dataset"] == first["dataset"]) & (fitting["split"] == first["split"])]
        fitting = fitting.sort_values("stage1_run", key=lambda run: run != first.name, kind="stable")
        stand_ins = STAND_INS
    chosen[name] = column.selectbox(
        STAGES[name].title, [*fitting["run"], *stand_ins], format_func=lambda run: labels.get(run, f"No run: {run}"),
        key=name, bind="query-params",
    )  # fmt: skip
natural_mix = st.toggle(
    "Undo class-balanced sampling", key="natural_mix", bind="query-params",
    help="A stage trained on class-balanced batches believes every class equally likely beforehand and so overstates "
    "rare ones. This multiplies its probabilities by the classes' shares of the training side. Class weights and "
    "focal losses distort too, and stay. Decisions down the tree do not change.",
)  # fmt: skip

with shown_errors():
    spec = run_folder(chosen["stage1"]).spec()
    data = dataset(spec.dataset)
    whole = evaluated(spec.dataset, spec.split, chosen, natural_mix)
stand_in = [STAGES[name].title for name, source in chosen.items() if source in STAND_INS]
if stand_in:
    st.info(
        f"No run decides {', '.join(stand_in)}: what stands in was fitted on the training side.", icon=":material/info:"
    )
backbones = dict(zip(runs["run"], runs["stage1_run"], strict=True))
later = {STAGES[name].title: backbones[run] for name, run in chosen.items() if name != "stage1" and run in backbones}
others = [title for title, backbone in later.items() if backbone != chosen["stage1"]]
if others:
    st.warning(
        f"{', '.join(others)} trained on another Stage-1 run's backbone: right as a figure, but an encoder would have "
        "to compute two backbones.",
        icon=":material/warning:",
    )

left, right = st.columns(2)
qindex = left.segmented_control(
    "qindex", whole.qindexes(), default=ALL, key="hierarchy_qindex", bind="query-params", required=True
)
way = right.segmented_control(
    "Decision", list(WAYS), default=GREEDY, format_func=WAYS.get, key="decision", bind="query-params", required=True,
    help="Down the tree: the likelier class at each stage, as the thesis decides. Likeliest of the eight: the highest "
    "product of the probabilities along the path.",
)  # fmt: skip
part = whole.at(qindex)
with shown_errors():
    beside = {
        title: evaluated(spec.dataset, spec.split, dict.fromkeys(STAGES, source)).at(qindex)
        for source, title in REFERENCES.items()
    }
compared = {CHOSEN: part} | beside
curves = {name: search_curve(each.probabilities, each.labels) for name, each in compared.items()}
ours, theirs = (headline(compared[name], way, curves[name], MOST_LOST) for name in (CHOSEN, REFERENCES[LOGISTIC]))
*columns, last = st.columns(4)
for column, (key, (title, about)) in zip(columns, HEADLINE.items(), strict=True):
    column.metric(
        title, f"{ours[key]:.2f} %", f"{ours[key] - theirs[key]:+.2f} pp", "off", help=about,
        delta_description="vs. regression",
    )  # fmt: skip
last.metric("Validation blocks", f"{len(part.labels):,}")

by_qindex = {
    f"qindex {value}" if value != ALL else ALL: search_curve(whole.at(value).probabilities, whole.at(value).labels)
    for value in whole.qindexes()
}
left, right = st.columns(2)
goal = "Search avoided against right partitions lost"
left.plotly_chart(search_figure(curves, list(beside), goal), key="search")
right.plotly_chart(search_figure(by_qindex, (), "The same by qindex"), key="search-qindex")
st.caption(
    "Lines: only types at least as likely as a threshold τ are searched, and always the likeliest; diamonds: the k "
    "likeliest. Lower and further right is better. Every type counts one eighth of the search, though they cost an "
    "encoder unlike time; a lost partition is replaced by another, whose cost in bits is not counted here."
)

left, right = st.columns([3, 2])
title = f"{WAYS[way]}, {'all qindexes' if qindex == ALL else f'qindex {qindex}'}"
left.plotly_chart(confusion_figure(part.confusion(way), [kind.name for kind in TYPES], title), key="confusion")
errors = {title: stage_errors(part.labels, part.decided(name)) for name, title in WAYS.items()}
right.plotly_chart(stage_error_figure(errors), key="stage-errors")

st.subheader("By qindex")
shown = score_table(whole)
shown["decision"] = shown["decision"].map(WAYS)
numbers = {name: st.column_config.NumberColumn(format="%.2f") for name in shown.columns[3:]}
numbers["f1"] = st.column_config.NumberColumn("F1", format="%.2f")
numbers["blocks"] = st.column_config.NumberColumn(format="localized")
st.dataframe(shown, hide_index=True, column_config=numbers, placeholder="–")
st.caption(
    f"F1 and accuracy in %, on the validation side of {plain(data.name)}, natural mix of types: every whole 16×16 "
    f"block, whichever stages it needs. Left out: {count(whole.left_out, 'block')} of HORZ_4 or VERT_4. One run a "
    "stage is one seed: a difference between two such choices can be chance."
)
