"""Curves over epochs from the index's `epochs` table. Pure functions: a table in, a Plotly figure out."""

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from av1core.figures.theme import empty, literal, style

_NOTHING = "No finished epoch yet"


def f1_curves(epochs: pd.DataFrame, labels: dict[str, str], colours: dict[str, str]) -> go.Figure:
    """Macro-F1 in %: validation solid, training (like for like) dotted, a star at the best epoch.

    epochs: rows of `RunIndex.epochs`. labels, colours: by run.
    """
    if epochs.empty:
        return empty(_NOTHING)
    figure = go.Figure()
    for run, rows in epochs.groupby("run", sort=False):
        colour, label = colours[run], literal(labels[run])
        line = {"color": colour, "width": 2}
        _add(figure, rows["epoch"], rows["val_f1"] * 100, f"{label}, val", run, line, "%")
        dotted = {"color": colour, "width": 1.5, "dash": "dot"}
        _add(figure, rows["epoch"], rows["train_f1_clean"] * 100, f"{label}, train", run, dotted, "%")
        best = rows.loc[rows["val_f1"].idxmax()]
        figure.add_scatter(
            x=[best["epoch"]], y=[best["val_f1"] * 100], mode="markers", name=f"{label}, best epoch", legendgroup=run,
            showlegend=False, marker={"symbol": "star", "size": 14, "color": colour},
            hovertemplate=f"best epoch {int(best['epoch'])}: %{{y:.2f}} %",
        )  # fmt: skip
    return _whole_epochs(style(figure, "Macro-F1 by epoch", "Epoch", "Macro-F1 (%)"))


def gap_plot(epochs: pd.DataFrame, labels: dict[str, str], colours: dict[str, str]) -> go.Figure:
    """Train − val macro-F1 in pp, with zero marked: like for like above, as the thesis computes it below."""
    if epochs.empty:
        return empty(_NOTHING)
    titles = ("Like for like: train F1 in eval mode, natural class mix", "As the thesis: train F1 while training")
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.1, subplot_titles=titles)
    for run, rows in epochs.groupby("run", sort=False):
        line = {"color": colours[run], "width": 2}
        for place, column in enumerate(("train_f1_clean", "train_f1"), 1):
            gap = (rows[column] - rows["val_f1"]) * 100
            _add(figure, rows["epoch"], gap, literal(labels[run]), run, line, "pp", row=place, legend=place == 1)
    figure.add_hline(y=0, line={"color": "#888888", "width": 1})
    style(figure, "Gap: train − val macro-F1", "Epoch", "Gap (pp)", height=560)
    figure.update_xaxes(title=None, row=1)
    return _whole_epochs(figure)


def loss_curves(epochs: pd.DataFrame, labels: dict[str, str], colours: dict[str, str]) -> go.Figure:
    """Loss: validation solid, training (while training) dotted."""
    if epochs.empty:
        return empty(_NOTHING)
    figure = go.Figure()
    for run, rows in epochs.groupby("run", sort=False):
        for column, name, dash in (("val_loss", "val", "solid"), ("train_loss", "train", "dot")):
            line = {"color": colours[run], "dash": dash, "width": 2}
            _add(figure, rows["epoch"], rows[column], f"{literal(labels[run])}, {name}", run, line, "", digits=4)
    return _whole_epochs(style(figure, "Loss by epoch", "Epoch", "Loss"))


def _add(figure, x, y, name, run, line, unit, *, row=None, legend=True, digits=2) -> None:
    template = f"%{{y:.{digits}f}} {unit}".rstrip()
    place = {} if row is None else {"row": row, "col": 1}
    figure.add_scatter(
        x=x, y=y, name=name, legendgroup=run, line=line, mode="lines+markers", marker={"size": 5},
        showlegend=legend, hovertemplate=template, **place,
    )  # fmt: skip


def _whole_epochs(figure: go.Figure) -> go.Figure:
    # With few epochs Plotly would label halves.
    epochs = [x for trace in figure.data for x in trace.x]
    if epochs and max(epochs) <= 12:
        figure.update_xaxes(dtick=1)
    return figure
