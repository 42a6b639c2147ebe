"""F1 of experiments by class, qindex or source: a dot with its interval over seeds, side by side within each group."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from av1core.figures.theme import Look, empty, short, style, whole
from av1core.translation import ENGLISH, Words


def class_dots(
    table: pd.DataFrame, looks: Mapping[str, Look], labels: Mapping[str, str], words: Words = ENGLISH
) -> go.Figure:
    """F1 of each class, in the order of the table.

    table: columns experiment, class, f1, low, high in %; low and high are NaN where one seed gives no interval.
    looks, labels: by experiment.
    """
    titles = words.tell("F1 by class"), words.tell("Class"), words.tell("F1 (%)")
    return _dots(table, "class", looks, labels, titles, words)


def group_dots(
    table: pd.DataFrame,
    looks: Mapping[str, Look],
    labels: Mapping[str, str],
    by: Literal["qindex", "source"],
    words: Words = ENGLISH,
) -> go.Figure:
    """Macro-F1 of each qindex or source, in ascending order, with its number of blocks on hover.

    table: columns experiment, group (text), blocks, f1, low, high; F1 in %.
    """
    order = table["group"].astype(float) if by == "qindex" else table["group"]
    table = table.iloc[np.argsort(order, kind="stable")]
    if by == "qindex":
        title, x = words.tell("Macro-F1 by qindex"), "qindex"
    else:
        title, x = words.tell("Macro-F1 by source"), words.tell("source")
    return _dots(table, "group", looks, labels, (title, x, words.tell("Macro-F1 (%)")), words)


def _dots(table, column: str, looks, labels, titles: tuple[str, str, str], words: Words) -> go.Figure:
    """titles: of the figure, of x and of y."""
    title, x, y = titles
    if table["f1"].isna().all():
        return empty(words.tell("Nothing to show: {title}", title=title))
    figure = go.Figure()
    groups = list(dict.fromkeys(table[column]))
    for experiment, rows in table.groupby("experiment", sort=False):
        look, label = looks[experiment], labels[experiment]
        blocks = (
            [", " + words.tell("{count} blocks", count=words.number(count, ",")) for count in rows["blocks"]]
            if "blocks" in rows
            else [""] * len(rows)
        )
        intervals = [
            "<br>"
            + (
                words.tell("{low:.2f} to {high:.2f} over seeds", low=low, high=high)
                if low == low
                else words.tell("one seed: no interval")
            )
            for low, high in zip(rows["low"], rows["high"], strict=True)
        ]
        names = [whole(name) for name in rows[column]]
        f1 = rows["f1"].to_numpy(float)
        figure.add_scatter(
            # By place, as two long names may be shortened to the same text.
            x=[groups.index(name) for name in rows[column]], y=f1, mode="markers", name=short(label),
            marker={"color": look.colour, "symbol": look.symbol, "size": 9}, offsetgroup=experiment,
            error_y={
                "array": rows["high"].to_numpy(float) - f1, "arrayminus": f1 - rows["low"].to_numpy(float),
                "color": look.colour, "thickness": 1.5, "width": 3,
            },
            customdata=list(zip(names, blocks, intervals, strict=True)), legendgroup=experiment, showlegend=True,
            hovertemplate=f"{whole(label)}<br>%{{customdata[0]}}: %{{y:.2f}} %%{{customdata[1]}}%{{customdata[2]}}"
            "<extra></extra>",
        )  # fmt: skip
    ticks = [short(name, 16) for name in groups]
    style(figure, title, x, y, 420 if max(map(len, groups)) < 10 else 480)
    # Dots side by side would else begin at 0, as bars do.
    values = table[["f1", "low", "high"]].to_numpy(float)
    lowest, highest = np.nanmin(values), np.nanmax(values)
    room = max(0.5, 0.05 * (highest - lowest))
    figure.update_yaxes(range=[lowest - room, highest + room])
    figure.update_xaxes(tickvals=list(range(len(groups))), ticktext=ticks, range=[-0.5, len(groups) - 0.5])
    return figure.update_layout(hovermode="closest", scattermode="group", scattergap=0.4)
