import numpy as np

from av1core.figures.blocks import attribution_figure
from av1core.partition import Partition, sub_blocks


def figure(partition: Partition = Partition.HORZ_A, limit: float = 2.0):
    pixels = np.arange(256, dtype=np.uint16).reshape(16, 16)
    attribution = np.linspace(-1, limit, 16).reshape(4, 4)
    return attribution_figure(pixels, attribution, partition, "title"), pixels, attribution


def test_pixels_and_map_are_shown_as_they_are():
    drawn, pixels, attribution = figure()
    luma, alone, _, over = drawn.data
    assert np.array_equal(luma.z, pixels) and (luma.zmin, luma.zmax) == (0, 1023)
    assert np.array_equal(alone.z, attribution) and np.array_equal(over.z, attribution)


def test_the_scale_is_symmetric_about_zero_and_shared():
    drawn, *_ = figure()
    _, alone, _, over = drawn.data
    assert (alone.zmin, alone.zmax) == (over.zmin, over.zmax) == (-2.0, 2.0)


def test_map_cells_lie_over_the_pixels_they_come_from():
    drawn, *_ = figure()
    assert list(drawn.data[1].x) == [1.5, 5.5, 9.5, 13.5]


def test_each_panel_shows_the_true_partition():
    for partition in Partition:
        drawn, *_ = figure(partition)
        assert len(drawn.layout.shapes) == 3 * len(sub_blocks(partition, 16))


def test_a_map_of_zeros_has_a_scale():
    drawn = attribution_figure(np.zeros((16, 16), np.uint16), np.zeros((2, 2)), Partition.NONE, "")
    assert drawn.data[1].zmax > 0
