"""Which validation blocks the Attribution page looks at, in every view. The link holds the filter."""

from collections.abc import Sequence

import streamlit as st

from av1core.analysis.maps.choice import DISAGREEMENTS, ORDERS, OUTCOMES, BlockFilter, filtered
from av1core.analysis.predictions import Predictions
from av1core.dataset.folder import Dataset
from av1core.partition import Stage
from pages._ui.text import plain

PAGE = "gallery_page"
"""The key of the gallery's page, which another filter starts anew."""

_ANY = {
    "only_true": None, "only_predicted": None, "only_outcome": None, "only_qindex": None, "only_source": None,
    "only_confidence": (0.0, 1.0), "only_runs": None, "order": "dataset",
}  # fmt: skip
"""What each control has where it asks for nothing."""


def chosen_filter(
    predictions: Predictions, data: Dataset, other: Predictions | None
) -> tuple[BlockFilter, Sequence[int]]:
    """A filter, and the rows of the block table that pass it, in its order; both are said in words.

    predictions: of the run that the page is about. other: of the run beside it, on the same blocks.
    """
    with st.container(horizontal=True, vertical_alignment="center", key="block-filter"):
        with st.popover("Filter", icon=":material/filter_alt:"):
            wanted = _controls(predictions, data, other is not None)
        rows = filtered(predictions, data, wanted, other)
        if wanted.words:
            st.button("Clear", icon=":material/filter_alt_off:", on_click=_clear, help="Show every block again.")
        share = f"{len(rows):,} of {len(predictions.block):,}"
        st.markdown(f"Showing {share} {plain(said(wanted, predictions.stage))}", width="content")
    return wanted, rows


def said(wanted: BlockFilter, stage: Stage) -> str:
    """Such as "validation blocks of Stage 2 (true RECT, wrong)"; a source's name in it as it stands."""
    return f"validation blocks of {stage.title}" + (f" ({', '.join(wanted.words)})" if wanted.words else "")


def _controls(predictions: Predictions, data: Dataset, two_runs: bool) -> BlockFilter:
    blocks, rows = data.blocks, predictions.block
    classes = predictions.stage.classes
    left, right = st.columns(2)
    with left:
        true = _any_of("True class", classes, "only_true")
        outcome = _any_of("Right or wrong", OUTCOMES, "only_outcome", format_func=str.capitalize)
        source = _any_of("Source", [data.sources[place].name for place in _found(blocks.source[rows])], "only_source")
    with right:
        predicted = _any_of("Predicted class", classes, "only_predicted")
        qindex = _any_of("qindex", [str(value) for value in _found(blocks.qindex[rows])], "only_qindex")
        differ = _any_of(
            "The two runs", list(DISAGREEMENTS), "only_runs", disabled=not two_runs,
            format_func=lambda kind: DISAGREEMENTS[kind].capitalize(),
            help="Where the run and the one beside it decide differently. Choose a run beside it first.",
        )  # fmt: skip
    lowest, highest = st.slider(
        "Confidence", 0.0, 1.0, (0.0, 1.0), 0.01, "percent", key="only_confidence", bind="query-params",
        on_change=_first_page, help="The probability that the run gives to the class it predicts.",
    )  # fmt: skip
    order = st.selectbox(
        "Order", list(ORDERS), format_func=lambda name: ORDERS[name].capitalize(), key="order", bind="query-params",
        on_change=_first_page, help="Most wrong first: the true class has the lowest probability.",
    )  # fmt: skip
    return BlockFilter(
        true, predicted, outcome, int(qindex) if qindex else None, lowest, highest, differ if two_runs else None,
        source, order,
    )  # fmt: skip


def _any_of(label: str, options: Sequence[str], key: str, **about) -> str | None:
    return st.selectbox(
        label, options, index=None, placeholder="Any", key=key, bind="query-params", on_change=_first_page, **about
    )


def _found(values) -> list[int]:
    return sorted(set(values.tolist()))


def _first_page() -> None:
    st.session_state[PAGE] = 1


def _clear() -> None:
    st.session_state.update(_ANY)
    _first_page()
