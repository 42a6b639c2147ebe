"""The maps of the Block view: of one block by the chosen methods, and of two runs their difference."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from av1core.analysis.maps.choice import TARGETS
from av1core.analysis.maps.export import maps_npz
from av1core.analysis.maps.methods import METHODS, MapSpec
from av1core.analysis.maps.side_by_side import SideBySide, side_by_side
from av1core.figures.side_by_side import side_by_side_figure
from pages._ui import charts
from pages._ui.attribution_checked import label_failures
from pages._ui.attribution_choice import Chosen
from pages._ui.attribution_layers import greyed_layers, layer_choice
from pages._ui.attribution_method import METHOD_TITLES, baseline_and_output, evidence_for, methods_help
from pages._ui.links import named_choice
from pages._ui.text import plain
from pages._ui.wide import wide
from pages._ui.words import tell, told, words

_AT_FIRST = ("saliency", "integrated_gradients", "occlusion", "grad_cam")


def show(chosen: Chosen, row: int) -> None:
    """The controls, the figure, what it adds up to, and the file of its arrays. row: of the block table."""
    specs, target, per_map_scale = _controls(chosen)
    if not specs:
        st.info(tell("Choose a method to see its map."), icon=":material/info:")
        return
    with st.spinner(tell("Making maps…")):
        maps = side_by_side(chosen.subjects, specs, row, target)
    title = tell("Evidence for {label}", label=maps.evidence_for)
    title += f", {tell(TARGETS[target])}" if target in TARGETS else ""
    figure = side_by_side_figure(maps, chosen.labels, title, per_map_scale, words())
    with wide("maps"):
        charts.chart(figure, "maps", f"maps-{chosen.run}-{row}")
    _notes(maps, chosen)
    for run in chosen.subjects:
        label_failures(chosen, specs, run)
    st.download_button(
        tell("Save maps (NPZ)"), partial(maps_npz, maps, chosen.data), f"maps-{chosen.run}-{row}.npz",
        "application/octet-stream", icon=":material/download:", on_click="ignore",
        help=tell("The arrays of every panel, with the run, the block, the class and how each map was made."),
    )  # fmt: skip


def _controls(chosen: Chosen) -> tuple[Sequence[MapSpec], str, bool]:
    """How each map is made, what it is evidence for, and whether each has its own scale."""
    names = named_choice(
        tell("Maps"), list(METHODS), "methods", _AT_FIRST, control=st.pills, format_func=told(METHOD_TITLES),
        help=methods_help(),
    )  # fmt: skip
    left, middle, right = st.columns([3, 2, 3], vertical_alignment="bottom")
    with middle:
        target = evidence_for(chosen.stage)
    with right, st.container(horizontal=True, vertical_alignment="center"):
        baseline, output = baseline_and_output()
        per_map_scale = st.toggle(
            tell("Own scale for each map"), key="own", bind="query-params",
            help=tell("Else maps of one unit share one scale of colours, so that their colours can be compared."),
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
        tell(
            "{method}, {run}: sums to {sum:+.4g}; the output is {at_block:+.4g} at the block and {at_baseline:+.4g} at "
            "the baseline, a difference of {difference:+.4g} logits.",
            method=spec.title, run=plain(chosen.labels[run]), sum=total, at_block=maps.runs[run].at_block,
            at_baseline=maps.runs[run].at_baseline, difference=maps.runs[run].rise,
        )
        for run, spec, total in maps.sums
    ]  # fmt: skip
    if maps.unlike:
        note = tell(
            "{methods}: the difference is on the coarser grid of the two, logits summed and activations averaged.",
            methods=", ".join(tell(spec.title) for spec in maps.unlike),
        )
        notes.append(note)
    if notes:
        st.caption("  \n".join(notes))
