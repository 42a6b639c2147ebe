"""The Class mix view of the Data page."""

import pandas as pd
import streamlit as st

from av1core.dataset.counts import class_mix, node_counts, picture_pixels, type_shares
from av1core.dataset.folder import Dataset
from av1core.dataset.record import FINAL_TREE
from av1core.figures.mix import class_mix_figure, node_count_figure, type_share_figure
from av1core.partition import MODEL_SIZE, STAGES, Partition
from av1core.translation import message
from pages._ui import charts
from pages._ui.charts import chart
from pages._ui.links import named_choice
from pages._ui.text import plain
from pages._ui.words import plural, tell, told, words

BY = {
    "qindex": message("qindex"),
    "size": message("Node size"),
    "source": message("Source"),
    "side": message("Side"),
}
OF = {"nodes": message("Nodes"), "pixels": message("Pixels")}


def class_mixes(data: Dataset) -> None:
    """Classes by stage, node counts, and the histogram of types."""
    counts = node_counts(data)
    left, right = st.columns(2)
    stage = left.segmented_control(
        tell("Stage"), list(STAGES), default="stage1", format_func=lambda name: STAGES[name].title, key="stage",
        bind="query-params", required=True,
    )  # fmt: skip
    with right:
        by = named_choice(tell("By"), list(BY), "by", format_func=told(BY))
    chart(class_mix_figure(class_mix(counts, stage, by), stage, by, words()), "class-mix")
    if by == "size":
        st.caption(tell("Shares are of whole nodes of each size."))
    else:
        st.caption(
            tell(
                "Shares are of whole {size}×{size} nodes, which are what the hierarchy predicts.", size=MODEL_SIZE
            )
        )  # fmt: skip
    _node_charts(data, counts)
    table = counts.pivot_table(index="size", columns="partition", values="nodes", aggfunc="sum", fill_value=0)
    st.header(tell("Nodes by size and type"))
    table = table.reindex(columns=[name for name in Partition.__members__ if name in table])
    table.index = [f"{size}×{size}" for size in table.index]
    numbers = dict.fromkeys(table, ",")
    config = {name: charts.column(name, name, form) for name, form in numbers.items()}
    st.dataframe(charts.in_language(table.rename_axis(columns=None), numbers), column_config=config)
    four_way = int(counts[counts["partition"].isin(("HORZ_4", "VERT_4"))]["nodes"].sum())
    crossing = int(counts[~counts["whole"]]["nodes"].sum())
    outside = plural(
        "{count:,} node is HORZ_4 or VERT_4, which lie outside the hierarchy.",
        "{count:,} nodes are HORZ_4 or VERT_4, which lie outside the hierarchy.",
        four_way,
    )
    over = plural(
        "{count:,} node reaches over the picture's border, where AV1 restricts the choice; it is kept and not trained "
        "on.",
        "{count:,} nodes reach over the picture's border, where AV1 restricts the choice; they are kept and not "
        "trained on.",
        crossing,
    )
    st.caption(f"{outside} {over}")


def _node_charts(data: Dataset, counts: pd.DataFrame) -> None:
    """How many nodes there are, and of which types. counts: from `counts.node_counts`."""
    whole_trees = data.description.labels == FINAL_TREE
    of = named_choice(tell("Types in percent of"), list(OF) if whole_trees else ["nodes"], "of", format_func=told(OF))
    shares = type_shares(counts, picture_pixels(data))
    left, right = st.columns(2)
    with left:
        chart(node_count_figure(counts, words()), "node-counts")
    with right:
        chart(type_share_figure(shares, f"share_of_{of}", words()), "type-shares")
    if not whole_trees:
        labels = plain(tell(data.description.labels))
        st.caption(tell("No percent of pixels: the labels are {labels}, not one tree for each picture.", labels=labels))
    elif of == "pixels":
        st.caption(
            tell(
                "Every pixel counts for the node that decides on it; a SPLIT of 16×16 or more leaves that to its "
                "children. What is missing to 100 % lies in undivided blocks of 128×128."
            )
        )
