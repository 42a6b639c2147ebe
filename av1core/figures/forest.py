"""The forest plot of a study: what each variant changes, with both of its intervals and its verdict."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from av1core.analysis.statistics import Interval
from av1core.analysis.verdicts import Comparison
from av1core.figures.theme import NEUTRAL, PALETTE, empty, faint, literal, short, style, whole
from av1core.translation import ENGLISH, Words, message

_ROW = 70  # px
_INTERVALS = (
    ("seeds", message("same recipe, other seeds"), PALETTE[0], "circle", 0.08),
    ("pictures", message("same checkpoints, other pictures"), PALETTE[5], "square", -0.17),
)
"""Field of a comparison, name in the legend, colour, symbol, and the height above the middle of the row."""


def forest(
    comparisons: Sequence[Comparison], labels: Mapping[str, str], margin: float, words: Words = ENGLISH
) -> go.Figure:
    """For each variant its difference to the baseline in pp with both 95 % intervals, and the verdict at the right.

    The band about zero is the margin of equivalence, ±`margin` pp. labels: by experiment. An interval that is not known
    leaves its dot bare.
    """
    if not comparisons:
        return empty(words.tell("No variant to compare with the baseline"))
    figure = go.Figure()
    rows = np.arange(len(comparisons), 0, -1)  # the first on top
    delta = np.array([each.delta for each in comparisons])
    reached = [-margin, margin, *delta]
    for field, said, colour, symbol, above in _INTERVALS:
        name = words.tell(said)
        intervals: list[Interval] = [getattr(each, field) for each in comparisons]
        low, high = np.array(intervals, float).T
        reached += [*low, *high]
        figure.add_scatter(
            x=delta, y=rows + above, mode="markers", name=name, marker={"color": colour, "symbol": symbol, "size": 9},
            error_x={"array": high - delta, "arrayminus": delta - low, "color": colour, "thickness": 2, "width": 4},
            customdata=[
                _hover(each, interval, labels, words) for each, interval in zip(comparisons, intervals, strict=True)
            ],
            hovertemplate=f"%{{customdata}}<extra>{name}</extra>",
        )  # fmt: skip
    figure.add_vrect(x0=-margin, x1=margin, fillcolor=faint(NEUTRAL, 0.15), line_width=0, layer="below")
    figure.add_vline(x=0, line={"color": NEUTRAL, "width": 1})
    baseline = short(labels[comparisons[0].baseline])
    height = 195 + _ROW * len(comparisons)  # the legend has two lines on a narrow page
    x = words.tell("Δ val macro-F1 (pp), shaded: ±{margin:g} pp", margin=margin)
    style(figure, words.tell("Difference to the baseline"), x, None, height)
    subtitle = words.tell("Baseline: {name}", name=baseline)
    figure.update_layout(title={"subtitle": {"text": subtitle}}, margin={"l": 20, "t": 80})
    # Names and verdicts stand over their row: beside it they would take the width of a narrow page.
    for row, each in zip(rows, comparisons, strict=True):
        beside = {"y": row + 0.36, "xref": "paper", "showarrow": False}
        figure.add_annotation(text=short(labels[each.variant], 30), x=0, xanchor="left", **beside)
        figure.add_annotation(text=f"<b>{literal(words.tell(each.verdict))}</b>", x=1, xanchor="right", **beside)
    figure.update_yaxes(visible=False, range=[0.5, len(comparisons) + 0.6])
    ends = np.nanmin(reached), np.nanmax(reached)
    room = 0.05 * (ends[1] - ends[0])
    figure.update_xaxes(range=[ends[0] - room, ends[1] + room], zeroline=False)
    return figure.update_layout(hovermode="closest")


def _hover(each: Comparison, interval: Interval, labels: Mapping[str, str], words: Words) -> str:
    known = (
        words.tell("95 % interval {low:+.2f} to {high:+.2f} pp", low=interval.low, high=interval.high)
        if interval.low == interval.low
        else words.tell("no interval")
    )
    units = (
        words.tell("{units} sources", units=each.units)
        if each.unit == "source"
        else words.tell("{units} frames", units=each.units)
    )
    said = words.tell(
        "Δ {delta:+.2f} pp, {known}<br>paired seeds: {pairs}; resampled: {units}",
        delta=each.delta, known=known, pairs=each.pairs, units=units,
    )  # fmt: skip
    verdict, reason = literal(words.tell(each.verdict)), whole(words.tell(each.reason))
    return f"{whole(labels[each.variant])}<br>{said}<br>{verdict}: {reason}"
