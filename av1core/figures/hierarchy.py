"""Figures of the hierarchy end to end, from the tables of `analysis.hierarchy`."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from av1core.figures.theme import colours, empty, literal, style
from av1core.partition import STAGES

_DASHES = {"run": "solid", "reference": "dot"}
_LIGHT_BLUES = ["#f7fbff", "#6baed6"]  # black text reads on all of it, in a light and in a dark page


def confusion_figure(confusion: np.ndarray, names: Sequence[str], title: str) -> go.Figure:
    """Heat map of the share of each true class in %, empty where no block is. confusion: (C, C) counts, rows true."""
    totals = confusion.sum(1, keepdims=True)
    shares = 100 * confusion / np.maximum(totals, 1)
    cells = [
        [f"{share:.0f} %" if count else "" for count, share in zip(*row, strict=True)]
        for row in zip(confusion, shares, strict=True)
    ]
    rows = [f"{name} ({total:,})" for name, total in zip(names, totals[:, 0], strict=True)]
    figure = go.Figure(
        go.Heatmap(
            z=shares, x=list(names), y=rows, text=cells, texttemplate="%{text}", textfont={"color": "#111111"},
            colorscale=_LIGHT_BLUES, zmin=0, zmax=100, showscale=False, xgap=1, ygap=1, customdata=confusion,
            hovertemplate="true %{y}<br>decided %{x}<br>%{customdata:,} blocks, %{z:.1f} %<extra></extra>",
        )
    )  # fmt: skip
    style(figure, title, "Decided (% of the row)", "Encoder's choice (blocks)", 480)
    figure.update_xaxes(tickangle=-45)
    figure.update_yaxes(autorange="reversed")
    return figure.update_layout(hovermode="closest")


def search_figure(curves: Mapping[str, pd.DataFrame], references: Sequence[str], title: str) -> go.Figure:
    """Search avoided against right partitions lost: lines by threshold, markers at the k likeliest types.

    curves: tables of `search_curve` by name. references: the names of those that are dotted.
    """
    if not curves:
        return empty("No curve to show")
    figure = go.Figure()
    for curve, colour in colours(curves).items():
        name = literal(curve)
        dash = _DASHES["reference" if curve in references else "run"]
        for rule, rows in curves[curve].groupby("rule"):
            by_threshold = rule == "threshold"
            shown = "τ = %{customdata[0]:.4f}" if by_threshold else "the %{customdata[0]:.0f} likeliest"
            figure.add_scatter(
                x=rows["avoided"], y=rows["lost"], name=name, legendgroup=name, showlegend=by_threshold,
                mode="lines" if by_threshold else "markers", line={"color": colour, "dash": dash, "width": 2},
                marker={"color": colour, "size": 8, "symbol": "diamond"}, customdata=rows[["value", "searched"]],
                hovertemplate=f"{name}, {shown}<br>%{{customdata[1]:.2f}} types searched, %{{x:.1f}} % avoided, "
                "%{y:.2f} % lost<extra></extra>",
            )  # fmt: skip
    style(figure, title, "Search avoided (% of the eight types)", "Right partitions lost (%)", 480)
    figure.update_xaxes(dtick=25)
    return figure.update_layout(hovermode="closest")


def stage_error_figure(errors: Mapping[str, pd.DataFrame]) -> go.Figure:
    """Bars: the share of all blocks that went wrong first at each stage, in %.

    errors: tables of `stage_errors` by name of the way to decide.
    """
    figure = go.Figure()
    for way, colour in colours(errors).items():
        name, rows = literal(way), errors[way]
        figure.add_bar(
            y=[STAGES[stage].title for stage in rows["stage"]], x=rows["share"], name=name, marker_color=colour,
            orientation="h", texttemplate="%{x:.1f}", customdata=rows[["wrong", "reached"]].to_numpy(),
            hovertemplate=f"{name}: %{{x:.2f}} % of all blocks; wrong for %{{customdata[0]:,}} of the "
            "%{customdata[1]:,} that reached it<extra></extra>",
        )  # fmt: skip
    style(figure, "First wrong decision, by stage", "Blocks (% of all)", None, 480)
    figure.update_yaxes(autorange="reversed")
    return figure.update_layout(barmode="group", hovermode="closest")
