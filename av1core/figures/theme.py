"""Colours and the layout shared by every figure. Colours are Okabe and Ito's, distinct for colour-blind readers."""

from collections.abc import Iterable
from html import escape

import plotly.graph_objects as go

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#999999", "#B2A100")


def colours(keys: Iterable[str]) -> dict[str, str]:
    """A colour for each key by its place; pass all that exist, so that a choice of some keeps each one's colour."""
    return {key: PALETTE[place % len(PALETTE)] for place, key in enumerate(keys)}


def literal(text: str) -> str:
    """Text that Plotly shows as it stands: else a name's tags, formulas and placeholders would be carried out."""
    return escape(text, quote=False).replace("$", "&#36;").replace("%{", "&#37;{")


def style(figure: go.Figure, title: str, x: str | None, y: str | None, height: int = 420) -> go.Figure:
    """Title, axis titles with units, and a legend below that does not cover the curves."""
    figure.update_layout(
        title=literal(title),
        height=height,
        margin={"l": 60, "r": 20, "t": 50, "b": 50},
        legend={"orientation": "h", "yanchor": "top", "y": -0.18},
        hovermode="x unified",
    )
    figure.update_xaxes(title=x)
    figure.update_yaxes(title=y)
    return figure


def empty(message: str) -> go.Figure:
    """A figure that says why it is empty."""
    figure = go.Figure()
    figure.add_annotation(text=literal(message), showarrow=False, font={"size": 16})
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure
