"""Curves of experiments: the mean over seeds with its band, each seed faint behind it, best epochs starred.

Pure functions from `analysis.curves.Curves` to Plotly figures. `looks` and `labels` are by experiment and may know more
experiments than are drawn. An experiment takes at most four traces a metric, whatever its seeds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from av1core.figures.theme import NEUTRAL, Look, empty, faint, short, style, whole
from av1core.translation import ENGLISH, MISSING, Words, message

if TYPE_CHECKING:
    from av1core.analysis.curves import Curves

_NOTHING = message("No finished epoch yet")
_MOST_BEHIND = 20_000  # points of the others, which a browser draws in about 0.3 s
_FEW = 30  # points up to which a line shows each of them


class _Metric(NamedTuple):
    """A column of the curves and how it is drawn."""

    column: str
    said: str  # in the hover, before the value
    unit: str
    dash: str | None = None  # None: that of the experiment's look
    digits: int = 2


class _Experiment(NamedTuple):
    """An experiment with its rows of both tables of the curves."""

    key: str
    look: Look
    label: str
    seeds: pd.DataFrame
    means: pd.DataFrame


_VAL_F1 = _Metric("val_f1", message("val F1"), " %")
_TRAIN_F1 = _Metric("train_f1_clean", message("train F1, like for like"), " %", "dot")
_VAL_LOSS = _Metric("val_loss", message("val loss"), "", digits=4)
_TRAIN_LOSS = _Metric("train_loss", message("train loss"), "", "dot", digits=4)
_GAPS = (
    _Metric("gap_clean", message("gap, like for like"), " pp"),
    _Metric("gap", message("gap, as the thesis"), " pp"),
)


def f1_bands(
    curves: Curves,
    looks: Mapping[str, Look],
    labels: Mapping[str, str],
    *,
    train: bool = False,
    others: pd.DataFrame | None = None,
    words: Words = ENGLISH,
) -> go.Figure:
    """Macro-F1 in %: validation, a star at each seed's best epoch; with `train` also training, like for like, dotted.

    others: columns experiment, x, val_f1 of what was not chosen, an experiment's rows together and in the order of x;
    drawn in grey behind, all of them, each with fewer of its epochs where that would be more than 20,000 points.
    """
    if curves.seeds.empty and (others is None or others.empty):
        return empty(words.tell(_NOTHING))
    figure = go.Figure()
    if others is not None and not others.empty:
        x, y, _ = _apart(_thinned(others), "experiment", "val_f1")
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines",
            name=words.tell("others"),
            hoverinfo="skip",
            line={"color": faint(NEUTRAL, 0.25), "width": 0.75},
        )
    for of in _each(curves, looks, labels):
        _draw(figure, of, _VAL_F1, words)
        if train:
            _draw(figure, of, _TRAIN_F1, words, detail=False)
        _star(figure, of, words)
    if train:
        _explain_dashes(figure, words)
    title = words.tell("Macro-F1") if train else words.tell("Validation macro-F1")
    return _finish(figure, curves, title, words.tell("Macro-F1 (%)"), words)


def gap_bands(
    curves: Curves, looks: Mapping[str, Look], labels: Mapping[str, str], words: Words = ENGLISH
) -> go.Figure:
    """Train − val macro-F1 in pp, with zero marked: like for like above, as the thesis computes it below."""
    if curves.seeds.empty:
        return empty(words.tell(_NOTHING))
    titles = (
        words.tell("Like for like: train F1 in eval mode"),
        words.tell("As the thesis: train F1 while training"),
    )
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.1, subplot_titles=titles)
    for of in _each(curves, looks, labels):
        for row, metric in enumerate(_GAPS, 1):
            _draw(figure, of, metric, words, row=row, legend=row == 1)
    figure.add_hline(y=0, line={"color": NEUTRAL, "width": 1})
    _finish(figure, curves, words.tell("Gap: train − val macro-F1"), words.tell("Gap (pp)"), words, height=560)
    return figure.update_xaxes(title=None, row=1)


def loss_bands(
    curves: Curves, looks: Mapping[str, Look], labels: Mapping[str, str], words: Words = ENGLISH
) -> go.Figure:
    """Loss: validation, and dotted training as measured while training."""
    if curves.seeds.empty:
        return empty(words.tell(_NOTHING))
    figure = go.Figure()
    for of in _each(curves, looks, labels):
        _draw(figure, of, _VAL_LOSS, words)
        _draw(figure, of, _TRAIN_LOSS, words, detail=False)
    _explain_dashes(figure, words)
    return _finish(figure, curves, words.tell("Loss"), words.tell("Loss"), words)


def rate_lines(
    rates: pd.DataFrame,
    looks: Mapping[str, Look],
    labels: Mapping[str, str],
    x_title: str = "Epoch",
    words: Words = ENGLISH,
) -> go.Figure:
    """Learning rates on a logarithmic axis, a panel for each part of the model.

    rates: columns experiment, part, x, rate; one line an experiment, in the order of x.
    """
    if rates.empty:
        return empty(words.tell(_NOTHING))
    parts = list(rates["part"].unique())
    titles = [part.capitalize() for part in parts]
    figure = make_subplots(
        rows=len(parts), cols=1, shared_xaxes=True, vertical_spacing=0.2 / len(parts), subplot_titles=titles
    )
    for (experiment, part), rows in rates.groupby(["experiment", "part"], sort=False):
        look, label, named = (
            looks[experiment],
            labels[experiment],
            experiment not in {t.legendgroup for t in figure.data},
        )
        figure.add_scatter(
            x=rows["x"].to_numpy(), y=rows["rate"].to_numpy(), mode=_mode(rows), name=short(label), showlegend=named,
            legendgroup=experiment, line={"color": look.colour, "dash": look.dash, "width": 2},
            hovertemplate=f"{whole(label)}<br>{words.tell(x_title)} %{{x}}: %{{y:.3g}}<extra></extra>",
            row=parts.index(part) + 1, col=1,
        )  # fmt: skip
    figure.update_yaxes(type="log", exponentformat="power", dtick=1)
    title, y = words.tell("Learning rate by part of the model"), words.tell("Learning rate")
    style(figure, title, None, y, 200 + 160 * len(parts))
    figure.update_xaxes(title=words.tell(x_title), row=len(parts))
    return _whole_steps(figure.update_layout(hovermode="closest"), rates["x"])


def _each(curves: Curves, looks: Mapping[str, Look], labels: Mapping[str, str]) -> Iterator[_Experiment]:
    means = dict(iter(curves.means.groupby("experiment")))
    for key, seeds in curves.seeds.groupby("experiment", sort=False):
        yield _Experiment(key, looks[key], labels[key], seeds, means.get(key, curves.means.iloc[:0]))


def _draw(figure, of: _Experiment, metric: _Metric, words: Words, *, row=None, legend=True, detail=True) -> None:
    """One metric of one experiment: the mean line and, with `detail` and several seeds, band and seeds behind it."""
    mean, seeds = (table[table[metric.column].notna()] for table in (of.means, of.seeds))
    numbers = of.seeds["seed"].unique()
    several, colour, label = len(numbers) > 1, of.look.colour, whole(of.label)
    shared = {"legendgroup": of.key} | ({} if row is None else {"row": row, "col": 1})
    value = f"{words.tell(metric.said)} %{{y:.{metric.digits}f}}{metric.unit}<extra></extra>"
    epoch = words.tell("epoch {epoch}", epoch="%{customdata[1]}")
    if several and detail:
        x, low, high = mean[["x", f"{metric.column}_low", f"{metric.column}_high"]].dropna().to_numpy(float).T
        figure.add_scatter(
            x=np.concatenate([x, x[::-1]]), y=np.concatenate([high, low[::-1]]), mode="lines", fill="toself",
            fillcolor=faint(colour, 0.18), line={"width": 0}, hoverinfo="skip", showlegend=False, **shared,
        )  # fmt: skip
        x, y, hover = _apart(seeds, "run", metric.column, "seed", "epoch")
        figure.add_scatter(
            x=x, y=y, customdata=hover, mode="lines", line={"color": faint(colour, 0.45), "width": 1},
            hovertemplate=f"{label}<br>{words.tell('seed {seed}', seed='%{customdata[0]}')}, {epoch}: {value}",
            showlegend=False, **shared,
        )  # fmt: skip
    said = (
        words.tell("mean of {seeds} seeds", seeds="%{customdata[0]}")
        if several
        else words.tell("seed {seed}", seed=MISSING if pd.isna(numbers[0]) else numbers[0])
    )
    figure.add_scatter(
        x=mean["x"].to_numpy(), y=mean[metric.column].to_numpy(), customdata=mean[["seeds", "epoch"]].to_numpy(),
        mode=_mode(mean), line={"color": colour, "dash": metric.dash or of.look.dash, "width": 2},
        marker={"size": 5, "symbol": of.look.symbol}, name=short(of.label), showlegend=legend and metric.dash is None,
        hovertemplate=f"{label}<br>{said}, {epoch}: {value}", **shared,
    )  # fmt: skip


def _star(figure: go.Figure, of: _Experiment, words: Words) -> None:
    best = of.seeds[of.seeds["best"]]
    said = words.tell("seed {seed}, best epoch {epoch}", seed="%{customdata[0]}", epoch="%{customdata[1]}")
    figure.add_scatter(
        x=best["x"].to_numpy(), y=best["val_f1"].to_numpy(), customdata=best[["seed", "epoch"]].to_numpy(),
        mode="markers", marker={"symbol": "star", "size": 12, "color": of.look.colour}, name=words.tell("best epochs"),
        legendgroup=of.key, showlegend=False,
        hovertemplate=f"{whole(of.label)}<br>{said}: {words.tell(_VAL_F1.said)} %{{y:.2f}} %<extra></extra>",
    )  # fmt: skip


def _apart(table: pd.DataFrame, line: str, y: str, *hover: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Many lines as one trace: x, y (N,) and hover (N, H), with a row of NaN, where Plotly breaks, after each line."""
    values = table[["x", y, *hover]].to_numpy(float)
    ends = np.flatnonzero(table[line].to_numpy()[1:] != table[line].to_numpy()[:-1]) + 1
    values = np.insert(values, ends, np.nan, axis=0)
    return values[:, 0], values[:, 1], values[:, 2:]


def _thinned(others: pd.DataFrame) -> pd.DataFrame:
    step = ceil(len(others) / _MOST_BEHIND)
    return others[others.groupby("experiment", sort=False).cumcount() % step == 0]


def _explain_dashes(figure: go.Figure, words: Words) -> None:
    for name, dash in ((words.tell("validation"), "solid"), (words.tell("training"), "dot")):
        line = {"color": NEUTRAL, "dash": dash, "width": 2}
        figure.add_scatter(x=[None], y=[None], mode="lines", name=name, line=line, hoverinfo="skip")


def _finish(figure: go.Figure, curves: Curves, title: str, y: str, words: Words, height: int = 420) -> go.Figure:
    style(figure, title, words.tell(curves.x_title), y, height)
    return _whole_steps(figure.update_layout(hovermode="closest"), curves.seeds["x"])


def _mode(rows: pd.DataFrame) -> str:
    return "lines+markers" if len(rows) <= _FEW else "lines"


def _whole_steps(figure: go.Figure, x: pd.Series) -> go.Figure:
    # With few epochs Plotly would label halves.
    if len(x) and x.max() <= 12 and (x % 1 == 0).all():
        figure.update_xaxes(dtick=1)
    return figure
