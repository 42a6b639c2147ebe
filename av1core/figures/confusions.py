"""Confusion matrices as heat maps: one, two side by side, and the difference of two.

A matrix is (C, C) counts, rows true, columns decided; cells show shares of the true class, so that classes of unlike
size can be read alike. A cell is empty where its class has no block.
"""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from av1core.figures.theme import literal, shortened, style, whole
from av1core.translation import ENGLISH, Words

# Dark text reads on all of both scales, in a light and in a dark page.
_INK = {"color": "#111111"}
_LIGHT_BLUES = ["#f7fbff", "#6baed6"]
_BLUE_TO_ORANGE = ["#6baed6", "#f7f7f7", "#f5a34d"]
_HEIGHT = 480
_LEVEL = 4
"""So many names of classes have room beside one another, on a narrow page too."""


def confusion_figure(confusion: np.ndarray, names: Sequence[str], title: str, words: Words = ENGLISH) -> go.Figure:
    """One matrix: the share of each true class in %, with how many blocks the class has beside its name."""
    rows = [f"{name} ({words.number(total, ',')})" for name, total in zip(names, confusion.sum(1), strict=True)]
    figure = _finish(go.Figure(_shares(confusion, names, rows, words)), title, words.tell("Encoder's choice (blocks)"))
    return figure.update_xaxes(title=words.tell("Decided (% of the row)"))


def confusion_pair(
    left: np.ndarray, right: np.ndarray, names: Sequence[str], titles: tuple[str, str], words: Words = ENGLISH
) -> go.Figure:
    """Two matrices of the same classes side by side, in % of each true class and on one scale of colours."""
    shown = [whole(shortened(each, 30), 22) for each in titles]
    figure = make_subplots(rows=1, cols=2, shared_yaxes=True, horizontal_spacing=0.04, subplot_titles=shown)
    for col, confusion in enumerate((left, right), 1):
        figure.add_trace(_shares(confusion, names, names, words), row=1, col=col)
    _finish(figure, words.tell("Confusion matrices (% of the row)"), words.tell("Encoder's choice"))
    # On a narrow page the panels have no room for more, nor their titles for one line.
    meta = words.tell("Left: {left}. Right: {right}", left=titles[0], right=titles[1])
    figure.update_layout(margin={"t": 95}, meta=literal(meta))
    return figure.update_xaxes(title=words.tell("Decided")).update_yaxes(title=None, col=2)


def confusion_difference(
    left: np.ndarray, right: np.ndarray, names: Sequence[str], title: str, words: Words = ENGLISH
) -> go.Figure:
    """right − left in pp of each true class, on a scale symmetric about zero. On the diagonal, more is better."""
    before, after = _in_percent(left), _in_percent(right)
    difference = after - before
    limit = max(1.0, np.nanmax(np.abs(difference), initial=0.0))
    heatmap = go.Heatmap(
        z=difference, x=list(names), y=list(names), text=_texts(difference, "+.1f", words), texttemplate="%{text}",
        textfont=_INK, colorscale=_BLUE_TO_ORANGE, zmin=-limit, zmax=limit, xgap=1, ygap=1, hoverongaps=False,
        customdata=np.stack([before, after], axis=-1), colorbar={"title": "pp", "thickness": 12},
        hovertemplate=f"{_cell(words)}<br>%{{customdata[0]:.1f}} % → %{{customdata[1]:.1f}} %: %{{z:+.2f}} pp"
        "<extra></extra>",
    )  # fmt: skip
    figure = _finish(go.Figure(heatmap), title, words.tell("Encoder's choice"))
    return figure.update_xaxes(title=words.tell("Decided (pp of the row)"))


def _shares(confusion: np.ndarray, names: Sequence[str], rows: Sequence[str], words: Words) -> go.Heatmap:
    shares = _in_percent(confusion)
    return go.Heatmap(
        z=shares, x=list(names), y=list(rows), text=_texts(shares, ".0f", words, " %", confusion),
        texttemplate="%{text}",
        textfont=_INK, colorscale=_LIGHT_BLUES, zmin=0, zmax=100, showscale=False, xgap=1, ygap=1, hoverongaps=False,
        customdata=confusion,
        hovertemplate=f"{_cell(words)}<br>{words.tell('{count} blocks', count='%{customdata:,}')}, %{{z:.1f}} %"
        "<extra></extra>",
    )  # fmt: skip


def _in_percent(confusion: np.ndarray) -> np.ndarray:
    """float64 (C, C): shares of each row in %; NaN in a row without blocks."""
    totals = confusion.sum(1, keepdims=True)
    return np.where(totals, 100 * confusion / np.maximum(totals, 1), np.nan)


def _cell(words: Words) -> str:
    return words.tell("true {true}<br>decided {decided}", true="%{y}", decided="%{x}")


def _texts(
    values: np.ndarray, form: str, words: Words, unit: str = "", shown: np.ndarray | None = None
) -> list[list[str]]:
    """A text for each cell, none where the value is NaN or `shown` is zero."""
    shown = np.ones_like(values) if shown is None else shown
    return [
        [words.number(value, form) + unit if some and value == value else "" for value, some in zip(*row, strict=True)]
        for row in zip(values, shown, strict=True)
    ]


def _finish(figure: go.Figure, title: str, y: str) -> go.Figure:
    style(figure, title, None, y, _HEIGHT)
    if len(figure.data[0].x) > _LEVEL:
        figure.update_xaxes(tickangle=-45)
    figure.update_yaxes(autorange="reversed", showgrid=False)  # the first class on top
    return figure.update_layout(hovermode="closest")
