"""Figures of what a dataset holds, from the tables of `dataset.counts`."""

import pandas as pd
import plotly.graph_objects as go

from av1core.dataset.split import SIDE_TITLES
from av1core.figures.theme import PALETTE, empty, literal, short, style
from av1core.partition import STAGES, Partition
from av1core.translation import ENGLISH, Words, message

TYPE_COLOURS: dict[str, str] = {
    "NONE": "#0072B2", "SPLIT": "#D55E00", "HORZ": "#009E73", "VERT": "#66CDAA",
    "HORZ_A": "#CC79A7", "HORZ_B": "#E3B3CE", "VERT_A": "#9B59B6", "VERT_B": "#C9A6DB",
    "HORZ_4": "#E69F00", "VERT_4": "#F0D060",
}  # fmt: skip
"""A colour for each partition type: NONE, SPLIT, and one hue for each of RECT, AB and the 4-way types."""

CLASS_COLOURS = TYPE_COLOURS | {"PARTITION": "#D55E00", "RECT": TYPE_COLOURS["HORZ"], "AB": TYPE_COLOURS["HORZ_A"]}
"""A colour for each class of the stages; one of several types has that of one of them."""


_MIX_BY = {
    "qindex": (message("class mix by qindex"), "qindex"),
    "size": (message("class mix by node size"), message("Node size")),
    "source": (message("class mix by source"), message("Source")),
    "side": (message("class mix by side"), message("Side")),
}
"""Titles of the figure and of its axis, by column of `counts.node_counts`."""


def class_mix_figure(mix: pd.DataFrame, stage: str, by: str, words: Words = ENGLISH) -> go.Figure:
    """Stacked bars of the classes in %, one for each value of `by`; from `counts.class_mix`."""
    if mix.empty:
        return empty(words.tell("No block of this stage"))
    title, axis = _MIX_BY[by]
    said = words.tell("{share} % ({blocks} blocks)", share="%{y:.1f}", blocks="%{customdata:,}")
    figure = go.Figure()
    for name in STAGES[stage].classes:
        rows = mix[mix["class"] == name]
        figure.add_bar(
            x=[_bar(value, by, words) for value in rows[by]], y=rows["share"] * 100, name=name,
            customdata=rows["nodes"], marker_color=CLASS_COLOURS[name],
            hovertemplate=f"{name}: {said}<extra></extra>",
        )  # fmt: skip
    figure.update_layout(barmode="stack")
    if by == "source":  # not shortened before, as two long names may become the same
        names = list(dict.fromkeys(mix[by]))
        figure.update_xaxes(tickvals=list(map(literal, names)), ticktext=[short(name, 16) for name in names])
    figure.update_xaxes(type="category")
    title = words.tell("{stage}: {title}", stage=STAGES[stage].title, title=title)
    return style(figure, title, words.tell(axis), words.tell("Blocks (%)"))


def _bar(value: object, by: str, words: Words) -> str:
    """What a bar is called."""
    if by == "side":
        return words.tell(SIDE_TITLES[str(value)])
    return f"{value}×{value}" if by == "size" else literal(str(value))


def node_count_figure(counts: pd.DataFrame, words: Words = ENGLISH) -> go.Figure:
    """How many nodes of each size the trees have, by qindex; from `counts.node_counts`."""
    table = counts.groupby(["qindex", "size"])["nodes"].sum().reset_index()
    figure = go.Figure()
    for place, (size, rows) in enumerate(table.groupby("size")):
        figure.add_bar(
            x=rows["qindex"].astype(str), y=rows["nodes"], name=f"{size}×{size}", marker_color=PALETTE[place],
            hovertemplate=f"{size}×{size}: {words.tell('{nodes} nodes', nodes='%{y:,}')}<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(type="category")
    return style(figure, words.tell("Tree nodes by qindex"), "qindex", words.tell("Nodes"))


def type_share_figure(shares: pd.DataFrame, share: str, words: Words = ENGLISH) -> go.Figure:
    """Histogram of the partition types in %, stacked by node size; share: "share_of_nodes" or "share_of_pixels".

    shares: of `counts.type_shares`, which has them in [0, 1].
    """
    title, axis = {
        "share_of_nodes": (words.tell("Partition types in % of nodes"), words.tell("Nodes (%)")),
        "share_of_pixels": (words.tell("Partition types in % of pixels"), words.tell("Pixels (%)")),
    }[share]
    said = words.tell("{share} % ({nodes} nodes)", share="%{y:.2f}", nodes="%{customdata:,}")
    figure = go.Figure()
    for place, (size, rows) in enumerate(shares.groupby("size")):
        by_type = rows.set_index("partition").reindex(Partition.__members__)
        figure.add_bar(
            x=list(by_type.index), y=by_type[share] * 100, name=f"{size}×{size}", marker_color=PALETTE[place],
            customdata=by_type["nodes"],
            hovertemplate=f"{size}×{size}: {said}<extra></extra>",
        )  # fmt: skip
    figure.update_layout(barmode="stack")
    return style(figure, title, None, axis)
