"""Which validation blocks the Attribution page looks at, in every view. The link holds the filter."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from av1core.analysis.maps.choice import DISAGREEMENTS, ORDERS, OUTCOMES, BlockFilter, filtered
from av1core.analysis.predictions import Predictions
from av1core.dataset.folder import Dataset
from av1core.partition import Stage
from pages._ui.text import plain
from pages._ui.words import tell

PAGE = "gallery_page"
"""The key of the gallery's page, which another filter starts anew."""

_CHOICES = (
    "only_true", "only_predicted", "only_outcome", "only_qindex", "only_source", "only_runs", "order"
)  # fmt: skip
_CONFIDENCE = "only_confidence"


def chosen_filter(
    predictions: Predictions, data: Dataset, other: Predictions | None
) -> tuple[BlockFilter, Sequence[int]]:
    """A filter, and the rows of the block table that pass it, in its order; both are said in words.

    predictions: of the run that the page is about. other: of the run beside it, on the same blocks.
    """
    with st.container(horizontal=True, vertical_alignment="center", key="block-filter"):
        with st.popover(tell("Filter"), icon=":material/filter_alt:"):
            wanted = _controls(predictions, data, other is not None)
        rows = filtered(predictions, data, wanted, other)
        if wanted.words:
            again = tell("Show every block again.")
            st.button(tell("Clear"), icon=":material/filter_alt_off:", on_click=_clear, help=again, key="filter-clear")
        shown = tell("Showing {shown:,} of {all:,}", shown=len(rows), all=len(predictions.block))
        st.markdown(f"{shown} {plain(said(wanted, predictions.stage))}", width="content")
    return wanted, rows


def said(wanted: BlockFilter, stage: Stage) -> str:
    """Such as "validation blocks of Stage 2 (true RECT, wrong)"; a source's name in it as it stands."""
    blocks = tell("validation blocks of {stage}", stage=stage.title)
    return f"{blocks} ({', '.join(map(tell, wanted.words))})" if wanted.words else blocks


def _controls(predictions: Predictions, data: Dataset, two_runs: bool) -> BlockFilter:
    blocks, rows = data.blocks, predictions.block
    classes = predictions.stage.classes
    left, right = st.columns(2)
    with left:
        true = _any_of(tell("True class"), classes, "only_true")
        outcome = _any_of(tell("Right or wrong"), list(OUTCOMES), "only_outcome", _capital(OUTCOMES))
        sources = [data.sources[place].name for place in _found(blocks.source[rows])]
        source = _any_of(tell("Source"), sources, "only_source")
    with right:
        predicted = _any_of(tell("Predicted class"), classes, "only_predicted")
        qindex = _any_of(tell("qindex"), [str(value) for value in _found(blocks.qindex[rows])], "only_qindex")
        differ = _any_of(
            tell("The two runs"), list(DISAGREEMENTS), "only_runs", _capital(DISAGREEMENTS), disabled=not two_runs,
            help=tell("Where the run and the one beside it decide differently. Choose a run beside it first."),
        )  # fmt: skip
    lowest, highest = st.slider(
        tell("Confidence"), 0.0, 1.0, (0.0, 1.0), 0.01, "percent", key=_CONFIDENCE, bind="query-params",
        on_change=_first_page, help=tell("The probability that the run gives to the class it predicts."),
    )  # fmt: skip
    order = _chosen_of(
        tell("Order"), list(ORDERS), "order", "dataset", _capital(ORDERS),
        help=tell("Most wrong first: the true class has the lowest probability."),
    )  # fmt: skip
    return BlockFilter(
        true, predicted, outcome, int(qindex) if qindex else None, lowest, highest, differ if two_runs else None,
        source, order,
    )  # fmt: skip


def _any_of(label: str, options: Sequence[str], key: str, format_func: Callable = str, **about) -> str | None:
    return _chosen_of(label, options, key, None, format_func, index=None, placeholder=tell("Any"), **about)


def _chosen_of(label: str, options: Sequence[str], key: str, otherwise: str | None, format_func, **about):
    """A choice of one key that the link names, which starts the gallery anew."""
    named = st.query_params.get(key)
    st.session_state[key] = named if named in options else otherwise
    return st.selectbox(
        label, options, key=key, format_func=format_func, on_change=_take, args=(key, otherwise), **about
    )


def _take(key: str, otherwise: str | None) -> None:
    chosen = st.session_state[key]
    if chosen == otherwise:
        st.query_params.pop(key, None)
    else:
        st.query_params[key] = chosen
    _first_page()


def _capital(labels: Mapping[str, str]) -> Callable[[str], str]:
    return lambda option: tell(labels[option]).capitalize()


def _found(values) -> list[int]:
    return sorted(set(values.tolist()))


def _first_page() -> None:
    st.session_state[PAGE] = 1


def _clear() -> None:
    for key in _CHOICES:
        st.query_params.pop(key, None)
    st.session_state[_CONFIDENCE] = (0.0, 1.0)
    _first_page()
