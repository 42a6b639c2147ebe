"""Which block the Attribution page shows: the link names its place as on the Data page, source, frame, qindex, node."""

from collections.abc import Sequence

import streamlit as st

from av1core.analysis.maps.moves import first_row, offer
from av1core.dataset.folder import Dataset
from av1core.dataset.places import Place, place_of, row_at
from av1core.partition import MODEL_SIZE
from pages._ui.words import tell

NAMES = ("source", "frame", "qindex", "node")


def chosen_row(data: Dataset, rows: Sequence[int]) -> int:
    """The row of the block table that the link names; else the first of `rows`, which the link then names.

    Of a link that names a frame alone it is the first in that frame. rows: at least one, of whole 16×16 nodes.
    """
    row = _linked(data)
    if row is None or not data.model_blocks[row]:
        frame = _linked_frame(data)
        if "node" in st.query_params or (frame is None and "source" in st.query_params):
            st.caption(tell("The block that the link names is not in this dataset; this is another."))
        row = int(rows[0]) if frame is None else first_row(data, rows, *frame)
        choose(data, row)
    return row


def choose(data: Dataset, row: int) -> None:
    """Let the link name this block."""
    place = place_of(data, row)
    numbers = data.sources[data.blocks.source[row]].numbers
    values = (place.source, str(numbers[place.frame]), str(place.qindex), f"{place.row}-{place.col}-{place.size}")
    named = {name: value for name, value in zip(NAMES, values, strict=True) if st.query_params.get(name) != value}
    if named:  # at once, so that a step back in the browser is to a block and not to half of one's place
        st.query_params.update(named)


def open_block(data: Dataset, row: int) -> None:
    """Go to this block in the Block view, which is the first and so stands in no link."""
    choose(data, row)
    st.query_params.pop("view", None)


def _linked(data: Dataset) -> int | None:
    frame, sizes = _linked_frame(data), st.query_params.get("node", "").split("-")
    if frame is None or len(sizes) != 3 or not all(part.isdecimal() for part in sizes):
        return None
    source, number, qindex = frame
    row, col, size = map(int, sizes)
    place = Place(data.sources[source].name, number, qindex, row, col, size)
    return row_at(data, place) if size == MODEL_SIZE else None


def _linked_frame(data: Dataset) -> tuple[int, int, int] | None:
    """Source, frame and qindex that the link names, −1 for none; None unless the source has whole 16×16 nodes."""
    source, frame, qindex = (st.query_params.get(name, "") for name in NAMES[:3])
    names = [each.name for each in data.sources]
    if source not in names or names.index(source) not in offer(data, names.index(source), 0).sources:
        return None
    numbers = [str(number) for number in data.sources[names.index(source)].numbers]
    if frame not in numbers and (frame or len(numbers) > 1):
        return None
    return names.index(source), numbers.index(frame) if frame else 0, int(qindex) if qindex.isdecimal() else -1
