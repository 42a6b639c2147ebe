from itertools import pairwise

import numpy as np
import pytest

from av1core.figures.maps import Panel, luma_panel, panels_figure
from av1core.figures.theme import describe

PIXELS = np.arange(256, dtype=np.uint16).reshape(16, 16)


def panel(values, title="Occlusion", unit="logits", signed=True) -> Panel:
    return Panel(title, np.asarray(values, np.float32), unit, signed)


def square(value: float, side: int = 16) -> np.ndarray:
    return np.full((side, side), value)


def places(trace) -> tuple[list[float], list[float]]:
    """The edges of a trace's cells, along and down."""
    height, width = np.shape(trace.z)
    return (
        list(trace.x0 + (np.arange(width + 1) - 0.5) * trace.dx),
        list(trace.y0 + (np.arange(height + 1) - 0.5) * trace.dy),
    )


def titles(figure) -> list[str]:
    return [note.text.replace("<br>", " ") for note in figure.layout.annotations]


def test_values_are_drawn_as_they_are_on_their_own_grid_over_the_16_pixels():
    coarse, fine = np.linspace(-1, 2, 16).reshape(4, 4), np.linspace(-1, 1, 256).reshape(16, 16)
    figure = panels_figure([[luma_panel("Pixels", PIXELS), panel(coarse), panel(fine)]], "Maps")
    for trace, values in zip(figure.data, (PIXELS, coarse, fine), strict=True):
        assert np.allclose(trace.z, values) and not trace.zsmooth
        along, down = places(trace)
        assert along[-1] - along[0] == down[-1] - down[0] == 16
    frames = [(shape.x0, shape.x1, shape.y0, shape.y1) for shape in figure.layout.shapes]
    ends = [(along[0], along[-1], down[0], down[-1]) for along, down in map(places, figure.data)]
    assert np.allclose(frames, ends)
    assert places(figure.data[1])[0][1] - places(figure.data[1])[0][0] == 4
    # The first row is on top.
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]


def test_panels_do_not_overlap_and_a_free_place_stays_free():
    row = [luma_panel("Pixels", PIXELS), None, panel(square(1))]
    figure = panels_figure([row, row[:1], row], "Maps", ["one", "two", "three"])
    assert len(figure.data) == len(figure.layout.shapes) == 5
    boxes = [(*places(trace)[0][:: len(trace.z)], *places(trace)[1][:: len(trace.z)]) for trace in figure.data]
    for one, (left, right, top, bottom) in enumerate(boxes):
        for l2, r2, t2, b2 in boxes[:one]:
            assert right <= l2 or r2 <= left or bottom <= t2 or b2 <= top
    assert boxes[1][0] - boxes[0][1] > 16  # the free place
    assert {box[0] for box in boxes} == {boxes[0][0], boxes[1][0]}


def test_one_scale_for_each_unit_symmetric_about_zero_where_signed():
    small, large = panel(square(0.1)), panel(square(-3.0), "Integrated Gradients")
    slope = panel(square(5.0), "Saliency", "logits per full luma range", signed=False)
    figure = panels_figure([[luma_panel("Pixels", PIXELS), small, slope], [None, large, slope]], "Maps")
    of = [figure.layout[trace.coloraxis] for trace in figure.data]
    assert figure.data[1].coloraxis == figure.data[3].coloraxis
    assert figure.data[2].coloraxis == figure.data[4].coloraxis
    assert [(axis.cmin, axis.cmax) for axis in of] == [(0, 1023), (-3, 3), (0, 5), (-3, 3), (0, 5)]
    assert [axis.colorbar.title.text for axis in of[:3]] == ["luma", "logits", "logits per full luma range"]
    bars = [axis.colorbar for axis in of[:3]]
    assert all(one.x + one.len <= other.x for one, other in pairwise(bars))


def test_signed_and_unsigned_maps_of_one_unit_have_a_scale_each():
    figure = panels_figure([[panel(square(1)), panel(square(4), signed=False)]], "Maps")
    assert [figure.layout[trace.coloraxis].cmin for trace in figure.data] == [-1, 0]


def test_own_scales_are_marked_and_have_no_bar():
    row = [luma_panel("Pixels", PIXELS), panel(square(0.125)), panel(square(2.0), "Saliency", signed=False)]
    figure = panels_figure([row], "Maps", per_map_scale=True)
    assert [(trace.zmin, trace.zmax) for trace in figure.data] == [(0, 255), (-0.125, 0.125), (0, 2)]
    assert titles(figure) == ["Pixels own scale 0–255", "Occlusion own scale ±0.12", "Saliency own scale 0–2"]
    assert not any(trace.showscale or trace.coloraxis for trace in figure.data)
    # Below itself a title stands again, since its scale is another one.
    assert len(titles(panels_figure([row, row], "Maps", per_map_scale=True))) == 6


def test_a_title_stands_once_over_a_column():
    row = [luma_panel("Pixels", PIXELS), panel(square(1))]
    other = [luma_panel("Pixels", PIXELS), panel(square(1), "Difference")]
    figure = panels_figure([row, row, other], "Maps", ["a", "b", "c"])
    assert titles(figure) == ["<b>a</b>", "Pixels", "Occlusion", "<b>b</b>", "<b>c</b>", "Difference"]


def test_a_hover_tells_the_place_and_the_value_with_its_unit():
    fine, coarse, luma = panels_figure(
        [[panel(square(1)), panel(square(1, 4)), luma_panel("Pixels", PIXELS)]], "Maps"
    ).data
    assert "row %{customdata[0]}, col %{customdata[2]}" in fine.hovertemplate and " logits" in fine.hovertemplate
    assert list(fine.customdata[3, 5]) == [3, 3, 5, 5]
    assert "rows %{customdata[0]}–%{customdata[1]}" in coarse.hovertemplate
    assert list(coarse.customdata[1, 3]) == [4, 7, 12, 15]
    assert "luma %{z" in luma.hovertemplate


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("value", [0.0, np.nan])
def test_a_map_without_values_has_a_scale(value, own):
    figure = panels_figure([[panel(square(value)), luma_panel("Mean", square(value))]], "Maps", per_map_scale=own)
    for trace in figure.data:
        low, high = (
            (trace.zmin, trace.zmax) if own else (figure.layout[trace.coloraxis][f"c{end}"] for end in ("min", "max"))
        )
        assert np.isfinite([low, high]).all() and low < high


def test_text_is_shown_as_text_and_told_in_words():
    figure = panels_figure([[panel(square(1), "a <b> $x$")]], "b <i>", ["run <b>"])
    assert "<i>" not in figure.layout.title.text and not any("<b> " in text for text in titles(figure))
    assert describe(figure) == "b <i>. Panels: run <b>: a <b> $x$."


def test_nothing_to_show_is_said():
    assert "no map" in panels_figure([[None]], "Maps").layout.annotations[0].text
