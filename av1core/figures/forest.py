"""The forest plot of a study: what each variant changes, with both of its intervals and its verdict."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from av1core.analysis.statistics import Interval
from av1core.analysis.verdicts import Comparison
from av1core.figures.theme import NEUTRAL, PALETTE, empty, faint, literal, short, style, whole

_ROW = 70  # px
_INTERVALS = (
    ("seeds", "same recipe, other seeds", PALETTE[0], "circle", 0.08),
    ("pictures", "same checkpoints, other pictures", PALETTE[5], "square", -0.17),
)
"""Field of a comparison, name in the legend, colour, symbol, and the height above the middle of the row."""


def forest(comparisons: Sequence[Comparison], labels: Mapping[str, str], margin: float) -> go.Figure:
    """For each variant its difference to the baseline in pp with both 95 % intervals, and the verdict at the right.

    The band about zero is the margin of equivalence, ±`margin` pp. labels: by experiment. An interval that is not known
    leaves its dot bare.
    """
    if not comparisons:
        return empty("No variant to compare with the baseline")
    figure = go.Figure()
    rows = np.arange(len(comparisons), 0, -1)  # the first on top
    delta = np.array([each.delta for each in comparisons])
    reached = [-margin, margin, *delta]
    for field, name, colour, symbol, above in _INTERVALS:
        intervals: list[Interval] = [getattr(each, field) for each in comparisons]
        low, high = np.array(intervals, float).T
        reached += [*low, *high]
        figure.add_scatter(
            x=delta, y=rows + above, mode="markers", name=name, marker={"color": colour, "symbol": symbol, "size": 9},
            error_x={"array": high - delta, "arrayminus": delta - low, "color": colour, "thickness": 2, "width": 4},
            customdata=[_hover(each, interval, labels) for each, interval in zip(comparisons, intervals, strict=True)],
            hovertemplate=f"%{{customdata}}<extra>{name}</extra>",
        )  # fmt: skip
    figure.add_vrect(x0=-margin, x1=margin, fillcolor=faint(NEUTRAL, 0.15), line_width=0, layer="below")
    figure.add_vline(x=0, line={"color": NEUTRAL, "width": 1})
    baseline = short(labels[comparisons[0].baseline])
    height = 150 + _ROW * len(comparisons)
    style(figure, "Difference to the baseline", f"Δ val macro-F1 (pp), shaded: ±{margin:g} pp", None, height)
    figure.update_layout(title={"subtitle": {"text": f"Baseline: {baseline}"}}, margin={"l": 20, "t": 80})
    # Names and verdicts stand over their row: beside it they would take the width of a narrow page.
    for row, each in zip(rows, comparisons, strict=True):
        beside = {"y": row + 0.36, "xref": "paper", "showarrow": False}
        figure.add_annotation(text=short(labels[each.variant], 30), x=0, xanchor="left", **beside)
        figure.add_annotation(text=f"<b>{literal(each.verdict)}</b>", x=1, xanchor="right", **beside)
    figure.update_yaxes(visible=False, range=[0.5, len(comparisons) + 0.6])
    ends = np.nanmin(reached), np.nanmax(reached)
    room = 0.05 * (ends[1] - ends[0])
    figure.update_xaxes(range=[ends[0] - room, ends[1] + room], zeroline=False)
    return figure.update_layout(hovermode="closest")


def _hover(each: Comparison, interval: Interval, labels: Mapping[str, str]) -> str:
    known = (
        f"95 % interval {interval.low:+.2f} to {interval.high:+.2f} pp"
        if interval.low == interval.low
        else "no interval"
    )
    return (
        f"{whole(labels[each.variant])}<br>Δ {each.delta:+.2f} pp, {known}<br>paired seeds: {each.pairs}; "
        f"{each.unit}s resampled: {each.units}<br>{literal(each.verdict)}: {whole(each.reason)}"
    )
