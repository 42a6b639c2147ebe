"""The views of the Compare page over training: F1, gap, loss and learning rates, by epoch, time or blocks seen."""

from collections.abc import Callable
from typing import NamedTuple

import plotly.graph_objects as go
import streamlit as st

from av1core.analysis.curves import BANDS, X_TITLES, Along, Band, Curves, curves, learning_rates, others
from av1core.figures.bands import f1_bands, gap_bands, loss_bands, rate_lines
from av1core.translation import message
from pages._ui import charts
from pages._ui.compare_choice import Chosen
from pages._ui.links import named_choice
from pages._ui.words import plural, tell, told, words

ALONG: dict[Along, str] = {
    "epoch": message("Epoch"), "time": message("Training time"), "blocks": message("Blocks seen"),
}  # fmt: skip
MOST_OTHERS = 40
MOST_SMOOTHING = 15

TWO_GAPS = message(
    "The two gaps differ because they compare different train F1 with the same val F1. The thesis's is measured while "
    "the weights change, with dropout on, on class-balanced batches; the like-for-like one after the epoch, in eval "
    "mode, on the natural class mix that validation has."
)


def f1(chosen: Chosen) -> None:
    """Val F1, on request with train F1, and the others faintly behind."""
    controls = st.container(horizontal=True, vertical_alignment="bottom")
    how, about = _controls(chosen, controls)
    train = controls.toggle(
        tell("Train F1"), key="train", bind="query-params", help=tell("Like for like: in eval mode, dotted.")
    )
    behind = len(chosen.rest) and controls.toggle(
        tell("Others, faintly"), value=True, key="others", bind="query-params"
    )

    def drawn() -> go.Figure:
        rest = others(chosen.index, chosen.rest, how.along, MOST_OTHERS) if behind else None
        return f1_bands(_curves(chosen, how), chosen.looks, chosen.labels, train=train, others=rest, words=words())

    figure = chosen.kept("f1", how, train, behind, make=drawn)
    if behind:
        about = f"{about} {_behind(chosen)}"
    charts.chart(figure, "compare-f1", f"f1-{chosen.stage}")
    st.caption(f"{about} {tell('Stars: the best epoch of each run.')}")


def gap(chosen: Chosen) -> None:
    """Both gaps, and why they differ."""
    how, about = _controls(chosen, st.container(horizontal=True, vertical_alignment="bottom"))
    figure = chosen.kept("gap", how, make=lambda: _drawn(gap_bands, chosen, how))
    charts.chart(figure, "compare-gap", f"gap-{chosen.stage}")
    st.caption(f"{tell(TWO_GAPS)} {about}")


def loss(chosen: Chosen) -> None:
    """Val and train loss."""
    how, about = _controls(chosen, st.container(horizontal=True, vertical_alignment="bottom"))
    figure = chosen.kept("loss", how, make=lambda: _drawn(loss_bands, chosen, how))
    charts.chart(figure, "compare-loss", f"loss-{chosen.stage}")
    unlike = tell("Train loss is measured while training. Losses of different kinds cannot be compared.")
    st.caption(f"{about} {unlike}")


def rates(chosen: Chosen) -> None:
    """Learning rates of each part of the model."""
    _align(st.container())
    found = learning_rates(chosen.index, chosen.runs, _along())
    lines = rate_lines(found, chosen.looks, chosen.labels, X_TITLES[_along()], words())
    charts.chart(lines, "compare-rates", f"rates-{chosen.stage}")
    st.caption(f"{tell('The rates that each epoch used; the mean over seeds.')} {chosen.without(found)}")


class _How(NamedTuple):
    """What the controls say of the curves."""

    along: Along
    band: Band
    smoothing: int


def _curves(chosen: Chosen, how: _How) -> Curves:
    return curves(chosen.index, chosen.runs, how.along, how.band, how.smoothing)


def _drawn(draw: Callable, chosen: Chosen, how: _How) -> go.Figure:
    return draw(_curves(chosen, how), chosen.looks, chosen.labels, words=words())


def _behind(chosen: Chosen) -> str:
    every = chosen.rest["experiment"].nunique()
    if every > MOST_OTHERS:
        return tell("Faintly behind: the best {most:,} of the {every:,} others.", most=MOST_OTHERS, every=every)
    return plural("Faintly behind: the other one.", "Faintly behind: the {count:,} others.", every)


def _controls(chosen: Chosen, controls) -> tuple[_How, str]:
    """How the curves are wanted, and what their bands and means are."""
    _align(controls)
    band = "range"
    if not chosen.single:
        with controls:
            band = named_choice(tell("Band"), list(BANDS), "band", format_func=_band_title)
    smoothing = controls.slider(
        tell("Smoothing (epochs)"), 1, MOST_SMOOTHING, key="smoothing", bind="query-params", width=160,
        help=tell(
            "A moving mean of each seed over so many epochs; 1 is off. Best epochs stay those of the values as "
            "measured."
        ),
    )  # fmt: skip
    about = "" if smoothing == 1 else tell("Smoothed over {epochs} epochs.", epochs=smoothing)
    if not chosen.single:
        seeds = sorted(set(chosen.table["seeds"]))
        many = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]}–{seeds[-1]}"
        means = tell(
            "Lines: means of {seeds} seeds, which end where the first seed stopped; bands: {band}.",
            seeds=many, band=tell(BANDS[band]),
        )  # fmt: skip
        about = f"{means} {about}"
    return _How(_along(), band, smoothing), about.strip()


def _align(controls) -> None:
    with controls:
        named_choice(tell("Align by"), list(ALONG), "along", format_func=told(ALONG))


def _band_title(band: str) -> str:
    title = tell(BANDS[band])
    return title[:1].upper() + title[1:]


def _along() -> Along:
    return st.session_state["along"]
