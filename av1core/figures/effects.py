"""Figures of studies and sweeps with several factors: main effects and parallel coordinates."""

from collections.abc import Sequence
from math import ceil
from numbers import Number

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from av1core.figures.theme import PALETTE, empty, literal, short, shortened, style, whole
from av1core.translation import ENGLISH, Words

_PANELS = 2  # a row
_LEVELS = 8  # up to which each number has a tick of its own
_DECADES = 50  # largest over smallest from which an axis is logarithmic
_LOW_TO_HIGH = [PALETTE[0], PALETTE[4], PALETTE[5], PALETTE[1]]  # blue to orange, each seen on white and on black


def main_effects(table: pd.DataFrame, words: Words = ENGLISH) -> go.Figure:
    """Mean val macro-F1 at each level of each factor, over whatever else varied: a panel a factor, on one scale.

    table: columns factor, level (text), f1, low, high (in %; NaN where there is no interval), experiments (how many the
    mean is over); factors and levels are drawn in the order of the table.
    """
    if table.empty:
        return empty(words.tell("No factor has two levels"))
    factors = list(dict.fromkeys(table["factor"]))
    cols = min(_PANELS, len(factors))
    rows = ceil(len(factors) / cols)
    figure = make_subplots(
        rows=rows, cols=cols, shared_yaxes="all", horizontal_spacing=0.03, vertical_spacing=0.35 / rows,
        subplot_titles=[short(factor, 30) for factor in factors],
    )  # fmt: skip
    for place, factor in enumerate(factors):
        levels = table[table["factor"] == factor]
        f1, ticks = levels["f1"].to_numpy(float), np.arange(len(levels))
        where = {"row": place // cols + 1, "col": place % cols + 1}
        figure.add_scatter(
            x=ticks, y=f1, mode="lines+markers", line={"color": PALETTE[0], "width": 2}, marker={"size": 9},
            name=short(factor), showlegend=False,
            error_y={
                "array": levels["high"].to_numpy(float) - f1, "arrayminus": f1 - levels["low"].to_numpy(float),
                "color": PALETTE[0], "thickness": 1.5, "width": 3,
            },
            customdata=[[whole(level), n] for level, n in zip(levels["level"], levels["experiments"], strict=True)],
            hovertemplate=f"{whole(factor)} = %{{customdata[0]}}<br>"
            + words.tell("{f1} %, mean of {number} experiments", f1="%{y:.2f}", number="%{customdata[1]}")
            + "<extra></extra>",
            **where,
        )  # fmt: skip
        named = [short(level, 16) for level in levels["level"]]
        figure.update_xaxes(tickvals=ticks, ticktext=named, range=[-0.5, len(levels) - 0.5], **where)
    style(figure, words.tell("Main effects"), None, None, 140 + 260 * rows)
    figure.update_yaxes(title=words.tell("Validation macro-F1 (%)"), col=1)
    about = words.tell("Validation macro-F1 in % by the level of {factors}", factors=", ".join(factors))
    return figure.update_layout(hovermode="closest", meta=literal(about))


def parallel(table: pd.DataFrame, dimensions: Sequence[str], words: Words = ENGLISH) -> go.Figure:
    """Parallel coordinates of a sweep: one line an experiment, one axis a factor, coloured by val macro-F1, the last.

    table: a row an experiment; the columns `dimensions`, numeric or not, and val_f1 in %. Rows without val_f1 are left
    out. An axis has a tick for each level; numbers of many levels have a scale, logarithmic where they span decades.
    """
    table = table[table["val_f1"].notna()]
    if table.empty or not dimensions:
        return empty(words.tell("No experiments that differ in a factor"))
    f1 = table["val_f1"].to_numpy(float)
    axes = [_axis(name, table[name]) for name in dimensions]
    colour = {"color": f1, "colorscale": _LOW_TO_HIGH, "showscale": True, "colorbar": {"title": "%", "thickness": 12}}
    axes.append({"label": words.tell("Validation macro-F1 (%)"), "values": f1, "tickformat": ".2f"})
    # Names at a slant do not touch on a narrow page.
    figure = go.Figure(go.Parcoords(line=colour, dimensions=axes, labelangle=-20))
    style(figure, words.tell("Validation macro-F1 by factor"), None, None)
    names = ", ".join(dimensions)
    margin = {"l": 90, "r": 40, "t": 130, "b": 30}  # ticks and the names of axes lie outside the plot
    about = words.tell("{count} experiments, a line each, over {factors}", count=len(table), factors=names)
    return figure.update_layout(meta=literal(about), margin=margin)


def _axis(name: str, values: pd.Series) -> dict:
    label = short(name, 24)
    # A column that lacks some may hold its numbers as objects.
    numeric = all(isinstance(value, Number) and not isinstance(value, bool | np.bool_) for value in values.dropna())
    values = values.astype(float) if numeric else values
    levels = values.dropna().unique()
    if numeric and len(levels) > _LEVELS and values.notna().all():
        numbers = values.to_numpy(float)
        if levels.min() > 0 and levels.max() / levels.min() >= _DECADES:
            powers = np.arange(np.floor(np.log10(levels.min())), np.ceil(np.log10(levels.max())) + 1)
            ticks = {"tickvals": powers, "ticktext": [f"{10**power:g}" for power in powers]}
            return {"label": label, "values": np.log10(numbers), "range": [powers[0], powers[-1]], **ticks}
        return {"label": label, "values": numbers}
    levels = sorted(levels, key=None if numeric else str)
    # Plotly shows these ticks as plain text, in which an escaped character would be seen as it is written.
    texts = [f"{level:g}" if numeric else shortened(str(level), 16) for level in levels]
    if values.isna().any():
        texts.append("–")
    places = values.map({level: place for place, level in enumerate(levels)}).fillna(len(levels))
    return {"label": label, "values": places.to_numpy(float), "tickvals": list(range(len(texts))), "ticktext": texts}
