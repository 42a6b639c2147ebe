"""Hierarchy: the four stages as one classifier, and the partition search that it would save."""

import streamlit as st

from av1core.analysis.hierarchy import ALL, FREQUENCIES, GREEDY, LOGISTIC, PRODUCT
from av1core.analysis.results import with_model
from av1core.partition import STAGES
from av1core.translation import message
from pages._ui.analyses import hierarchy as evaluated
from pages._ui.hierarchy_choice import chosen_stages
from pages._ui.hierarchy_scores import Shown, headline, mistakes, scores, search
from pages._ui.links import named_choice
from pages._ui.state import dataset, index, run_folder, shown_errors
from pages._ui.widgets import no_runs_yet
from pages._ui.words import tell, told

WAYS = {GREEDY: message("Down the tree"), PRODUCT: message("Likeliest of the eight")}
REFERENCES = {
    LOGISTIC: message("Logistic regression in every stage"),
    FREQUENCIES: message("Class frequencies in every stage"),
}

st.title(tell("Hierarchy"))
with shown_errors():
    runs = index().runs()
runs = runs[with_model(runs)]
if not (runs["stage"] == "stage1").any():
    no_runs_yet(tell("There is no finished Stage-1 run to begin the hierarchy with."))
    st.stop()

chosen = chosen_stages(runs)
natural_mix = st.toggle(
    tell("Undo class-balanced sampling"), key="natural_mix", bind="query-params",
    help=tell(
        "A stage trained on class-balanced batches believes every class equally likely beforehand and so overstates "
        "rare ones. This multiplies its probabilities by the classes' shares of the training side. Class weights and "
        "focal losses distort too, and stay. Decisions down the tree do not change."
    ),
)  # fmt: skip
with shown_errors(), st.spinner(tell("Evaluating the stages on every validation block…")):
    spec = run_folder(chosen["stage1"]).spec()
    data = dataset(spec.dataset)
    whole = evaluated(spec.dataset, spec.split, chosen, natural_mix)
    alike = {source: evaluated(spec.dataset, spec.split, dict.fromkeys(STAGES, source)) for source in REFERENCES}

left, right = st.columns(2)
with left:
    qindex = named_choice(tell("qindex"), whole.qindexes(), "hierarchy_qindex", ALL)
with right:
    way = named_choice(
        tell("Decision"), list(WAYS), "decision", format_func=told(WAYS),
        help=tell(
            "Down the tree: the likelier class at each stage, as the thesis decides. Likeliest of the eight: the "
            "highest product of the probabilities along the path."
        ),
    )  # fmt: skip
shown = Shown(
    whole=whole,
    part=whole.at(qindex),
    beside={REFERENCES[source]: each.at(qindex) for source, each in alike.items()},
    qindex=qindex,
    way=way,
    ways=WAYS,
)
headline(shown, REFERENCES[LOGISTIC])
search(shown)
mistakes(shown)
scores(shown, data.name)
