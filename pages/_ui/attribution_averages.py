"""The Averages view of the Attribution page: mean maps, and where in a block the evidence lies."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from av1core.analysis.maps import averages
from av1core.analysis.maps.averages import BY, Drawn
from av1core.analysis.maps.choice import TRUE
from av1core.analysis.maps.export import mean_maps_npz
from av1core.analysis.maps.methods import LOGITS, MapSpec
from av1core.analysis.maps.summaries import mean_difference, mean_maps
from av1core.figures.map_summaries import mean_panels
from av1core.figures.maps import panels_figure
from av1core.translation import message
from pages._ui import charts
from pages._ui.attribution_agreement import agreement
from pages._ui.attribution_choice import Chosen
from pages._ui.attribution_evidence import evidence
from pages._ui.attribution_method import evidence_for, one_way
from pages._ui.links import named_choice
from pages._ui.wide import wide
from pages._ui.words import plural, tell, told, words

if TYPE_CHECKING:
    from av1core.analysis.maps.subject import Subject

COUNTS = (64, 128, 256, 512)

SIGNED, ABSOLUTE = message("Signed"), message("Absolute")


def show(chosen: Chosen) -> None:
    """The whole view."""
    left, right = st.columns(2)
    with left:
        spec = one_way(chosen)
    with right:
        target = evidence_for(chosen.stage, TRUE, "average_target")
        group, blocks = st.columns(2)
        with group:
            by = named_choice(tell("Group by"), list(BY), "group", control=st.selectbox, format_func=told(BY))
        most = blocks.selectbox(tell("Blocks, at most"), COUNTS, 1, key="most", bind="query-params")
    drawn = averages.draw(chosen.data, chosen.stage, chosen.rows, by, most)
    st.caption(
        plural(
            "Showing {shown:,} of {count:,} block, drawn by a fixed seed and as evenly as there are blocks from "
            "{groups}.",
            "Showing {shown:,} of {count:,} blocks, drawn by a fixed seed and as evenly as there are blocks from "
            "{groups}.",
            drawn.of, shown=len(drawn.rows), groups=", ".join(drawn.names),
        )
    )  # fmt: skip
    of = averages.drawn_targets(drawn.rows, target, chosen.predictions[chosen.run])
    with st.spinner(tell("Making the maps of the drawn blocks…")):
        maps = {
            run: _maps(subject.weights, subject.dataset.fingerprint, spec, drawn.rows, of, subject)
            for run, subject in chosen.subjects.items()
        }
    _means(chosen, spec, target, drawn, maps)
    evidence(chosen, spec, drawn, maps)
    agreement(chosen, spec, by, target)


def _means(chosen: Chosen, spec: MapSpec, target: str, drawn: Drawn, maps: Mapping) -> None:
    st.header(tell("Mean maps"), anchor=False)
    absolute = spec.about.signed and named_choice(
        tell("Values"), [SIGNED, ABSOLUTE], "values",
        help=tell(
            "Signed: what speaks for the class in one block and against it in another cancels out. Absolute: the mean "
            "of |map|."
        ),
    ) == ABSOLUTE  # fmt: skip
    means = {run: mean_maps(found, drawn.group, drawn.names) for run, found in maps.items()}
    rows = [mean_panels(each, absolute, spec.about, words=words()) for each in means.values()]
    titles = [chosen.labels[run] for run in means]
    if chosen.beside:
        apart = mean_difference(*means.values(), adds_up=spec.about.unit == LOGITS)
        rows.append(mean_panels(apart, absolute, spec.about, difference=True, words=words()))
        titles.append(tell("Difference: the second minus the first"))
    title = tell("Mean maps: {method}", method=spec.title)
    with wide("mean-maps"):
        charts.chart(panels_figure(rows, title, titles, words=words()), "mean-maps", f"mean-maps-{spec.method}")
    if len({found.shape for found in maps.values()}) > 1:
        st.caption(tell("The difference is on the coarser grid of the two, logits summed and activations averaged."))
    st.download_button(
        tell("Save maps (NPZ)"), partial(mean_maps_npz, means, spec, target, drawn, chosen.stage, chosen.data),
        f"mean-maps-{chosen.run}-{spec.method}.npz", "application/octet-stream", icon=":material/download:",
        on_click="ignore",
    )  # fmt: skip


@st.cache_data(max_entries=64, show_spinner=False)
def _maps(weights: str, fingerprint: str, spec: MapSpec, rows, of, _subject: "Subject"):
    return averages.drawn_maps(_subject, spec, rows, of)
