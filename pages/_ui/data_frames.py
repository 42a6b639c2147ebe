"""The Frames view of the Data page: a frame with its tree, and a panel about the node that was chosen."""

import streamlit as st

from av1core.dataset.explore import (
    NEIGHBOUR_SIDES,
    FrameNodes,
    at_qindexes,
    find_node,
    frame_nodes,
    frame_qindexes,
    neighbours,
    same_size,
)
from av1core.dataset.folder import Dataset
from av1core.figures.frame import node_figure, overlay
from av1core.partition import MODEL_SIZE, STAGES, Partition
from pages._ui.frame_viewer import frame_viewer, picture
from pages._ui.text import count, plain

ARROWS = dict(zip(NEIGHBOUR_SIDES, ("arrow_back", "arrow_upward", "arrow_forward", "arrow_downward"), strict=True))


def explore_frames(data: Dataset) -> None:
    """Choose source, frame and qindex; see the tree; click a node. The link holds all of it."""
    names = [source.name for source in data.sources]
    columns = iter(st.columns(3))
    name = next(columns).selectbox("Source", names, key="source", bind="query-params")
    place = names.index(name)
    source = data.sources[place]
    frame = 0
    if source.frames > 1:
        numbers = [str(number) for number in source.numbers]
        title = "Mosaic page" if source.mosaic else "Frame of the clip"
        frame = numbers.index(next(columns).selectbox(title, numbers, key="frame", bind="query-params"))
    qindexes = frame_qindexes(data, place, frame)
    if not qindexes:
        st.info("This frame has no nodes.", icon=":material/info:")
        return
    qindex = next(columns).selectbox(
        "qindex", [str(value) for value in qindexes], key="qindex", bind="query-params",
        help="The quantiser index of the encode, 0 (finest) to 255. Coarser encodes cut less.",
    )  # fmt: skip
    nodes = frame_nodes(data, place, frame, int(qindex))
    chosen = _chosen_node(nodes)
    left, panel = st.columns([5, 3])
    with left:
        frame_viewer(
            picture(data, place, frame), overlay(nodes), width=source.width, height=source.height,
            selected=chosen, label=f"{source.name} at qindex {qindex}, {count(len(nodes), 'tree node')}",
            name=f"frame-{name}-{qindex}", key="frame-viewer", on_choose=lambda node: _choose(nodes, node),
        )  # fmt: skip
        st.caption(
            "Click a node, and again for the node around it. Drag to move; + and − zoom, and so does the wheel after a "
            "click. A box below turns the lines of a type off."
        )
        if source.mosaic:
            st.caption("These are separate blocks laid side by side: what lies next to a block means nothing.")
        elif source.title or source.author:
            st.caption(" · ".join(plain(text) for text in (source.title, source.author, source.licence) if text))
    with panel:
        if chosen is None:
            st.info("Click a node to see its pixels, its type and what lies around it.", icon=":material/touch_app:")
            st.button("Show a 16×16 node", on_click=_choose, args=(nodes, _first(nodes)))
        else:
            _node_panel(data, place, frame, nodes, chosen)


def _node_panel(data: Dataset, source: int, frame: int, nodes: FrameNodes, node: int) -> None:
    row, col, size = (int(getattr(nodes, name)[node]) for name in ("row", "col", "size"))
    kind = Partition(int(nodes.partition[node]))
    st.markdown(
        f"**{size}×{size} node, {kind.name}**  \nrow {row}, col {col} · qindex {data.blocks.qindex[nodes.rows[node]]}"
    )
    steps = st.columns(2)
    for column, (title, step) in zip(steps, (("Previous", -1), ("Next", 1)), strict=True):
        column.button(
            title, on_click=_choose, args=(nodes, same_size(nodes, node, step)), width="stretch",
            help=f"The {title.lower()} node of {size}×{size} in this frame.",
        )  # fmt: skip
    st.plotly_chart(node_figure(data.luma(source, frame), row, col, size, kind), key="node-pixels")
    if size == MODEL_SIZE:
        classes = [f"{stage.title}: {label}" for stage in STAGES.values() if (label := stage.class_of(kind))]
        st.markdown(" · ".join(classes) or "Outside the hierarchy")
    others = at_qindexes(data, int(nodes.rows[node]))
    if len(others) > 1:
        st.markdown(
            "At other qindexes: "
            + " · ".join(
                f"{value}: {found.name if found is not None else 'not visited'}" for value, found in others.items()
            )
        )
    if not data.sources[source].mosaic:
        _neighbour_table(nodes, neighbours(nodes, node))


def _neighbour_table(nodes: FrameNodes, around: dict[str, list[int]]) -> None:
    st.markdown("**Neighbours**")
    for side, found in around.items():
        button, text = st.columns([2, 3], vertical_alignment="center")
        button.button(
            side.capitalize(), key=f"go-{side}", icon=f":material/{ARROWS[side]}:", disabled=not found,
            on_click=_choose, args=(nodes, found[0] if found else 0), width="stretch",
        )  # fmt: skip
        names = (
            f"{nodes.size[index]}×{nodes.size[index]} {Partition(int(nodes.partition[index])).name}" for index in found
        )
        text.caption(", ".join(names) or "none")


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
