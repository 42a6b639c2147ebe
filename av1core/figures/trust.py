"""Figures of whether methods can be trusted, from the tables of `analysis.maps.trust.Trust`."""

from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from av1core.analysis.maps.checks import MOST_SIMILAR
from av1core.analysis.maps.trust import Trust
from av1core.figures.theme import NEUTRAL, Look, empty, literal, looks, style
from av1core.translation import ENGLISH, Words, message

_NOTHING = message("No method has been checked yet")
_WAYS = {
    "deletion": (message("Deletion: lower is better"), message("Pixels replaced by the baseline (%)")),
    "insertion": (message("Insertion: higher is better"), message("Pixels put back (%)")),
}
_ORDERS = {
    "random": (message("random orders"), Look(NEUTRAL, "dot", "circle")),
    "edges": (message("edges (Sobel)"), Look(NEUTRAL, "dash", "circle")),
}
_PARTS = {"nothing": message("nothing"), "head": message("head"), "adapters": message("adapters")}
"""Parts of the model that are not called by a layer's name."""


def faithfulness_figure(found: Sequence[Trust], title: str, words: Words = ENGLISH) -> go.Figure:
    """Deletion and insertion side by side: the probability of the class in % by the share of the pixels in %.

    A line a method. Random orders and the edge detector are grey; they are the same for all methods, so those of the
    first are drawn. found: of one run, one baseline and the same blocks.
    """
    if not found:
        return empty(words.tell(_NOTHING))
    lines = [(each.curves, "map", words.tell(each.spec.title), look) for each, look in _looks(found)]
    lines += [(found[0].curves, order, words.tell(name), look) for order, (name, look) in _ORDERS.items()]
    figure = make_subplots(
        rows=1, cols=2, shared_yaxes=True, horizontal_spacing=0.04,
        subplot_titles=[words.tell(head) for head, _ in _WAYS.values()],
    )  # fmt: skip
    after = words.tell("{share} % after {pixels} % of the pixels", share="%{y:.1f}", pixels="%{x:.0f}")
    for col, way in enumerate(_WAYS, 1):
        for curves, order, name, look in lines:
            points = curves[(curves["way"] == way) & (curves["order"] == order)]
            figure.add_scatter(
                x=points["share"].to_numpy(), y=points["probability"].to_numpy(), mode="lines", name=literal(name),
                legendgroup=name, showlegend=col == 1, line={"color": look.colour, "dash": look.dash, "width": 2},
                hovertemplate=f"{literal(name)}: {after}<extra></extra>",
                row=1, col=col,
            )  # fmt: skip
    style(figure, title, None, None, 460)
    for col, (_, axis) in enumerate(_WAYS.values(), 1):
        figure.update_xaxes(title=words.tell(axis), col=col)
    figure.update_yaxes(title=words.tell("Probability of the class (%)"), col=1)
    return figure.update_layout(hovermode="closest")


def similarity_figure(found: Sequence[Trust], title: str, words: Words = ENGLISH) -> go.Figure:
    """Spearman's ρ with the trained model's maps, by the last part of the model that was drawn anew.

    A line a method; one that ends above the dotted line fails. found: of one run.
    """
    if not found:
        return empty(words.tell(_NOTHING))
    figure = go.Figure()
    hover = words.tell(
        "down to {part}: ρ = {rho}<br>95 % interval {low} to {high}",
        part="%{x}", rho="%{y:.2f}", low="%{customdata[0]:.2f}", high="%{customdata[1]:.2f}",
    )  # fmt: skip
    for each, look in _looks(found):
        name, table = literal(words.tell(each.spec.title)), each.similarity
        figure.add_scatter(
            x=[words.tell(_PARTS.get(part, part)) for part in table["randomised"]], y=table["similarity"].to_numpy(),
            mode="lines+markers", name=name, line={"color": look.colour, "dash": look.dash, "width": 2},
            marker={"size": 6, "symbol": look.symbol},
            customdata=table[["low", "high"]].to_numpy(),
            hovertemplate=f"{name}, {hover}<extra></extra>",
        )  # fmt: skip
    figure.add_hline(y=MOST_SIMILAR, line={"color": NEUTRAL, "dash": "dot", "width": 1})
    figure.add_hline(y=0, line={"color": NEUTRAL, "width": 1})
    across, upwards = words.tell("Weights drawn anew, from the head down to"), words.tell("Spearman's ρ of |map|")
    style(figure, title, across, upwards, 440)
    return figure.update_layout(hovermode="closest")


def _looks(found: Sequence[Trust]) -> list[tuple[Trust, Look]]:
    return list(zip(found, looks(range(len(found))).values(), strict=True))
