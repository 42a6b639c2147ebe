"""What each stage says of one block, down the hierarchy: bars of its classes, with what is decided and what is true."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from av1core.analysis.maps.frame_decisions import Step
from av1core.figures.mix import CLASS_COLOURS
from av1core.figures.theme import NEUTRAL, faint, literal, short, style, whole
from av1core.translation import ENGLISH, Words, message

DECIDED, TRUE = message("Decided"), message("Encoder's choice")

_ROW = 20  # px
_MARKS = {DECIDED: (122, "triangle-left"), TRUE: (132, "star")}
"""Where a mark stands, right of the bars and their numbers, on the axis in %, and its symbol."""


class _Bar(NamedTuple):
    y: float
    width: float
    hover: str
    colour: str
    percent: float


def probability_figure(steps: Sequence[Step], names: Sequence[str], words: Words = ENGLISH) -> go.Figure:
    """Horizontal bars in %, a group a stage; those of a stage that decisions do not lead to are faint.

    steps: of `frame_decisions.path`. names: of the run that decides the stage in question and, if the steps have a
    second run's probabilities, of that one; its bars are hatched.
    """
    figure = go.Figure()
    bars: tuple[list[_Bar], list[_Bar]] = [], []
    ticks: dict[str, float] = {}
    marks: dict[str, list[str]] = {DECIDED: [], TRUE: []}
    top = 0.0
    for step in steps:
        figure.add_annotation(x=0, y=top, text=_head(step, words), xanchor="left", showarrow=False)
        runs = [step.probabilities] if step.beside is None else [step.probabilities, step.beside]
        height = 1 if len(runs) == 1 else 1.5
        places = top + 0.5 + height * (np.arange(len(step.stage.classes)) + 0.5)
        ticks |= dict(zip(step.stage.classes, places.tolist(), strict=True))
        for which, found in enumerate(runs):
            if found is not None:
                name = names[which] if step.beside is not None else ""
                bars[which].extend(_bars(step, found, places, height, which, len(runs), name))
        marks[DECIDED] += [step.decided] if step.reached and step.decided else []
        marks[TRUE] += [step.true] if step.true else []
        top += 1 + height * len(step.stage.classes) + 0.2
    compared = bool(bars[1])
    for name, hatched, some in zip(names, (False, True), bars, strict=False):
        figure.add_trace(_trace(some, name if compared else "", hatched))
    for title, (x, symbol) in _MARKS.items():
        figure.add_scatter(
            x=[x] * len(marks[title]), y=[ticks[name] for name in marks[title]], text=marks[title], mode="markers",
            marker={"symbol": symbol, "size": 11, "color": NEUTRAL}, name=words.tell(title),
            hovertemplate=f"{words.tell(title)}: %{{text}}<extra></extra>",
        )  # fmt: skip
    title, across = words.tell("Probabilities down the hierarchy"), words.tell("Probability (%)")
    style(figure, title, across, None, round(_ROW * top) + 120)
    figure.update_xaxes(range=[0, 137], tickvals=[0, 25, 50, 75, 100], showgrid=True)
    figure.update_yaxes(range=[top - 0.5, -0.5], tickvals=list(ticks.values()), ticktext=list(ticks), showgrid=False)
    return figure.update_layout(
        meta=literal("; ".join(_words(step, words) for step in steps)), barmode="overlay", hovermode="closest",
        margin={"l": 80, "r": 5, "t": 40, "b": 80},
    )  # fmt: skip


def _head(step: Step, words: Words) -> str:
    about = ""
    if step.probabilities is None:
        about = words.tell("no run")
    elif not step.reached:
        about = words.tell("not reached")
    return f"<b>{step.stage.title}</b>{about and ': '}{about}"


def _bars(
    step: Step, found: np.ndarray, places: np.ndarray, height: float, which: int, runs: int, name: str
) -> list[_Bar]:
    """The bars of the run `which` of so many, those of a class side by side in a row of a height."""
    width = 0.85 * height / runs
    shift = width * (which - (runs - 1) / 2)
    colours = (CLASS_COLOURS[name] if step.reached else faint(CLASS_COLOURS[name], 0.35) for name in step.stage.classes)
    hovers = [f"{whole(name)}{name and '<br>'}{each}" for each in step.stage.classes]
    columns = (places + shift).tolist(), [width] * len(places), hovers, colours, (100 * found).tolist()
    return [_Bar(*bar) for bar in zip(*columns, strict=True)]


def _trace(bars: Sequence[_Bar], name: str, hatched: bool) -> go.Bar:
    return go.Bar(
        x=[bar.percent for bar in bars], y=[bar.y for bar in bars], width=[bar.width for bar in bars],
        customdata=[bar.hover for bar in bars], orientation="h", name=short(name), showlegend=bool(name),
        texttemplate="%{x:.1f}", textposition="outside", cliponaxis=False, textfont={"size": 10},
        marker={"color": [bar.colour for bar in bars], "pattern": {"shape": "/" if hatched else ""}},
        hovertemplate="%{customdata}: %{x:.2f} %<extra></extra>",
    )  # fmt: skip


def _words(step: Step, words: Words) -> str:
    """What a stage says, for those who do not see the bars."""
    if step.probabilities is None:
        said = [words.tell("no run")]
    else:
        said = [f"{step.decided} {words.number(100 * step.probabilities.max(), '.1f')} %"]
        said += [] if step.reached else [words.tell("not reached")]
    said += [words.tell("true {label}", label=step.true)] if step.true else []
    return f"{step.stage.title}: {', '.join(said)}"
