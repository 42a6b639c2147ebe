"""Figures of the hierarchy end to end, from the tables of `analysis.hierarchy`."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from av1core.figures.theme import colours, empty, style
from av1core.partition import STAGES

_DASHES = {"run": "solid", "reference": "dot"}


def confusion_figure(confusion: np.ndarray, names: Sequence[str], title: str) -> go.Figure:
    """Heat map of counts, coloured by the share of each true class in %. confusion: (C, C), rows true."""
    totals = confusion.sum(1, keepdims=True)
    shares = 100 * confusion / np.maximum(totals, 1)
    cells = [
        [f"{count:,}<br>{share:.0f} %" for count, share in zip(*row, strict=True)]
        for row in zip(confusion, shares, strict=True)
    ]
    rows = [f"{name} ({total:,})" for name, total in zip(names, totals[:, 0], strict=True)]
    figure = go.Figure(
        go.Heatmap(
            z=shares, x=list(names), y=rows, text=cells, texttemplate="%{text}", colorscale="Blues", zmin=0, zmax=100,
            colorbar={"title": "% of row"}, hovertemplate="true %{y}<br>decided %{x}<br>%{text}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed")
    return style(figure, title, "Decided", "Encoder's choice (blocks)", 520).update_layout(hovermode="closest")


def search_figure(curves: Mapping[str, pd.DataFrame], references: Sequence[str], title: str) -> go.Figure:
    """Search avoided against right partitions lost: lines by threshold, markers at the k likeliest types.

    curves: tables of `search_curve` by name. references: the names of those that are dotted.
    """
    if not curves:
        return empty("No curve to show")
    figure = go.Figure()
    for name, colour in colours(curves).items():
        dash = _DASHES["reference" if name in references else "run"]
        for rule, rows in curves[name].groupby("rule"):
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
    return figure.update_layout(hovermode="closest")


def stage_error_figure(errors: Mapping[str, pd.DataFrame]) -> go.Figure:
    """Bars: the share of all blocks that went wrong first at each stage, in %.

    errors: tables of `stage_errors` by name of the way to decide.
    """
    figure = go.Figure()
    for name, colour in colours(errors).items():
        rows = errors[name]
        figure.add_bar(
            x=[STAGES[stage].title for stage in rows["stage"]], y=rows["share"], name=name, marker_color=colour,
            customdata=rows[["wrong", "reached"]].to_numpy(),
            hovertemplate=f"{name}: %{{y:.2f}} % of all blocks; wrong for %{{customdata[0]:,}} of the "
            "%{customdata[1]:,} that reached it<extra></extra>",
        )  # fmt: skip
    figure.update_layout(barmode="group")
    return style(figure, "First wrong decision, by stage", None, "Blocks (% of all)")
