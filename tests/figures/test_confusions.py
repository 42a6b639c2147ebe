import numpy as np
import pytest

from av1core.figures.confusions import confusion_difference, confusion_figure, confusion_pair
from av1core.figures.theme import describe

LEFT = np.array([[3, 1, 0], [0, 0, 0], [5, 0, 5]])
RIGHT = np.array([[8, 0, 0], [1, 1, 0], [1, 0, 9]])
NAMES = ["A", "B", "C"]


def test_cells_say_shares_of_their_row_and_nothing_where_no_block_is():
    figure = confusion_figure(LEFT, NAMES, "Title")
    (heatmap,) = figure.data
    assert np.array(heatmap.text).tolist() == [["75 %", "25 %", ""], ["", "", ""], ["50 %", "", "50 %"]]
    assert heatmap.customdata.tolist() == LEFT.tolist() and "%{customdata:,} blocks" in heatmap.hovertemplate
    assert heatmap.z[0].sum() == pytest.approx(100) and np.isnan(heatmap.z[1]).all() and list(heatmap.x) == NAMES
    assert list(heatmap.y) == ["A (4)", "B (0)", "C (10)"]
    assert figure.layout.yaxis.autorange == "reversed"  # the first class on top


def test_a_pair_shares_one_scale_and_its_axes():
    figure = confusion_pair(LEFT, RIGHT, NAMES, ("one", "<b>two</b>"))
    one, two = figure.data
    assert one.z[0].tolist() == [75, 25, 0] and two.z[0].tolist() == [100, 0, 0]
    assert (one.zmin, one.zmax) == (two.zmin, two.zmax) == (0, 100) and one.colorscale == two.colorscale
    assert figure.layout.yaxis2.matches == "y" and figure.layout.yaxis.autorange == "reversed"
    assert [note.text for note in figure.layout.annotations] == ["one", "&lt;b&gt;two&lt;/b&gt;"]
    assert "Left: one. Right: <b>two</b>" in describe(figure)


def test_the_difference_is_right_minus_left_in_pp_signed_and_symmetric_about_zero():
    (heatmap,) = confusion_difference(LEFT, RIGHT, NAMES, "Title").data
    assert heatmap.z[0].tolist() == [25, -25, 0] and heatmap.z[2].tolist() == [-40, 0, 40]
    assert np.array(heatmap.text).tolist() == [["+25.0", "−25.0", "+0.0"], ["", "", ""], ["−40.0", "+0.0", "+40.0"]]
    assert (heatmap.zmin, heatmap.zmax) == (-40, 40)
    assert heatmap.customdata[2][2].tolist() == [50, 90]


def test_equal_matrices_have_a_scale():
    (heatmap,) = confusion_difference(LEFT, LEFT, NAMES, "Title").data
    assert (heatmap.zmin, heatmap.zmax) == (-1, 1)
    (nothing,) = confusion_difference(LEFT * 0, LEFT, NAMES, "Title").data
    assert nothing.zmax == 1 and np.isnan(nothing.z).all()
