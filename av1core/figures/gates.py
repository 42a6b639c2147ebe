"""The weights that gates give a block: squeeze-excitation its channels, spatial attention its positions."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from av1core.analysis.maps.gates import Gates
from av1core.figures.maps import Panel, panels_figure
from av1core.figures.theme import PALETTE, empty, faint, literal, short, style
from av1core.translation import ENGLISH, Words, message

OPEN, CLOSED = 0.9, 0.1
"""A channel's gate is called open above the one and closed below the other."""

_OTHERS, _OWN = PALETTE[0], PALETTE[1]


def gates_figure(
    block: Mapping[str, Gates], others: Mapping[str, Gates], title: str, words: Words = ENGLISH
) -> go.Figure:
    """A row for each run and a panel for each layer: every channel's weight (0–1), by the median over blocks.

    block: by the run's label, of the one block. others: of the same runs for N blocks to see it against. The band holds
    the middle 90 % of them: where it is narrow the gate does not depend on the block.
    """
    layers = list(dict.fromkeys(layer for gates in block.values() for layer in gates.channels))
    if not layers:
        return empty(words.tell("There is no squeeze-excitation in this backbone."))
    panels = [(label, layer) for label in block for layer in layers]
    figure = make_subplots(
        rows=len(block), cols=len(layers), shared_xaxes=True, shared_yaxes=True, horizontal_spacing=0.02,
        vertical_spacing=0.3 / len(block) if len(block) > 1 else 0,
        subplot_titles=[_share(block[label].channels.get(layer), layer, words) for label, layer in panels],
    )  # fmt: skip
    for place, (label, layer) in enumerate(panels):
        if layer in block[label].channels:
            own, many = block[label].channels[layer][0], others[label].channels[layer]
            row, col = (each + 1 for each in divmod(place, len(layers)))
            _draw(figure, own, many, row, col, legend=place == 0, words=words)
    style(figure, title, None, None, 150 + 170 * len(block))
    figure.update_layout(margin_t=100)  # the panels' titles have two lines
    figure.update_xaxes(title=words.tell("Channels (%)"), row=len(block))
    figure.update_xaxes(range=[0, 100], tickvals=[25, 50, 75])
    figure.update_yaxes(range=[-0.02, 1.02], dtick=0.5)
    for row, label in enumerate(block, 1):
        figure.update_yaxes(title=short(label, 26) if len(block) > 1 else words.tell("Weight"), row=row, col=1)
    meta = words.tell("Channel weights of {layers} for {runs}", layers=", ".join(layers), runs=", ".join(block))
    return figure.update_layout(hovermode="closest", meta=literal(meta))


def _share(own: np.ndarray | None, layer: str, words: Words) -> str:
    if own is None:
        return layer
    shares = {"open": 100 * float((own > OPEN).mean()), "closed": 100 * float((own < CLOSED).mean())}
    return words.tell("{layer}<br>{open:.0f} % open, {closed:.0f} % closed", layer=layer, **shares)


def _draw(figure: go.Figure, own: np.ndarray, many: np.ndarray, row: int, col: int, legend: bool, words: Words) -> None:
    """own: (C,); many: (N, C)."""
    low, median, high = np.quantile(many, [0.05, 0.5, 0.95], axis=0)
    order = np.argsort(median, kind="stable")
    x = (np.arange(len(order)) + 0.5) / len(order) * 100
    where = {"row": row, "col": col, "showlegend": legend}
    hover = words.tell(
        "channel {channel}: {weight}<br>median {median}, middle 90 % {low}–{high}",
        channel="%{customdata[0]}", weight="%{y:.2f}", median="%{customdata[2]:.2f}", low="%{customdata[1]:.2f}",
        high="%{customdata[3]:.2f}",
    )  # fmt: skip
    figure.add_scatter(
        x=np.concatenate([x, x[::-1]]), y=np.concatenate([low[order], high[order][::-1]]), fill="toself", mode="lines",
        fillcolor=faint(_OTHERS, 0.25), line={"width": 0}, hoverinfo="skip", legendgroup="band",
        name=words.tell("middle 90 % of {count:,} blocks", count=len(many)), **where,
    )  # fmt: skip
    figure.add_scatter(
        x=x, y=median[order], mode="lines", line={"color": _OTHERS, "width": 2}, hoverinfo="skip",
        name=words.tell("their median"), legendgroup="median", **where,
    )  # fmt: skip
    figure.add_scatter(
        x=x, y=own[order], mode="markers", marker={"color": _OWN, "size": 3}, name=words.tell("this block"),
        legendgroup="own",
        customdata=np.stack([order, low[order], median[order], high[order]], axis=-1),
        hovertemplate=f"{hover}<extra></extra>", **where,
    )  # fmt: skip


def attention_figure(block: Mapping[str, Gates], title: str, words: Words = ENGLISH) -> go.Figure:
    """A panel for each run whose spatial attention has more than one position. block: as in `gates_figure`."""
    panels = [
        Panel(label, gates.attention[0], message("weight"), signed=False)
        for label, gates in block.items()
        if gates.spatial
    ]
    return panels_figure([panels], title, words=words)
