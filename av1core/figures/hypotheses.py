"""A hypothesis at a glance: the predicted range of Δ as a bar, and what was found as a dot with its intervals."""

import math

import plotly.graph_objects as go

from av1core.analysis.hypotheses import Revision
from av1core.analysis.statistics import Interval
from av1core.analysis.verdicts import Comparison
from av1core.figures.theme import NEUTRAL, PALETTE, style
from av1core.translation import ENGLISH, Words, message

_FOUND = (
    ("seeds", message("Other seeds"), PALETTE[0], "circle"),
    ("pictures", message("Other pictures"), PALETTE[5], "square"),
)
"""Field of a comparison, its row, colour and symbol, as in the forest plot."""


def prediction_figure(predicted: Revision, comparison: Comparison | None, words: Words = ENGLISH) -> go.Figure:
    """Predicted range and found Δ in pp of val macro-F1, zero marked. A row over seeds and one over pictures.

    An interval that is not known leaves its dot bare; without a comparison the range stands alone.
    """
    figure, row = go.Figure(), words.tell("Predicted")
    range_ = words.tell("{low:+g} to {high:+g} pp", low=predicted.low, high=predicted.high)
    figure.add_scatter(
        x=[predicted.low, predicted.high], y=[row] * 2, mode="lines+markers", name=row,
        line={"color": PALETTE[2], "width": 12}, marker={"symbol": "line-ns", "size": 14, "line": {"width": 2}},
        hovertemplate=f"{row}: {range_}<extra></extra>",
    )  # fmt: skip
    figure.update_traces(marker_line_color=PALETTE[2])  # a range of one value is a mark of its own
    for field, row, colour, symbol in _FOUND if comparison else ():
        _add_found(figure, row, comparison.delta, getattr(comparison, field), colour, symbol, words)
    figure.add_vline(x=0, line={"color": NEUTRAL, "width": 1})
    title, x = words.tell("Predicted and found"), words.tell("Δ val macro-F1 (pp)")
    style(figure, title, x, None, 150 + 30 * len(figure.data))
    figure.update_xaxes(rangemode="tozero", zeroline=False)
    figure.update_yaxes(autorange="reversed", automargin=True)
    return figure.update_layout(hovermode="closest", showlegend=False)


def _add_found(
    figure: go.Figure, said: str, delta: float, interval: Interval, colour: str, symbol: str, words: Words
) -> None:
    row, (low, high) = words.tell(said), interval
    known = (
        words.tell("no interval")
        if math.isnan(low)
        else words.tell("95 % interval {low:+.2f} to {high:+.2f} pp", low=low, high=high)
    )
    found = words.tell("{row}: Δ {delta:+.2f} pp, {known}", row=row, delta=delta, known=known)
    figure.add_scatter(
        x=[delta], y=[row], mode="markers", name=row, marker={"color": colour, "symbol": symbol, "size": 10},
        error_x={"array": [high - delta], "arrayminus": [delta - low], "color": colour, "thickness": 2, "width": 4},
        hovertemplate=f"{found}<extra></extra>",
    )  # fmt: skip
