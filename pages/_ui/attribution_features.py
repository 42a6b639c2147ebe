"""The Features view of the Attribution page: what the layers of the Stage-1 backbone hold."""

import streamlit as st

from av1core.analysis.feature_map import MOST_POINTS, PCA, WAYS, orders, ways
from av1core.analysis.features import FEATURE_LAYERS, FORMS, backbone_note, drawn_places
from av1core.analysis.probe_answer import answer
from av1core.analysis.tables import probe_columns
from av1core.figures.features import BY, cka_figure, feature_map_figure, probe_figure
from av1core.partition import STAGES
from av1core.translation import message
from pages._ui import charts
from pages._ui.attribution_choice import Chosen
from pages._ui.attribution_place import open_block
from pages._ui.feature_analyses import feature_map, probes, similarity
from pages._ui.links import named_choice
from pages._ui.text import plain
from pages._ui.wide import wide
from pages._ui.words import plural, tell, told, words

MAP = "feature-map"
MOST_COMPARED = 2000
ONE_SEED = message(
    "One backbone of one seed: this is not established for others. A linear probe finds what a linear model can read; "
    "more may be there. The best of several probes is chosen on the blocks that it is scored on, which flatters it."
)


def show(chosen: Chosen) -> None:
    """The whole view."""
    PARTS[named_choice(tell("What to look at"), list(PARTS), "features")](chosen)


def _probe(chosen: Chosen) -> None:
    default = "stage2" if chosen.stage.name == "stage1" else chosen.stage.name
    stage = STAGES[
        st.segmented_control(
            tell("Classes of"), list(STAGES), default=default, format_func=lambda name: STAGES[name].title,
            # Each stage has its own default, which its runs are compared at.
            key=f"probe_{chosen.stage.name}", bind="query-params", required=True,
            help=tell("What is read from the features. A run is shown beside them where it decides the same."),
        )
    ]  # fmt: skip
    for run, subject in chosen.subjects.items():
        own = chosen.predictions[run] if chosen.stage == stage else None
        found, label = probes(subject, stage, own), chosen.labels[run]
        said = answer(found)
        st.header(plain(label))
        st.markdown(f"**{tell(said.verdict)}**\n\n" + "\n".join(f"- {tell(reason)}" for reason in said.reasons))
        title = tell("{stage}: linear probes of {run}", stage=stage.title, run=label)
        charts.chart(probe_figure(found, title, label, words()), f"probe-{run}", "probe")
        if found.unit == "source":
            units = plural("{count:,} source", "{count:,} sources", len(found.units))
        else:
            units = plural("{count:,} frame", "{count:,} frames", len(found.units))
        how = tell(
            "Fitted to {fitted:,} blocks of the training side, scored on {scored:,} of the validation side of {data}, "
            "natural mix, with 95 % intervals over other pictures ({units}).",
            fitted=found.fitted, scored=found.scored, data=plain(chosen.data.name), units=units,
        )  # fmt: skip
        st.caption(" ".join([how, tell(backbone_note(subject.spec)), tell(ONE_SEED)]))
        charts.table(found.table(), probe_columns(stage.name), f"probe-{stage.name}-{run}")


def _cka(chosen: Chosen) -> None:
    form = _form()
    first, second = chosen.subject, chosen.subjects[chosen.beside or chosen.run]
    rows = drawn_places(chosen.data.blocks, chosen.predictions[chosen.run].block, MOST_COMPARED)
    if len(rows) < 4:
        st.info(tell("CKA needs four blocks or more."), icon=":material/info:")
        return
    table, same = similarity(first, second, rows, form)
    labels = chosen.labels[chosen.run], chosen.labels[chosen.beside or chosen.run]
    title = tell("CKA of layers, {form}", form=FORMS[form])
    with wide("cka"):
        charts.chart(cka_figure(table, FEATURE_LAYERS, title, labels, words()), "cka")
    if chosen.beside and same:
        st.info(tell("Both runs have the very same backbone, so each layer is itself again."), icon=":material/info:")
    said = tell(
        "Linear CKA, estimated without bias, of the features of {blocks:,} validation blocks: 1 where a rotation and "
        "one scale make them equal, about 0 where they have nothing in common.",
        blocks=len(rows),
    )
    beside = "" if chosen.beside else tell("Choose a run beside it to compare two backbones.")
    st.caption(f"{said} {beside}")


def _map(chosen: Chosen) -> None:
    left, middle, right = st.columns([3, 3, 4])
    with left:
        layer = named_choice(
            tell("Layer"), list(FEATURE_LAYERS), "features_layer", FEATURE_LAYERS[-1], control=st.selectbox
        )
    with middle:
        by = named_choice(tell("Tell apart by"), list(BY), "features_by", control=st.selectbox, format_func=told(BY))
    with right:
        form = _form()
    way = PCA
    if len(ways()) > 1:
        way = st.segmented_control(
            tell("Projection"), ways(), default=PCA, format_func=WAYS.get, key="features_way", bind="query-params",
            required=True,
        )  # fmt: skip
    rows = drawn_places(chosen.data.blocks, chosen.rows, MOST_POINTS)
    if len(rows) < 2:
        st.info(tell("A map needs two blocks or more. Widen the filter above."), icon=":material/info:")
        return
    found = feature_map(chosen.subject, rows, chosen.predictions[chosen.run], layer, form, way)
    title = f"{tell(layer)}, {tell(FORMS[form])}: {chosen.labels[chosen.run]}"
    figure = feature_map_figure(found, by, title, orders(chosen.data, chosen.predictions[chosen.run]), words())
    with wide("map"):
        charts.chart(figure, MAP, on_select=lambda: open_point(chosen), selection_mode="points")
    st.caption(
        tell(
            "{shown:,} blocks of the {all:,} chosen: at most {most:,} are drawn, and of a block at several qindexes "
            "one, since its features are the same. Click a point to open its block.",
            shown=len(rows), all=len(chosen.rows), most=MOST_POINTS,
        )
    )  # fmt: skip


def open_point(chosen: Chosen) -> None:
    """Go to the block whose point was clicked."""
    points = st.session_state[MAP]["selection"]["points"]
    if points:
        open_block(chosen.data, int(points[0]["customdata"][0]))


def _form() -> str:
    return named_choice(
        tell("Features"), list(FORMS), "features_form", format_func=lambda form: tell(FORMS[form]).capitalize(),
        help=tell(
            "A mean over the positions of a map says what is in a block; with positions, also where. A map of 1×1 has "
            "one position, and both are the same."
        ),
    )  # fmt: skip


PARTS = {message("Probe"): _probe, message("CKA"): _cka, message("Map"): _map}
