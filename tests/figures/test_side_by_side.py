import numpy as np

from av1core.analysis.maps.methods import MapSpec
from av1core.analysis.maps.side_by_side import RunMaps, SideBySide
from av1core.figures.side_by_side import side_by_side_figure
from av1core.figures.theme import describe
from av1core.partition import STAGES

SPECS = tuple(
    MapSpec(method, layer, "black")
    for method, layer in (("saliency", None), ("occlusion", None), ("grad_cam", "layer1"))
)


def maps(*factors: float, specs=SPECS, baseline=True) -> SideBySide:
    every = (np.ones((16, 16)), np.linspace(-1, 1, 256).reshape(16, 16), np.arange(16.0).reshape(4, 4))[: len(specs)]
    runs = {f"run{place}": RunMaps(tuple(of * each for each in every), 1, 0) for place, of in enumerate(factors)}
    luma = np.arange(256, dtype=np.uint16).reshape(16, 16)
    return SideBySide(STAGES["stage2"], 0, luma, luma * 0.0 if baseline else None, specs, 1, runs)


def drawn(figure) -> list[tuple[str, float]]:
    return [(trace.name, float(np.max(trace.z))) for trace in figure.data]


def test_a_row_holds_pixels_the_baseline_used_and_a_panel_for_each_method():
    figure = side_by_side_figure(maps(1), {"run0": "Run"}, "Evidence for RECT")
    assert drawn(figure) == [
        ("Pixels", 255), ("Baseline: black", 0), ("Saliency", 1), ("Occlusion", 1), ("Grad-CAM of layer1", 15)
    ]  # fmt: skip
    assert "Run" not in describe(figure)
    alone = side_by_side_figure(maps(1, specs=SPECS[:1], baseline=False), {}, "")
    assert drawn(alone) == [("Pixels", 255), ("Saliency", 1)]


def test_two_runs_have_a_row_each_and_one_of_differences_under_their_maps():
    figure = side_by_side_figure(maps(1, 3), {"run0": "First", "run1": "Second"}, "Maps")
    assert len(figure.data) == 5 + 5 + 3
    assert drawn(figure)[10:] == [("Saliency", 2), ("Occlusion", 2), ("Grad-CAM of layer1", 30)]
    assert [trace.x0 for trace in figure.data[10:]] == [trace.x0 for trace in figure.data[2:5]]
    # A difference of unsigned maps has a sign and so a scale of its own; one of signed maps shares theirs.
    scale = {trace.name: trace.coloraxis for trace in figure.data[:5]}
    below = {trace.name: trace.coloraxis for trace in figure.data[10:]}
    assert below["Occlusion"] == scale["Occlusion"] and below["Saliency"] not in scale.values()
    words = describe(figure)
    assert "First: Pixels" in words and "Difference: the second minus the first: Saliency" in words


def test_own_scales_are_marked():
    figure = side_by_side_figure(maps(1, 3), {"run0": "First", "run1": "Second"}, "", per_map_scale=True)
    marked = [note.text for note in figure.layout.annotations if "own" in note.text]
    assert len(marked) == len(figure.data)
