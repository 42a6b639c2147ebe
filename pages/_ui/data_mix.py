"""The Class mix view of the Data page."""

import streamlit as st

from av1core.dataset.counts import class_mix, node_counts, picture_pixels, type_shares
from av1core.dataset.folder import Dataset
from av1core.dataset.record import FINAL_TREE
from av1core.figures.mix import class_mix_figure, node_count_figure, type_share_figure
from av1core.partition import STAGES
from pages._ui.text import plain

BY = {"qindex": "qindex", "Node size": "size", "Source": "source", "Side of the split": "side"}
OF = {"Nodes": "share_of_nodes", "Pixels": "share_of_pixels"}


def class_mixes(data: Dataset) -> None:
    """Classes by stage, node counts, and the histogram of types."""
    counts = node_counts(data)
    left, right = st.columns(2)
    stage = left.segmented_control(
        "Stage", list(STAGES), default="stage1", format_func=lambda name: STAGES[name].title, key="stage",
        bind="query-params", required=True,
    )  # fmt: skip
    by = right.segmented_control("By", list(BY), default="qindex", key="by", bind="query-params", required=True)
    st.plotly_chart(class_mix_figure(class_mix(counts, stage, BY[by]), stage, BY[by]), key="class-mix")

    which = "nodes of each size" if BY[by] == "size" else "16×16 nodes, which are what the hierarchy predicts"
    st.caption(f"Shares are of whole {which}.")
    left, right = st.columns(2)
    left.plotly_chart(node_count_figure(counts), key="node-counts")
    with right:
        whole_trees = data.description.labels == FINAL_TREE
        of = st.segmented_control(
            "Percent of", list(OF) if whole_trees else ["Nodes"], default="Nodes", key="of", bind="query-params",
            required=True,
        )  # fmt: skip
        st.plotly_chart(type_share_figure(type_shares(counts, picture_pixels(data)), OF[of]), key="type-shares")
        if not whole_trees:
            st.caption(
                f"No percent of pixels: the labels are {plain(data.description.labels)}, not one tree for each picture."
            )
        elif of == "Pixels":
            st.caption(
                "Every pixel counts for the node that decides on it; a SPLIT of 16×16 or more leaves that to its "
                "children. What is missing to 100 % lies in undivided blocks of 128×128."
            )

    table = counts.pivot_table(index="size", columns="partition", values="nodes", aggfunc="sum", fill_value=0)
    st.subheader("Nodes by size and type")
    st.dataframe(table.rename(index=lambda size: f"{size}×{size}"))
    four_way = counts[counts["partition"].isin(("HORZ_4", "VERT_4"))]["nodes"].sum()
    crossing = counts[~counts["whole"]]["nodes"].sum()
    st.caption(
        f"{four_way:,} nodes are HORZ_4 or VERT_4, which lie outside the hierarchy. {crossing:,} nodes reach over the "
        "picture's border, where AV1 restricts the choice; they are kept and not trained on."
    )
