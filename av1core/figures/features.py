"""What the layers of a backbone hold: probes by layer, how alike layers are, and blocks on a map of their features."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from av1core.analysis.feature_map import FeatureMap
from av1core.analysis.features import FEATURE_LAYERS, FORMS, MEAN, POSITIONS
from av1core.analysis.maps.choice import OUTCOMES
from av1core.analysis.probes import PIXELS, RUN, STATISTICS, WITH_QINDEX, Probe, Probes
from av1core.figures.theme import NEUTRAL, PALETTE, short, style, whole
from av1core.translation import ENGLISH, Words, message

BY = {
    "true": message("True class"),
    "predicted": message("Predicted class"),
    "decided": message("Right or wrong"),
    "qindex": message("qindex"),
    "source": message("Source"),
}
"""What tells the points of a map apart: title by column."""

_FORMS = {MEAN: (PALETTE[0], "circle", -0.08), POSITIONS: (PALETTE[1], "square", 0.08)}
"""Colour, symbol, and how far beside its layer a probe stands."""

_LINES = {
    PIXELS: (NEUTRAL, "longdash"),
    STATISTICS: (PALETTE[2], "dash"),
    WITH_QINDEX: (PALETTE[3], "dashdot"),
    RUN: (PALETTE[5], "solid"),
}

_SYMBOLS = ("circle", "x", "triangle-up", "square", "diamond", "cross", "pentagon")

# Dark text reads on all of the scale, in a light and in a dark page.
_INK = "#111111"
_LIGHT_BLUES = ["#f7fbff", "#6baed6"]


def probe_figure(probes: Probes, title: str, run: str, words: Words = ENGLISH) -> go.Figure:
    """Macro-F1 of the probe of each layer with its interval over other pictures; what it is compared with as lines.

    run: what the run itself is called, if it is among the probes.
    """
    figure, count = go.Figure(), len(FEATURE_LAYERS)
    for form, (colour, symbol, aside) in _FORMS.items():
        own = [each for each in probes.layers if each.form == form]
        f1, low, high = np.array([(each.f1, *each.interval) for each in own]).T
        figure.add_scatter(
            x=[FEATURE_LAYERS.index(each.name) + aside for each in own], y=f1, mode="markers+lines",
            name=words.tell("probe, {form}", form=FORMS[form]), marker={"color": colour, "symbol": symbol, "size": 9},
            line={"color": colour, "width": 1},
            error_y={"array": high - f1, "arrayminus": f1 - low, "color": colour, "thickness": 1.5, "width": 4},
            customdata=[_hover(each, probes, each.title, words) for each in own],
            hovertemplate="%{customdata}<extra></extra>",
        )  # fmt: skip
    for name, (colour, dash) in _LINES.items():
        if each := probes.find(name):
            said = _hover(each, probes, run if name == RUN else name, words)
            figure.add_scatter(
                # A point a layer, so that there is one to point at.
                x=[-0.5, *range(count), count - 0.5], y=[each.f1] * (count + 2), mode="lines",
                name=short(run) if name == RUN else words.tell(name), line={"color": colour, "dash": dash, "width": 2},
                hovertemplate=f"{said}<extra></extra>",
            )  # fmt: skip
    style(figure, title, words.tell("Features of"), words.tell("Val macro-F1 (%)"), 480)
    # On a narrow page Plotly leaves out a label that reaches beyond the figure, as the last one would on one line.
    labels = [words.tell(layer).replace(" ", "<br>", 1) for layer in FEATURE_LAYERS]
    figure.update_xaxes(tickvals=list(range(count)), ticktext=labels, zeroline=False, range=[-0.5, count - 0.5])
    return figure.update_layout(hovermode="closest")


def cka_figure(
    table: np.ndarray, layers: Sequence[str], title: str, runs: tuple[str, str], words: Words = ENGLISH
) -> go.Figure:
    """CKA of each layer of one run, upwards, with each of another. runs: what they are called, rows first.

    table: float (L, L), of `similarity.cka_table`.
    """
    texts = [[words.number(value, ".2f") for value in row] for row in table]
    names = [words.tell(layer) for layer in layers]
    heatmap = go.Heatmap(
        z=table, x=names, y=names, text=texts, texttemplate="%{text}", textfont={"color": _INK},
        colorscale=_LIGHT_BLUES, zmin=0, zmax=1, xgap=1, ygap=1, hoverongaps=False,
        colorbar={"title": "CKA", "thickness": 12},
        hovertemplate=f"{whole(runs[0])}: %{{y}}<br>{whole(runs[1])}: %{{x}}<br>CKA %{{z:.3f}}<extra></extra>",
    )  # fmt: skip
    upwards, across = (words.tell("Layer of {run}", run=short(run)) for run in runs)
    figure = style(go.Figure(heatmap), title, across, upwards, 520)
    return figure.update_yaxes(showgrid=False).update_xaxes(showgrid=False)


def feature_map_figure(
    found: FeatureMap, by: str, title: str, order: Mapping[str, Sequence], words: Words = ENGLISH
) -> go.Figure:
    """Blocks as points; customdata holds each one's row of the block table, and what it is in words.

    by: out of BY. order: by column, all its values; each has the colour and the shape of its place.
    """
    figure = go.Figure()
    values = found.points[by]
    for place, value in enumerate(order[by]):
        points = found.points[values == value]
        if points.empty:
            continue
        said = [
            words.tell("true {true}, predicted {predicted}", true=row.true, predicted=row.predicted)
            + f"<br>qindex {row.qindex}<br>{whole(row.source)}"
            for row in points.itertuples()
        ]
        figure.add_scatter(
            x=points["x"], y=points["y"], mode="markers",
            name=short(words.tell(OUTCOMES[value]) if by == "decided" else str(value)),
            marker={
                "color": PALETTE[place % len(PALETTE)], "symbol": _SYMBOLS[place % len(_SYMBOLS)], "size": 7,
                "opacity": 0.75,
            },
            customdata=list(zip(points["row"].tolist(), said, strict=True)),
            hovertemplate="%{customdata[1]}<extra></extra>",
        )  # fmt: skip
    if found.explained:
        axes = [
            words.tell("Principal component {number} ({share:.1f} % of the variance)", number=number, share=share)
            for number, share in enumerate(found.explained, 1)
        ]
    else:
        axes = [words.tell("UMAP {number} (no unit)", number=number) for number in (1, 2)]
    style(figure, title, *axes, 560)
    return figure.update_layout(hovermode="closest", legend_title_text=words.tell(BY[by]))


def _hover(probe: Probe, probes: Probes, name: str, words: Words) -> str:
    low, high = probe.interval
    interval = words.tell("no interval: one picture")
    if low == low:
        interval = words.tell("95 % interval {low:.2f} to {high:.2f}", low=low, high=high)
    lines = [whole(words.tell(name)), f"{words.number(probe.f1, '.2f')} %, {interval}"]
    lines.append(words.plural("{count:,} block", "{count:,} blocks", probes.scored))
    lines += [words.tell("{count:,} numbers a block", count=probe.numbers)] if probe.numbers else []
    return "<br>".join(lines)
