"""Figures of what a dataset holds, from the tables of `dataset.counts`."""

import pandas as pd
import plotly.graph_objects as go

from av1core.figures.theme import PALETTE, empty, literal, style
from av1core.partition import STAGES, Partition

TYPE_COLOURS: dict[str, str] = {
    "NONE": "#0072B2", "SPLIT": "#D55E00", "HORZ": "#009E73", "VERT": "#66CDAA",
    "HORZ_A": "#CC79A7", "HORZ_B": "#E3B3CE", "VERT_A": "#9B59B6", "VERT_B": "#C9A6DB",
    "HORZ_4": "#E69F00", "VERT_4": "#F0D060",
}  # fmt: skip
"""A colour for each partition type: NONE, SPLIT, and one hue for each of RECT, AB and the 4-way types."""

CLASS_COLOURS = TYPE_COLOURS | {"PARTITION": "#D55E00", "RECT": TYPE_COLOURS["HORZ"], "AB": TYPE_COLOURS["HORZ_A"]}
"""A colour for each class of the stages; one of several types has that of one of them."""


def class_mix_figure(mix: pd.DataFrame, stage: str, by: str) -> go.Figure:
    """Stacked bars of the classes in %, one for each value of `by`; from `counts.class_mix`."""
    title = f"{STAGES[stage].title}: class mix by {by}"
    if mix.empty:
        return empty("No block of this stage")
    figure = go.Figure()
    for name in STAGES[stage].classes:
        rows = mix[mix["class"] == name]
        figure.add_bar(
            x=rows[by].astype(str).map(literal), y=rows["share"] * 100, name=name, customdata=rows["nodes"],
            marker_color=CLASS_COLOURS[name],
            hovertemplate=f"{name}: %{{y:.1f}} % (%{{customdata:,}} blocks)<extra></extra>",
        )  # fmt: skip
    figure.update_layout(barmode="stack")
    figure.update_xaxes(type="category")
    return style(figure, title, by, "Blocks (%)")


def node_count_figure(counts: pd.DataFrame) -> go.Figure:
    """How many nodes of each size the trees have, by qindex; from `counts.node_counts`."""
    table = counts.groupby(["qindex", "size"])["nodes"].sum().reset_index()
    figure = go.Figure()
    for place, (size, rows) in enumerate(table.groupby("size")):
        figure.add_bar(
            x=rows["qindex"].astype(str), y=rows["nodes"], name=f"{size}×{size}", marker_color=PALETTE[place],
            hovertemplate=f"{size}×{size}: %{{y:,}} nodes<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(type="category")
    return style(figure, "Tree nodes by qindex", "qindex", "Nodes")


def type_share_figure(shares: pd.DataFrame, share: str) -> go.Figure:
    """Histogram of the partition types, stacked by node size; share: "share_of_nodes" or "share_of_pixels"."""
    what = {"share_of_nodes": "nodes", "share_of_pixels": "pixels"}[share]
    figure = go.Figure()
    for place, (size, rows) in enumerate(shares.groupby("size")):
        by_type = rows.set_index("partition").reindex(Partition.__members__)
        figure.add_bar(
            x=list(by_type.index), y=by_type[share] * 100, name=f"{size}×{size}", marker_color=PALETTE[place],
            customdata=by_type["nodes"],
            hovertemplate=f"{size}×{size}: %{{y:.2f}} % (%{{customdata:,}} nodes)<extra></extra>",
        )  # fmt: skip
    figure.update_layout(barmode="stack")
    return style(figure, f"Partition types in percent of {what}", None, f"{what.capitalize()} (%)")
