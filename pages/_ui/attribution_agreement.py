"""The foot of the Averages view of the Attribution page: do methods agree where the evidence lies?"""

from typing import TYPE_CHECKING

import streamlit as st

from av1core.analysis.maps import averages
from av1core.analysis.maps.methods import MapSpec
from av1core.analysis.maps.summaries import Agreement
from av1core.figures.map_summaries import agreement_figure
from pages._ui import charts
from pages._ui.attribution_choice import Chosen
from pages._ui.wide import wide
from pages._ui.words import plural, tell, words

if TYPE_CHECKING:
    from av1core.analysis.maps.subject import Subject

COMPARED = 64
"""Blocks that methods are compared on."""


def agreement(chosen: Chosen, spec: MapSpec, by: str, target: str) -> None:
    """The rank correlations of all methods of the input and of chosen layers, for each run.

    spec: whose baseline and output all methods take. by: of BY, from whose groups the blocks are drawn. target:
    PREDICTED, TRUE or a class.
    """
    st.header(tell("Do methods agree?"), anchor=False)
    asked = st.toggle(
        tell("Compare methods"), key="compare", bind="query-params",
        help=tell(
            "Off at first: maps of all methods on {blocks} blocks take some seconds; then they are kept.",
            blocks=COMPARED,
        ),
    )  # fmt: skip
    if not asked:
        return
    spatial = [layer.name for layer in chosen.subject.layers if layer.spatial]
    layers = st.multiselect(tell("Layers"), spatial, spatial[1:2], key="layers", bind="query-params")
    drawn = averages.draw(chosen.data, chosen.stage, chosen.rows, by, COMPARED)
    of = averages.drawn_targets(drawn.rows, target, chosen.predictions[chosen.run])
    specs = averages.every_method(layers, spec)
    for place, (run, subject) in enumerate(chosen.subjects.items()):
        missing = [name for name in layers if name not in {layer.name for layer in subject.layers if layer.spatial}]
        if missing:
            st.caption(tell("The second run has no map of {layers}: not compared there.", layers=", ".join(missing)))
        some = [each for each in specs if each.layer not in missing]
        with st.spinner(tell("Making maps by every method…")):
            found = _alike(subject.weights, subject.dataset.fingerprint, some, drawn.rows, of, subject)
        title = tell("Rank correlation of |map|: {run}", run=chosen.labels[run])
        with wide(f"agreement-{place}"):
            charts.chart(agreement_figure(found, title, words()), f"agreement-{place}")
    st.caption(
        plural(
            "Spearman's ρ of |map| over the 256 pixels of one block; flat maps are left out. A layer's map has one "
            "value for many pixels, so it cannot agree fully with a map of the input.",
            "Spearman's ρ of |map| over the 256 pixels of a block, mean over {count:,} blocks; flat maps are left out. "
            "A layer's map has one value for many pixels, so it cannot agree fully with a map of the input.",
            len(drawn.rows),
        )
    )


@st.cache_data(max_entries=64, show_spinner=False)
def _alike(weights: str, fingerprint: str, specs: list[MapSpec], rows, of, _subject: "Subject") -> Agreement:
    return averages.method_agreement(_subject, specs, rows, of)
