"""The panel about one node of a frame's tree: its pixels, its type at each qindex, and the way to the nodes around."""

from collections.abc import Callable

import streamlit as st

from av1core.dataset.explore import FrameNodes, at_qindexes, neighbours, same_size
from av1core.dataset.folder import Dataset
from av1core.figures.frame import node_figure
from av1core.partition import MODEL_SIZE, STAGES, Partition
from av1core.translation import message
from pages._ui.charts import chart
from pages._ui.words import tell, words

SIDES = {
    "left": (message("To the left"), "arrow_back"),
    "above": (message("Above"), "arrow_upward"),
    "right": (message("To the right"), "arrow_forward"),
    "below": (message("Below"), "arrow_downward"),
}


def node_panel(
    data: Dataset, source: int, frame: int, nodes: FrameNodes, node: int, choose: Callable[[int], None]
) -> None:
    """nodes: of this frame at one qindex. node: an index into them. choose: called with another such index."""
    row, col, size = (int(getattr(nodes, name)[node]) for name in ("row", "col", "size"))
    kind = Partition(int(nodes.partition[node]))
    qindex = int(data.blocks.qindex[nodes.rows[node]])
    title = tell("{size}×{size} node, {kind}", size=size, kind=kind.name)
    where = tell("row {row}, column {col}", row=row, col=col)
    st.markdown(f"**{title}**  \n{where} · {tell('qindex {value}', value=qindex)}")
    with st.container(horizontal=True):
        st.button(
            tell("Previous"), on_click=choose, args=(same_size(nodes, node, -1),), width="stretch",
            help=tell("The previous node of {size}×{size} in this frame.", size=size),
        )  # fmt: skip
        st.button(
            tell("Next"), on_click=choose, args=(same_size(nodes, node, 1),), width="stretch",
            help=tell("The next node of {size}×{size} in this frame.", size=size),
        )  # fmt: skip
    chart(node_figure(data.luma(source, frame), row, col, size, kind, words()), "node-pixels")
    if size == MODEL_SIZE:
        classes = [f"{stage.title}: {label}" for stage in STAGES.values() if (label := stage.class_of(kind))]
        st.markdown(" · ".join(classes) or tell("Outside the hierarchy"))
    others = at_qindexes(data, int(nodes.rows[node]))
    if len(others) > 1:
        found = (f"{value}: {tell('not visited') if kind is None else kind.name}" for value, kind in others.items())
        st.markdown(tell("At other qindexes: {found}", found=" · ".join(found)))
    if not data.sources[source].mosaic:
        _around(nodes, neighbours(nodes, node), choose)


def _around(nodes: FrameNodes, around: dict[str, list[int]], choose: Callable[[int], None]) -> None:
    st.markdown(f"**{tell('Neighbours')}**")
    for side, found in around.items():
        title, icon = SIDES[side]
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                tell(title), key=f"go-{side}", icon=f":material/{icon}:", disabled=not found, on_click=choose,
                args=(found[0] if found else 0,), width=140,
            )  # fmt: skip
            names = [
                f"{nodes.size[place]}×{nodes.size[place]} {Partition(int(nodes.partition[place])).name}"
                for place in found
            ]
            st.caption(", ".join(names) or tell("no node"), width="stretch")
