"""The Features view of the Attribution page: what the layers of the Stage-1 backbone hold."""

import streamlit as st

from av1core.analysis.feature_map import MOST_POINTS, PCA, WAYS, orders, ways
from av1core.analysis.features import FEATURE_LAYERS, FORMS, MEAN, backbone_note, drawn_places
from av1core.analysis.probe_answer import answer
from av1core.analysis.tables import probe_columns
from av1core.figures.features import BY, cka_figure, feature_map_figure, probe_figure
from av1core.partition import STAGES
from pages._ui import charts
from pages._ui.attribution_choice import Chosen
from pages._ui.attribution_place import open_block
from pages._ui.feature_analyses import feature_map, probes, similarity
from pages._ui.text import count, plain

MAP = "feature-map"
MOST_COMPARED = 2000
ONE_SEED = (
    "One backbone of one seed: this is not established for others. A linear probe finds what a linear model can read; "
    "more may be there. The best of several probes is chosen on the blocks that it is scored on, which flatters it."
)


def show(chosen: Chosen) -> None:
    """The whole view."""
    part = st.segmented_control(
        "What to look at", list(PARTS), default="Probe", key="features", bind="query-params", required=True
    )
    PARTS[part](chosen)


def _probe(chosen: Chosen) -> None:
    default = "stage2" if chosen.stage.name == "stage1" else chosen.stage.name
    stage = STAGES[
        st.segmented_control(
            "Classes of", list(STAGES), default=default, format_func=lambda name: STAGES[name].title, required=True,
            # Each stage has its own default, which its runs are compared at.
            key=f"probe_{chosen.stage.name}", bind="query-params",
            help="What is read from the features. A run is shown beside them where it decides the same.",
        )
    ]  # fmt: skip
    for run, subject in chosen.subjects.items():
        own = chosen.predictions[run] if chosen.stage == stage else None
        found, label = probes(subject, stage, own), chosen.labels[run]
        said = answer(found)
        st.subheader(plain(label))
        st.markdown(f"**{said.verdict}**\n\n" + "\n".join(f"- {reason}" for reason in said.reasons))
        charts.chart(probe_figure(found, f"{stage.title}: linear probes of {label}", label), f"probe-{run}", "probe")
        st.caption(
            f"Fitted to {count(found.fitted, 'block')} of the training side, scored on {found.scored:,} of the "
            f"validation side of {plain(chosen.data.name)}, natural mix, with 95 % intervals over other pictures "
            f"({count(len(found.units), found.unit)}). {backbone_note(subject.spec)} {ONE_SEED}"
        )
        charts.table(found.table(), probe_columns(stage.name), f"probe-{stage.name}-{run}")


def _cka(chosen: Chosen) -> None:
    form = _form()
    first, second = chosen.subject, chosen.subjects[chosen.beside or chosen.run]
    rows = drawn_places(chosen.data.blocks, chosen.predictions[chosen.run].block, MOST_COMPARED)
    if len(rows) < 4:
        st.info("CKA needs four blocks or more.", icon=":material/info:")
        return
    table, same = similarity(first, second, rows, form)
    labels = chosen.labels[chosen.run], chosen.labels[chosen.beside or chosen.run]
    charts.chart(cka_figure(table, FEATURE_LAYERS, f"CKA of layers, {FORMS[form]}", labels), "cka")
    if chosen.beside and same:
        st.info("Both runs have the very same backbone, so each layer is itself again.", icon=":material/info:")
    beside = "" if chosen.beside else " Choose a run beside it to compare two backbones."
    st.caption(
        f"Linear CKA, estimated without bias, of the features of {count(len(rows), 'validation block')}: 1 where a "
        f"rotation and one scale make them equal, about 0 where they have nothing in common.{beside}"
    )


def _map(chosen: Chosen) -> None:
    left, middle, right = st.columns([3, 3, 4])
    layer = left.selectbox(
        "Layer", list(FEATURE_LAYERS), index=len(FEATURE_LAYERS) - 1, key="features_layer", bind="query-params"
    )
    by = middle.selectbox("Tell apart by", list(BY), format_func=BY.get, key="features_by", bind="query-params")
    with right:
        form = _form()
    way = PCA
    if len(ways()) > 1:
        way = st.segmented_control(
            "Projection", ways(), default=PCA, format_func=WAYS.get, key="features_way", bind="query-params",
            required=True,
        )  # fmt: skip
    rows = drawn_places(chosen.data.blocks, chosen.rows, MOST_POINTS)
    if len(rows) < 2:
        st.info("A map needs two blocks or more. Widen the filter above.", icon=":material/info:")
        return
    found = feature_map(chosen.subject, rows, chosen.predictions[chosen.run], layer, form, way)
    title = f"{layer}, {FORMS[form]}: {chosen.labels[chosen.run]}"
    figure = feature_map_figure(found, by, title, orders(chosen.data, chosen.predictions[chosen.run]))
    charts.chart(figure, MAP, on_select=lambda: open_point(chosen), selection_mode="points")
    st.caption(
        f"{count(len(rows), 'block')} of the {len(chosen.rows):,} chosen: at most {MOST_POINTS:,} are drawn, and of a "
        "block at several qindexes one, since its features are the same. Click a point to open its block."
    )


def open_point(chosen: Chosen) -> None:
    """Go to the block whose point was clicked."""
    points = st.session_state[MAP]["selection"]["points"]
    if points:
        open_block(chosen.data, int(points[0]["customdata"][0]))


def _form() -> str:
    return st.segmented_control(
        "Features", list(FORMS), default=MEAN, format_func=lambda form: FORMS[form].capitalize(), required=True,
        key="features_form", bind="query-params",
        help="A mean over the positions of a map says what is in a block; with positions, also where. A map of 1×1 has "
        "one position, and both are the same.",
    )  # fmt: skip


PARTS = {"Probe": _probe, "CKA": _cka, "Map": _map}
