"""The maps of one block, a row of panels for each run and one for how two runs differ."""

from collections.abc import Mapping

import plotly.graph_objects as go

from av1core.analysis.maps.methods import BASELINES
from av1core.analysis.maps.side_by_side import RunMaps, SideBySide
from av1core.figures.maps import Panel, luma_panel, panels_figure
from av1core.translation import ENGLISH, Words, message


def side_by_side_figure(
    maps: SideBySide,
    labels: Mapping[str, str],
    title: str,
    per_map_scale: bool = False,
    words: Words = ENGLISH,
) -> go.Figure:
    """In each row the pixels, the baseline if a method compares with it, and a panel for each method.

    labels: of the runs. per_map_scale: as in `panels_figure`.
    """
    block = [luma_panel(message("Pixels"), maps.pixels)]
    if maps.baseline is not None:
        name = BASELINES[maps.specs[0].baseline]
        block.append(luma_panel(message("Baseline: {name}", name=name), maps.baseline))
    rows = [[*block, *_panels(maps, run)] for run in maps.runs.values()]
    if len(rows) == 1:
        return panels_figure(rows, title, per_map_scale=per_map_scale, words=words)
    differences = [
        Panel(spec.title, values, spec.about.unit, signed=True)
        for spec, values in zip(maps.specs, maps.differences, strict=True)
    ]
    titles = [*(labels[run] for run in maps.runs), words.tell("Difference: the second minus the first")]
    return panels_figure([*rows, [None] * len(block) + differences], title, titles, per_map_scale, words)


def _panels(maps: SideBySide, run: RunMaps) -> list[Panel]:
    return [
        Panel(spec.title, values, spec.about.unit, spec.about.signed)
        for spec, values in zip(maps.specs, run.maps, strict=True)
    ]
