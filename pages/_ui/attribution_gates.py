"""The gates of the Block view: the weights of channels and, where the last map is larger than 1×1, of positions."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from av1core.analysis.maps.gates import Gates, gates
from av1core.figures.gates import CLOSED, OPEN, attention_figure, gates_figure
from pages._ui import charts
from pages._ui.attribution_choice import Chosen
from pages._ui.text import plain

if TYPE_CHECKING:
    from av1core.analysis.maps.subject import Subject

_OTHERS = 256  # blocks that the block is seen against


def show(chosen: Chosen, row: int) -> None:
    """An expander that reads the gates once it is open. row: of the block table."""
    section = st.expander(
        "Channel gates and spatial attention", key="gates", bind="query-params", icon=":material/tune:"
    )
    if section.open:
        with section:
            _gates(chosen, row)


def _gates(chosen: Chosen, row: int) -> None:
    own, others = {}, {}
    for run, subject in chosen.subjects.items():
        label = chosen.labels[run]
        block = subject.blocks([row])
        own[label] = gates(subject.model, block.pixels, block.qindex)
        validation = chosen.predictions[run].block
        some = validation[:: max(1, len(validation) // _OTHERS)][:_OTHERS]
        others[label] = _of_many(subject.weights, chosen.data.fingerprint, subject, some)
    charts.chart(gates_figure(own, others, "Squeeze-excitation: weights of the channels"), "gates-figure")
    st.caption(
        f"A weight of 1 lets a channel through, 0 shuts it off; open is above {OPEN:g}, closed below {CLOSED:g}. The "
        "band and the line are of validation blocks, evenly spaced. Where the band is narrow, the gate does not depend "
        "on the block."
    )
    if any(each.spatial for each in own.values()):
        charts.chart(attention_figure(own, "Spatial attention: weights of the positions"), "attention-figure")
    for label, each in own.items():
        if each.attention is None:
            st.caption(f"{plain(label)} has no spatial attention.")
        elif not each.spatial:
            st.caption(
                f":gray[Spatial attention of {plain(label)} is not a map: the last layer is 1×1 here, so it "
                f"weighs all of it by one number, here {each.attention.item():.2f}.]"
            )


@st.cache_data(max_entries=32, show_spinner="Reading the gates of other blocks…")
def _of_many(weights: str, fingerprint: str, _subject: "Subject", _rows: Sequence[int]) -> Gates:
    blocks = _subject.blocks(_rows)
    return gates(_subject.model, blocks.pixels, blocks.qindex)
