"""The gates of the Block view: the weights of channels and, where the last map is larger than 1×1, of positions."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from av1core.analysis.maps.gates import Gates, gates
from av1core.figures.gates import CLOSED, OPEN, attention_figure, gates_figure
from pages._ui import charts
from pages._ui.attribution_choice import Chosen
from pages._ui.text import plain
from pages._ui.wide import wide
from pages._ui.words import tell, words

if TYPE_CHECKING:
    from av1core.analysis.maps.subject import Subject

_OTHERS = 256  # blocks that the block is seen against


def show(chosen: Chosen, row: int) -> None:
    """An expander that reads the gates once it is open. row: of the block table."""
    section = st.expander(
        tell("Channel gates and spatial attention"), key="gates", bind="query-params", icon=":material/tune:"
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
        with st.spinner(tell("Reading the gates of other blocks…")):
            others[label] = _of_many(subject.weights, chosen.data.fingerprint, subject, some)
    title = tell("Squeeze-excitation: weights of the channels")
    with wide("gates"):
        charts.chart(gates_figure(own, others, title, words()), "gates-figure")
    st.caption(
        tell(
            "A weight of 1 lets a channel through, 0 shuts it off; open is above {open:g}, closed below {closed:g}. "
            "The band and the line are of validation blocks, evenly spaced. Where the band is narrow, the gate does "
            "not depend on the block.",
            open=OPEN, closed=CLOSED,
        )
    )  # fmt: skip
    if any(each.spatial for each in own.values()):
        title = tell("Spatial attention: weights of the positions")
        charts.chart(attention_figure(own, title, words()), "attention-figure")
    for label, each in own.items():
        if each.attention is None:
            st.caption(tell("{run} has no spatial attention.", run=plain(label)))
        elif not each.spatial:
            st.caption(
                tell(
                    "Spatial attention of {run} is not a map: the last layer is 1×1 here, so it weighs all of it by "
                    "one number, here {weight:.2f}.",
                    run=plain(label), weight=each.attention.item(),
                )
            )  # fmt: skip


@st.cache_data(max_entries=32, show_spinner=False)
def _of_many(weights: str, fingerprint: str, _subject: "Subject", _rows: Sequence[int]) -> Gates:
    blocks = _subject.blocks(_rows)
    return gates(_subject.model, blocks.pixels, blocks.qindex)
