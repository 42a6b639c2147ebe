"""Figures of the hierarchy end to end, from the tables of `analysis.hierarchy`."""

from collections.abc import Collection, Mapping

import pandas as pd
import plotly.graph_objects as go

from av1core.figures.theme import Look, colours, empty, literal, short, style, whole
from av1core.figures.theme import looks as _looks_by_place
from av1core.partition import STAGES
from av1core.translation import ENGLISH, Words


def search_figure(
    curves: Mapping[str, pd.DataFrame],
    references: Collection[str],
    title: str,
    looks: Mapping[str, Look] | None = None,
    labels: Mapping[str, str] | None = None,
    words: Words = ENGLISH,
) -> go.Figure:
    """Search avoided against right partitions lost, in %: lines by threshold, markers at the k likeliest types.

    curves: tables of `search_curve` by key. references: the keys of those that are dotted. looks, labels: by key, of
    experiments that look alike in every figure; without them a curve has its place's look and its key's name.
    """
    if not curves:
        return empty(words.tell("No curve to show"))
    looks, labels = looks or _looks_by_place(curves), labels or {}
    by_k = words.tell("the {k} likeliest", k="%{customdata[0]:.0f}")
    said = words.tell(
        "{searched} types searched, {avoided} % avoided, {lost} % lost",
        searched="%{customdata[1]:.2f}", avoided="%{x:.1f}", lost="%{y:.2f}",
    )  # fmt: skip
    figure = go.Figure()
    for key, curve in curves.items():
        look, label = looks[key], labels.get(key, key)
        dash = "dot" if key in references else look.dash
        for rule, rows in curve.groupby("rule"):
            by_threshold = rule == "threshold"
            shown = "τ = %{customdata[0]:.4f}" if by_threshold else by_k
            figure.add_scatter(
                x=rows["avoided"], y=rows["lost"], name=short(label), legendgroup=key, showlegend=by_threshold,
                mode="lines" if by_threshold else "markers", line={"color": look.colour, "dash": dash, "width": 2},
                marker={"color": look.colour, "size": 8, "symbol": "diamond"}, customdata=rows[["value", "searched"]],
                hovertemplate=f"{whole(label)}, {shown}<br>{said}<extra></extra>",
            )  # fmt: skip
    x, y = words.tell("Search avoided (% of the eight types)"), words.tell("Right partitions lost (%)")
    style(figure, title, x, y, 480)
    figure.update_xaxes(dtick=25)
    return figure.update_layout(hovermode="closest")


def stage_error_figure(errors: Mapping[str, pd.DataFrame], words: Words = ENGLISH) -> go.Figure:
    """Bars: the share of all blocks that went wrong first at each stage, in %.

    errors: tables of `stage_errors` by name of the way to decide.
    """
    said = words.tell(
        "{share} % of all blocks; wrong for {wrong} of the {reached} that reached it",
        share="%{x:.2f}", wrong="%{customdata[0]:,}", reached="%{customdata[1]:,}",
    )  # fmt: skip
    figure = go.Figure()
    for way, colour in colours(errors).items():
        name, rows = literal(way), errors[way]
        figure.add_bar(
            y=[STAGES[stage].title for stage in rows["stage"]], x=rows["share"], name=name, marker_color=colour,
            orientation="h", texttemplate="%{x:.1f}", customdata=rows[["wrong", "reached"]].to_numpy(),
            hovertemplate=f"{name}: {said}<extra></extra>",
        )  # fmt: skip
    style(figure, words.tell("First wrong decision, by stage"), words.tell("Blocks (% of all)"), None, 480)
    figure.update_yaxes(autorange="reversed")
    return figure.update_layout(barmode="group", hovermode="closest")
