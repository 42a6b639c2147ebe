"""A hypothesis at a glance: the predicted range of Δ as a bar, and what was found as a dot with its intervals."""

import math

import plotly.graph_objects as go

from av1core.analysis.hypotheses import Revision
from av1core.analysis.verdicts import Comparison
from av1core.figures.theme import NEUTRAL, PALETTE, style

PREDICTED = "Predicted"
_FOUND = (
    ("seeds", "Other seeds", PALETTE[0], "circle"),
    ("pictures", "Other pictures", PALETTE[5], "square"),
)
"""Field of a comparison, its row, colour and symbol, as in the forest plot."""


def prediction_figure(predicted: Revision, comparison: Comparison | None) -> go.Figure:
    """Predicted range and found Δ in pp of val macro-F1, zero marked. A row over seeds and one over pictures.

    An interval that is not known leaves its dot bare; without a comparison the range stands alone.
    """
    figure = go.Figure()
    figure.add_scatter(
        x=[predicted.low, predicted.high], y=[PREDICTED] * 2, mode="lines+markers", name=PREDICTED,
        line={"color": PALETTE[2], "width": 12}, marker={"symbol": "line-ns", "size": 14, "line": {"width": 2}},
        hovertemplate=f"predicted: {predicted.low:+g} to {predicted.high:+g} pp<extra></extra>",
    )  # fmt: skip
    figure.update_traces(marker_line_color=PALETTE[2])  # a range of one value is a mark of its own
    for field, row, colour, symbol in _FOUND if comparison else ():
        _add_found(figure, row, comparison.delta, *getattr(comparison, field), colour=colour, symbol=symbol)
    figure.add_vline(x=0, line={"color": NEUTRAL, "width": 1})
    style(figure, "Predicted and found", "Δ val macro-F1 (pp)", None, 150 + 30 * len(figure.data))
    figure.update_xaxes(rangemode="tozero", zeroline=False)
    figure.update_yaxes(autorange="reversed", automargin=True)
    return figure.update_layout(hovermode="closest", showlegend=False)


def _add_found(figure: go.Figure, row: str, delta: float, low: float, high: float, *, colour: str, symbol: str) -> None:
    known = "no interval" if math.isnan(low) else f"95 % interval {low:+.2f} to {high:+.2f} pp"
    figure.add_scatter(
        x=[delta], y=[row], mode="markers", name=row, marker={"color": colour, "symbol": symbol, "size": 10},
        error_x={"array": [high - delta], "arrayminus": [delta - low], "color": colour, "thickness": 2, "width": 4},
        hovertemplate=f"{row.lower()}: Δ {delta:+.2f} pp, {known}<extra></extra>",
    )  # fmt: skip
