import numpy as np
import pandas as pd
import pytest

from av1core.analysis.feature_map import COLUMNS, FeatureMap
from av1core.analysis.features import FEATURE_LAYERS, MEAN, POSITIONS
from av1core.analysis.probes import PIXELS, RUN, STATISTICS, Probe, Probes
from av1core.analysis.statistics import UNKNOWN, Interval
from av1core.figures.features import BY, cka_figure, feature_map_figure, probe_figure
from av1core.figures.theme import describe
from av1core.partition import STAGES

STAGE = STAGES["stage3_rect"]
ORDER = {"true": ["HORZ", "VERT"], "predicted": ["HORZ", "VERT"], "decided": ["right", "wrong"],
         "qindex": [80, 128, 220], "source": ["one", "<b>two</b>"]}  # fmt: skip


INTERVAL = Interval(40, 70)


def probes(interval: Interval = INTERVAL) -> Probes:
    def of(name, form, f1):
        return Probe(name, form, 1024, 16, np.ones((2, 2, 2), int), f1, interval)

    layers = [
        of(layer, form, 50 + 2 * place + (form == POSITIONS))
        for place, layer in enumerate(FEATURE_LAYERS)
        for form in (MEAN, POSITIONS)
        if (place, form) != (5, POSITIONS)
    ]
    return Probes(
        STAGE, 10, 8, "source", ("a", "b"), (*layers, of(PIXELS, "", 33), of(STATISTICS, "", 61), of(RUN, "", 58))
    )


def test_probes_stand_at_their_layers_with_their_intervals():
    figure = probe_figure(probes(), "Title", "<i>Mine</i>")
    mean, positions, *lines = figure.data
    assert [text.replace("<br>", " ") for text in figure.layout.xaxis.ticktext] == list(FEATURE_LAYERS)
    assert list(np.rint(mean.x)) == [0, 1, 2, 3, 4, 5] and list(np.rint(positions.x)) == [0, 1, 2, 3, 4]
    assert list(mean.y) == [50, 52, 54, 56, 58, 60] and list(positions.y) == [51, 53, 55, 57, 59]
    assert list(mean.error_y.arrayminus) == [10, 12, 14, 16, 18, 20] and mean.error_y.array[0] == 20
    assert mean.marker.symbol != positions.marker.symbol and mean.name == "probe, mean over positions"
    assert "layer1, with positions<br>53.00 %, 95 % interval 40.00 to 70.00" in positions.customdata[1]
    assert [line.name for line in lines] == [PIXELS, STATISTICS, "&lt;i&gt;Mine&lt;/i&gt;"]
    assert [set(line.y) for line in lines] == [{33}, {61}, {58}] and len({line.line.dash for line in lines}) == 3
    assert figure.layout.yaxis.title.text == "Val macro-F1 (%)" and "Features of" in describe(figure)


def test_one_picture_has_no_interval():
    mean = probe_figure(probes(UNKNOWN), "Title", "Mine").data[0]
    assert np.isnan(mean.error_y.array).all() and "no interval: one picture" in mean.customdata[0]


def test_cka_is_on_one_scale_and_tells_its_runs():
    table = np.array([[1, -0.004], [np.nan, 0.456]])
    figure = cka_figure(table, ["stem", "layer1"], "CKA", ("One", "<b>Two</b>"))
    (heatmap,) = figure.data
    assert (heatmap.zmin, heatmap.zmax) == (0, 1) and list(heatmap.x) == list(heatmap.y) == ["stem", "layer1"]
    assert np.array(heatmap.text).tolist() == [["1.00", "−0.00"], ["–", "0.46"]]
    assert figure.layout.yaxis.title.text == "Layer of One"
    assert figure.layout.xaxis.title.text == "Layer of &lt;b&gt;Two&lt;/b&gt;" and "<b>" not in heatmap.hovertemplate


@pytest.fixture
def found():
    rows = [
        (7, 0.0, 1.0, "HORZ", "VERT", "wrong", 220, "one"),
        (3, 2.0, 3.0, "VERT", "VERT", "right", 80, "<b>two</b>"),
        (9, 4.0, 5.0, "VERT", "HORZ", "wrong", 80, "one"),
    ]
    return FeatureMap(pd.DataFrame(rows, columns=COLUMNS), (61.23, 7.0))


@pytest.mark.parametrize("by", BY)
def test_points_are_told_apart_by_colour_and_shape(found, by):
    figure = feature_map_figure(found, by, "Title", ORDER)
    assert sum(len(trace.x) for trace in figure.data) == 3 and figure.layout.legend.title.text == BY[by]
    looks = {trace.name: (trace.marker.color, trace.marker.symbol) for trace in figure.data}
    assert len(looks) == len(set(looks.values())) == len({symbol for _, symbol in looks.values()}) == 2
    # A value that no point has takes its look along.
    without = FeatureMap(found.points[found.points["row"] != 7], None)
    fewer = feature_map_figure(without, by, "Title", ORDER).data
    assert all(looks[trace.name] == (trace.marker.color, trace.marker.symbol) for trace in fewer)


def test_a_point_knows_its_block_and_says_what_it_is(found):
    horz, vert = feature_map_figure(found, "true", "Title", ORDER).data
    assert (horz.name, list(horz.x), list(horz.y)) == ("HORZ", [0], [1]) and [each[0] for each in vert.customdata] == [
        3,
        9,
    ]
    assert horz.customdata[0][0] == 7 and horz.customdata[0][1] == "true HORZ, predicted VERT<br>qindex 220<br>one"
    assert vert.customdata[0][1].endswith("&lt;b&gt;two&lt;/b&gt;")


def test_axes_say_the_variance_that_they_explain(found):
    layout = feature_map_figure(found, "true", "Title", ORDER).layout
    assert layout.xaxis.title.text == "Principal component 1 (61.2 % of the variance)"
    assert layout.yaxis.title.text == "Principal component 2 (7.0 % of the variance)"
    umap = feature_map_figure(FeatureMap(found.points, None), "true", "Title", ORDER).layout
    assert "UMAP" in umap.xaxis.title.text and "%" not in umap.xaxis.title.text
