"""The maps of the Block view: of one block by the chosen methods, and of two runs their difference."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from av1core.analysis.maps.choice import PREDICTED, TRUE
from av1core.analysis.maps.export import maps_npz
from av1core.analysis.maps.methods import METHODS, MapSpec
from av1core.analysis.maps.side_by_side import SideBySide, side_by_side
from av1core.figures.side_by_side import side_by_side_figure
from pages._ui import charts
from pages._ui.attribution_choice import Chosen, baseline_and_output, evidence_for
from pages._ui.attribution_layers import greyed_layers, layer_choice
from pages._ui.attribution_trust import label_failures
from pages._ui.text import plain

_AT_FIRST = ("saliency", "integrated_gradients", "occlusion", "grad_cam")


def show(chosen: Chosen, row: int) -> None:
    """The controls, the figure, what it adds up to, and the file of its arrays. row: of the block table."""
    specs, target, per_map_scale = _controls(chosen)
    if not specs:
        st.info("Choose a method to see its map.", icon=":material/info:")
        return
    maps = side_by_side(chosen.subjects, specs, row, target)
    how = {PREDICTED: ", the predicted class", TRUE: ", the true class"}.get(target, "")
    title = f"Evidence for {maps.evidence_for}{how}"
    charts.chart(side_by_side_figure(maps, chosen.labels, title, per_map_scale), "maps", f"maps-{chosen.run}-{row}")
    _notes(maps, chosen)
    for run in chosen.subjects:
        label_failures(chosen, specs, run)
    st.download_button(
        "Save maps (NPZ)", partial(maps_npz, maps, chosen.data), f"maps-{chosen.run}-{row}.npz",
        "application/octet-stream", icon=":material/download:", on_click="ignore",
        help="The arrays of every panel, with the run, the block, the class and how each map was made.",
    )  # fmt: skip


def _controls(chosen: Chosen) -> tuple[Sequence[MapSpec], str, bool]:
    """How each map is made, what it is evidence for, and whether each has its own scale."""
    names = st.pills(
        "Maps", list(METHODS), selection_mode="multi", default=_AT_FIRST, key="methods", bind="query-params",
        format_func=lambda name: METHODS[name].title,
        help="\n".join(f"- **{method.title}**: {method.about}" for method in METHODS.values()),
    )  # fmt: skip
    left, middle, right = st.columns([3, 2, 3], vertical_alignment="bottom")
    with middle:
        target = evidence_for(chosen.stage)
    with right, st.container(horizontal=True, vertical_alignment="center"):
        baseline, output = baseline_and_output()
        per_map_scale = st.toggle(
            "Own scale for each map", key="own", bind="query-params",
            help="Else maps of one unit share one scale of colours, so that their colours can be compared.",
        )  # fmt: skip
    chosen_ones = [METHODS[name] for name in METHODS if name in names]
    layer = None
    if any(method.of == "layer" for method in chosen_ones):
        with left:
            layer = layer_choice(chosen.subjects)
        greyed_layers(chosen.subjects)
    return (
        [MapSpec(method.name, layer if method.of == "layer" else None, baseline, output) for method in chosen_ones],
        target,
        per_map_scale,
    )


def _notes(maps: SideBySide, chosen: Chosen) -> None:
    """What the figure's maps add up to, and how maps of unlike size are compared."""
    notes = [
        f"{plain(spec.title)}, {plain(chosen.labels[run])}: sums to {_signed(total)}; the output is "
        f"{_signed(maps.runs[run].at_block)} at the block and {_signed(maps.runs[run].at_baseline)} at the baseline, a "
        f"difference of {_signed(maps.runs[run].rise)} logits."
        for run, spec, total in maps.sums
    ]
    if maps.unlike:
        titles = ", ".join(plain(spec.title) for spec in maps.unlike)
        notes.append(
            f"{titles}: the difference is on the coarser grid of the two, logits summed and activations averaged."
        )
    if notes:
        st.caption("  \n".join(notes))


def _signed(number: float) -> str:
    return f"{number:+.4g}".replace("-", "−")
