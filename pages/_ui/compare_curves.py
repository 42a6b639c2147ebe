"""The views of the Compare page over training: F1, gap, loss and learning rates, by epoch, time or blocks seen."""

from typing import NamedTuple

import plotly.graph_objects as go
import streamlit as st

from av1core.analysis.curves import BANDS, X_TITLES, Along, Band, Curves, curves, learning_rates, others
from av1core.figures.bands import f1_bands, gap_bands, loss_bands, rate_lines
from pages._ui import charts
from pages._ui.compare_choice import Chosen

ALONG: dict[Along, str] = {"epoch": "Epoch", "time": "Training time", "blocks": "Blocks seen"}
MOST_OTHERS = 40
MOST_SMOOTHING = 15

TWO_GAPS = (
    "The two gaps differ because they compare different train F1 with the same val F1. The thesis's is measured while "
    "the weights change, with dropout on, on class-balanced batches; the like-for-like one after the epoch, in eval "
    "mode, on the natural class mix that validation has."
)


def f1(chosen: Chosen) -> None:
    """Val F1, on request with train F1, and the others faintly behind."""
    controls = st.container(horizontal=True, vertical_alignment="bottom")
    how, about = _controls(chosen, controls)
    train = controls.toggle("Train F1", key="train", bind="query-params", help="Like for like: in eval mode, dotted.")
    behind = len(chosen.rest) and controls.toggle("Others, faintly", value=True, key="others", bind="query-params")

    def drawn() -> go.Figure:
        rest = others(chosen.index, chosen.rest, how.along, MOST_OTHERS) if behind else None
        return f1_bands(_curves(chosen, how), chosen.looks, chosen.labels, train=train, others=rest)

    figure = chosen.kept("f1", how, train, behind, make=drawn)
    if behind:
        every = chosen.rest["experiment"].nunique()
        which = f"the best {MOST_OTHERS:,} of " if every > MOST_OTHERS else ""
        about += f" Faintly behind: {which}the {every:,} others{'' if chosen.single else ', means only'}."
    charts.chart(figure, "compare-f1", f"f1-{chosen.stage}")
    st.caption(f"{about} Stars: each run's best epoch.")


def gap(chosen: Chosen) -> None:
    """Both gaps, and why they differ."""
    how, about = _controls(chosen, st.container(horizontal=True, vertical_alignment="bottom"))
    figure = chosen.kept("gap", how, make=lambda: gap_bands(_curves(chosen, how), chosen.looks, chosen.labels))
    charts.chart(figure, "compare-gap", f"gap-{chosen.stage}")
    st.caption(f"{TWO_GAPS} {about}")


def loss(chosen: Chosen) -> None:
    """Val and train loss."""
    how, about = _controls(chosen, st.container(horizontal=True, vertical_alignment="bottom"))
    figure = chosen.kept("loss", how, make=lambda: loss_bands(_curves(chosen, how), chosen.looks, chosen.labels))
    charts.chart(figure, "compare-loss", f"loss-{chosen.stage}")
    st.caption(f"{about} Train loss is measured while training. Losses of different kinds cannot be compared.")


def rates(chosen: Chosen) -> None:
    """Learning rates of each part of the model."""
    _align(st)
    found = learning_rates(chosen.index, chosen.runs, _along())
    charts.chart(
        rate_lines(found, chosen.looks, chosen.labels, X_TITLES[_along()]), "compare-rates", f"rates-{chosen.stage}"
    )
    st.caption(f"The rates that each epoch used; the mean over seeds. {chosen.without(found)}")


class _How(NamedTuple):
    """What the controls say of the curves."""

    along: Along
    band: Band
    smoothing: int


def _curves(chosen: Chosen, how: _How) -> Curves:
    return curves(chosen.index, chosen.runs, how.along, how.band, how.smoothing)


def _controls(chosen: Chosen, controls) -> tuple[_How, str]:
    """How the curves are wanted, and what their bands and means are."""
    _align(controls)
    band = "range"
    if not chosen.single:
        band = controls.segmented_control(
            "Band", list(BANDS), default="range", format_func=lambda name: BANDS[name].capitalize(), key="band",
            bind="query-params", required=True,
        )  # fmt: skip
    smoothing = controls.slider(
        "Smoothing (epochs)", 1, MOST_SMOOTHING, key="smoothing", bind="query-params", width=160,
        help="A moving mean of each seed over so many epochs; 1 is off. Best epochs stay those of the values as "
        "measured.",
    )  # fmt: skip
    about = "" if smoothing == 1 else f"Smoothed over {smoothing} epochs."
    if not chosen.single:
        seeds = sorted(set(chosen.table["seeds"]))
        many = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
        about = f"Lines: means of {many} seeds, which end where the first seed stopped; bands: {BANDS[band]}. {about}"
    return _How(_along(), band, smoothing), about.strip()


def _align(controls) -> None:
    controls.segmented_control(
        "Align by", list(ALONG), default="epoch", format_func=ALONG.get, key="along", bind="query-params", required=True
    )


def _along() -> Along:
    return st.session_state["along"]
