"""Looks and the layout shared by every figure. Colours are Okabe and Ito's, distinct for colour-blind readers."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape, unescape
from math import ceil
from textwrap import wrap
from typing import Any, Literal

import plotly.graph_objects as go

from av1core.translation import ENGLISH, Words

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#999999", "#B2A100")
NEUTRAL = "#888888"
"""Zero lines, keys and whatever belongs to no experiment: it reads in a light and in a dark page."""

# Training is dotted everywhere, so no look is. 5 and 7 share no factor: a pair repeats after 35 turns of the palette.
_DASHES = ("solid", "dash", "dashdot", "longdash", "longdashdot")
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "pentagon")

_ROW = 19  # px of a row of the legend
_LEGEND_WIDTH = 700  # px, of a figure in a page somewhat narrower than 1280 px


@dataclass(frozen=True)
class Look:
    """How an experiment is drawn in every figure: a CSS colour, a Plotly dash and a Plotly symbol."""

    colour: str
    dash: str
    symbol: str


def looks(keys: Iterable[str]) -> dict[str, Look]:
    """A look for each key by its place; pass all that exist, so that a choice of some keeps each one's look.

    The colour changes from key to key, the dash and the symbol with each turn of the palette: 280 keys are distinct.
    """
    turns = ((key, *divmod(place, len(PALETTE))) for place, key in enumerate(keys))
    return {
        key: Look(PALETTE[colour], _DASHES[turn % len(_DASHES)], _SYMBOLS[turn % len(_SYMBOLS)])
        for key, turn, colour in turns
    }


def colours(keys: Iterable[str]) -> dict[str, str]:
    """The colour of each key's look."""
    return {key: look.colour for key, look in looks(keys).items()}


def faint(colour: str, opacity: float) -> str:
    """A colour "#rrggbb" as CSS with an opacity in [0, 1], for what a legend or a hover need not be faint with."""
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def literal(text: str) -> str:
    """Text that Plotly shows as it stands: else a name's tags, formulas and placeholders would be carried out."""
    return escape(text, quote=False).replace("$", "&#36;").replace("%{", "&#37;{")


def shortened(text: str, limit: int = 40) -> str:
    """Beyond `limit` characters the middle of a text is left out: names differ at the end. Not literal yet."""
    if len(text) <= limit:
        return text
    tail = limit // 3
    return f"{text[: limit - tail - 1].rstrip()}…{text[-tail:].lstrip()}"


def short(text: str, limit: int = 40) -> str:
    """Literal text for legends and axes, at most `limit` characters."""
    return literal(shortened(text, limit))


def whole(text: str, width: int = 60) -> str:
    """Literal text for hovers, all of it, in lines of at most `width` characters."""
    return "<br>".join(map(literal, wrap(text, width)))


def style(figure: go.Figure, title: str, x: str | None, y: str | None, height: int = 420) -> go.Figure:
    """Title, axis titles with units, and a legend at the foot, for whose rows the figure grows beyond `height` px."""
    figure.update_layout(
        title=literal(title),
        height=height + _ROW * (_legend_rows(figure) - 1),
        margin={"l": 60, "r": 20, "t": 80 if figure.layout.annotations else 50, "b": 50},  # panels have titles too
        # Referred to the container, Plotly moves the axis up for the legend, however many rows it takes.
        legend={"orientation": "h", "yref": "container", "yanchor": "bottom", "y": 0, "xanchor": "left", "x": 0},
        hovermode="x unified",
    )
    figure.update_annotations(font_size=13)
    figure.update_xaxes(title=x)
    figure.update_yaxes(title=y)
    return figure


def _legend_rows(figure: go.Figure) -> int:
    return max(1, ceil(sum(50 + 6 * len(name) for name in _legend_names(figure)) / _LEGEND_WIDTH))


def _legend_names(figure: go.Figure) -> list[str]:
    return [unescape(trace.name) for trace in figure.data if trace.name and trace.showlegend is not False]


def empty(message: str) -> go.Figure:
    """A figure that says why it is empty."""
    figure = go.Figure()
    figure.add_annotation(text=literal(message), showarrow=False, font={"size": 16})
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure


def describe(figure: go.Figure, words: Words = ENGLISH, most: int = 12) -> str:
    """A figure in words for those who do not see it: its title, its axes and what its legend names, at most `most`.

    A sentence in `layout.meta`, literal, takes the place of the axes. The figure's own texts stand as they are.
    """
    title = figure.layout.title.text
    if not title:
        return " ".join(unescape(note.text) for note in figure.layout.annotations) or words.tell("Figure")
    axes = []
    if across := _axis_titles(figure.select_xaxes()):
        axes.append(words.tell("Horizontal axis: {titles}", titles=across))
    if upwards := _axis_titles(figure.select_yaxes()):
        axes.append(words.tell("Vertical axis: {titles}", titles=upwards))
    if figure.layout.meta:
        axes = [unescape(figure.layout.meta)]
    names = _legend_names(figure)
    listed = ", ".join(names[:most])
    if len(names) > most:
        listed = words.tell("{names} and {count} more", names=listed, count=len(names) - most)
    shown = [words.tell("Shown: {names}", names=listed)] if names else []
    return ". ".join([unescape(title), *axes, *shown]) + "."


def _axis_titles(axes: Iterable) -> str:
    return ", ".join(dict.fromkeys(unescape(axis.title.text) for axis in axes if axis.title.text))


def download_config(name: str, form: Literal["png", "svg"] = "png") -> dict[str, Any]:
    """Plotly's configuration with a button that saves the figure as `name`, in PNG at twice the size or in SVG."""
    return {
        "displaylogo": False,
        "toImageButtonOptions": {"format": form, "filename": name, "scale": 2 if form == "png" else 1},
    }
