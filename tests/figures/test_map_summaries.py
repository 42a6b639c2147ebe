import numpy as np
import pandas as pd
import pytest

from av1core.analysis.maps.methods import METHODS
from av1core.analysis.maps.regions import REGIONS, cut_again_table, region_shares, shares_table
from av1core.analysis.maps.summaries import Agreement, MeanMaps
from av1core.figures.map_summaries import REGION_ROWS, agreement_figure, cut_again_figure, mean_panels, shares_figure
from av1core.figures.theme import describe
from av1core.partition import Partition

MAPS = np.random.default_rng(0).normal(size=(60, 16, 16))
SOURCE = np.arange(60) % 5
DRAWN = [name for row in REGION_ROWS for name in row]


def shares(names=("AB", "RECT")) -> pd.DataFrame:
    return shares_table(region_shares(MAPS), np.arange(60) % len(names), names, SOURCE)


def test_mean_maps_are_panels_with_their_blocks_signed_if_they_can_be():
    means = MeanMaps(("AB", "RECT"), (1, 1200), MAPS[:2], np.abs(MAPS[:2]))
    gradients, saliency = METHODS["integrated_gradients"], METHODS["saliency"]
    signed = mean_panels(means, False, gradients)
    assert [panel.title for panel in signed] == ["AB, 1 block", "RECT, 1,200 blocks"]
    assert all(panel.signed for panel in signed) and np.array_equal(signed[1].values, MAPS[1])
    absolute = mean_panels(means, True, gradients)
    assert not any(panel.signed for panel in absolute) and np.array_equal(absolute[0].values, np.abs(MAPS[0]))
    assert not any(panel.signed for panel in mean_panels(means, False, saliency))


def test_a_difference_shares_the_scale_of_signed_means_and_has_its_own_beside_absolute_ones():
    means = MeanMaps(("AB",), (3,), MAPS[:1], np.abs(MAPS[:1]))
    for absolute, method in ((False, "occlusion"), (True, "occlusion"), (False, "saliency")):
        (mean,), (difference,) = (mean_panels(means, absolute, METHODS[method], apart) for apart in (False, True))
        assert difference.signed and ((mean.unit, mean.signed) == (difference.unit, True)) == mean.signed
        assert difference.unit.startswith(mean.unit)


def test_every_share_is_drawn_with_its_interval_and_the_share_of_the_area():
    table = shares()
    figure = shares_figure({"run": table}, "Shares")
    assert len(figure.data) == len(figure.layout.shapes) == len(DRAWN)
    for trace, line, region in zip(figure.data, figure.layout.shapes, DRAWN, strict=True):
        some = table[table["region"] == region]
        assert list(trace.x) == list(some["share"]) and line.x0 == line.x1 == 100 * REGIONS[region].mean()
        assert list(trace.x + trace.error_x.array) == pytest.approx(list(some["share_high"]))
        assert list(trace.x - trace.error_x.arrayminus) == pytest.approx(list(some["share_low"]))
        assert trace.xaxis.replace("x", "") == line.xref.replace("x", "") == trace.yaxis.replace("y", "")
    assert [note.text.lower() for note in figure.layout.annotations] == DRAWN
    assert figure.layout.yaxis.ticktext == ("RECT", "AB") and list(figure.data[0].y) == [1, 0]  # the first on top
    assert "30 blocks of 5 sources" in figure.data[0].customdata[0] and "95 % interval" in figure.data[0].customdata[0]
    assert not any(trace.showlegend for trace in figure.data) and "area" in describe(figure)


def test_two_runs_stand_beside_each_other_with_names_as_they_are():
    other = shares(("AB", "RECT", "SPLIT"))
    figure = shares_figure({"<b>one</b>": shares(), "two": other}, "Shares")
    first, second = figure.data[0], figure.data[len(DRAWN)]
    assert first.marker.color != second.marker.color and not set(first.y) & set(second.y)
    assert [trace.name for trace in figure.data if trace.showlegend] == ["&lt;b&gt;one&lt;/b&gt;", "two"]
    assert figure.layout.yaxis.ticktext == ("SPLIT", "RECT", "AB")
    assert len(figure.layout.shapes) == len(DRAWN)


def test_an_unknown_interval_leaves_its_dot_bare_and_says_so():
    table = shares_table(region_shares(MAPS[:2]), np.zeros(2, int), ["AB"], np.zeros(2))
    trace = shares_figure({"run": table}, "Shares").data[0]
    assert np.isnan(trace.error_x.array).all() and "no interval<br>2 blocks of 1 source" in trace.customdata[0]


def test_no_evidence_is_said():
    nothing = region_shares(np.zeros((2, 16, 16)))
    table = shares_table(nothing, np.zeros(2, int), ["AB"], np.zeros(2))
    assert "No map" in describe(shares_figure({"run": table}, "Shares"))
    table = cut_again_table(nothing, nothing, np.full(2, Partition.HORZ_A), np.zeros(2))
    assert "No block" in describe(cut_again_figure(table, "Cut again"))


def test_a_half_that_is_cut_again_stands_beside_its_mirror_image_and_the_contrast():
    partition = np.array([Partition.HORZ_A, Partition.HORZ_B, Partition.VERT_A])[np.arange(60) % 3]
    table = cut_again_table(region_shares(MAPS), region_shares(MAPS**2), partition, SOURCE)
    figure = cut_again_figure(table, "Cut again")
    share, mirror, contrast = figure.data
    assert list(share.x) == list(table["share"]) and list(contrast.x) == list(table["contrast"])
    assert list(mirror.x[:2]) == list(table["mirror_share"][:2]) and np.isnan(mirror.x[2])
    assert figure.layout.yaxis.ticktext == ("HORZ_A: top half", "HORZ_B: bottom half", "VERT_A: left half")
    assert list(figure.layout.yaxis.tickvals) == list(share.y) == [2, 1, 0]
    assert figure.layout.shapes[0].x0 == 50


def test_agreement_is_written_into_its_cells_on_a_scale_symmetric_about_zero():
    correlation = np.array([[1, -0.256, np.nan], [-0.256, 1, np.nan], [np.nan] * 3])
    figure = agreement_figure(Agreement(("a", "<b>", "flat"), correlation, np.full((3, 3), 7)), "ρ")
    (heatmap,) = figure.data
    assert tuple(heatmap.text[0]) == ("1.00", "−0.26", "–") and (heatmap.zmin, heatmap.zmax) == (-1, 1)
    assert list(heatmap.x) == list(heatmap.y) == ["a", "&lt;b&gt;", "flat"]
    assert np.array(heatmap.customdata).tolist() == np.full((3, 3), 7).tolist()
    assert figure.layout.yaxis.autorange == "reversed" and "Spearman" in describe(figure)
