import numpy as np
import pandas as pd
import pytest

from av1core.analysis.maps.methods import MapSpec
from av1core.analysis.maps.trust import Trust
from av1core.figures.theme import NEUTRAL, describe
from av1core.figures.trust import faithfulness_figure, similarity_figure


def trust(spec: MapSpec, height: float = 40.0) -> Trust:
    curves = pd.DataFrame(
        [
            (way, order, share, height + place)
            for way in ("deletion", "insertion")
            for place, order in enumerate(("map", "random", "edges"))
            for share in (0.0, 50.0, 100.0)
        ],
        columns=["way", "order", "share", "probability"],
    )
    rows = [("nothing", 1.0, 1.0, 1.0), ("head", 0.5, 0.4, 0.6), ("stem", 0.1, np.nan, np.nan)]
    similarity = pd.DataFrame(rows, columns=["randomised", "similarity", "low", "high"])
    return Trust(spec, (), curves, similarity, 20, 16, 5)


@pytest.fixture
def found():
    return [trust(MapSpec("saliency")), trust(MapSpec("grad_cam", "layer1"), 60)]


def test_each_method_has_a_curve_beside_random_orders_and_edges(found):
    figure = faithfulness_figure(found, "Faithfulness: a $run$ <b>")
    names = ["Saliency", "Grad-CAM of layer1", "random orders", "edges (Sobel)"]
    assert [trace.name for trace in figure.data] == 2 * names
    assert [trace.name for trace in figure.data if trace.showlegend] == names
    assert [trace.y[0] for trace in figure.data] == 2 * [40, 60, 41, 42]
    assert {trace.line.color for trace in figure.data if trace.name in names[2:]} == {NEUTRAL}
    assert {trace.xaxis for trace in figure.data[:4]} == {"x"} and {trace.xaxis for trace in figure.data[4:]} == {"x2"}
    said = describe(figure)
    assert said.startswith("Faithfulness: a $run$ <b>. Horizontal axis: Pixels replaced by the baseline (%)")
    assert "Pixels put back (%). Vertical axis: Probability of the class (%)" in said


def test_the_similarity_goes_down_the_model_with_the_rule_drawn_in(found):
    figure = similarity_figure(found, "Model randomisation")
    assert [trace.name for trace in figure.data] == ["Saliency", "Grad-CAM of layer1"]
    assert figure.data[0].x == ("nothing", "head", "stem") and list(figure.data[0].y) == [1, 0.5, 0.1]
    assert [shape.y0 for shape in figure.layout.shapes] == [0.5, 0]


def test_methods_look_alike_in_both_figures_and_unlike_each_other(found):
    curves, similarity = faithfulness_figure(found, "a"), similarity_figure(found, "b")
    colours = [trace.line.color for trace in similarity.data]
    assert [trace.line.color for trace in curves.data[:2]] == colours and len(set(colours)) == 2


def test_nothing_checked_is_said():
    for draw in (faithfulness_figure, similarity_figure):
        assert describe(draw([], "a")) == "No method has been checked yet"
