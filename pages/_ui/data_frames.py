"""The Frames view of the Data page: a frame with its tree, and a panel about the node that was chosen."""

import streamlit as st

from av1core.dataset.explore import FrameNodes, find_node, frame_nodes, frame_qindexes
from av1core.dataset.folder import Dataset
from av1core.figures.frame import overlay
from av1core.partition import MODEL_SIZE
from pages._ui.data_node import node_panel
from pages._ui.frame_viewer import frame_viewer, picture
from pages._ui.text import plain
from pages._ui.words import plural, tell


def explore_frames(data: Dataset) -> None:
    """Choose source, frame and qindex; see the tree; choose a node. The link holds all of it."""
    names = [source.name for source in data.sources]
    columns = iter(st.columns(3))
    name = next(columns).selectbox(tell("Source"), names, key="source", bind="query-params")
    place = names.index(name)
    source = data.sources[place]
    frame = 0
    if source.frames > 1:
        numbers = [str(number) for number in source.numbers]
        title = tell("Mosaic page") if source.mosaic else tell("Frame of the clip")
        frame = numbers.index(next(columns).selectbox(title, numbers, key="frame", bind="query-params"))
    qindexes = frame_qindexes(data, place, frame)
    if not qindexes:
        st.info(tell("This frame has no nodes."), icon=":material/info:")
        return
    qindex = next(columns).selectbox(
        tell("qindex"), [str(value) for value in qindexes], key="qindex", bind="query-params",
        help=tell("The quantiser index of the encode, 0 (finest) to 255. Coarser encodes cut less."),
    )  # fmt: skip
    nodes = frame_nodes(data, place, frame, int(qindex))
    chosen = _chosen_node(nodes)
    left, panel = st.columns([5, 3])
    with left:
        frame_viewer(
            picture(data, place, frame), overlay(nodes), width=source.width, height=source.height, selected=chosen,
            label=plural(
                "{source} at qindex {qindex}, {count:,} tree node", "{source} at qindex {qindex}, {count:,} tree nodes",
                len(nodes), source=source.name, qindex=qindex,
            ),
            name=f"frame-{name}-{qindex}", key="frame-viewer", on_choose=lambda node: _choose(nodes, node),
        )  # fmt: skip
        if source.mosaic:
            st.caption(
                tell("These are separate blocks laid side by side: what lies next to a block means nothing.")
            )  # fmt: skip
        elif source.title or source.author:
            st.caption(" · ".join(plain(text) for text in (source.title, source.author, source.licence) if text))
    with panel:
        if chosen is None:
            st.info(
                tell("Choose a node to see its pixels, its type and what lies around it."), icon=":material/touch_app:"
            )
            st.button(tell("Show a 16×16 node"), on_click=_choose, args=(nodes, _first(nodes)))
        else:
            node_panel(data, place, frame, nodes, chosen, lambda node: _choose(nodes, node))


def _chosen_node(nodes: FrameNodes) -> int | None:
    """The node that the link names by row, col and size, if this tree has it."""
    parts = st.query_params.get("node", "").split("-")
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        return None
    return find_node(nodes, *map(int, parts))


def _choose(nodes: FrameNodes, node: int) -> None:
    st.query_params["node"] = "-".join(str(getattr(nodes, name)[node]) for name in ("row", "col", "size"))


def _first(nodes: FrameNodes) -> int:
    found = (nodes.size == MODEL_SIZE).nonzero()[0]
    return int(found[0]) if len(found) else 0
