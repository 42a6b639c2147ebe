import numpy as np
import pytest
from scipy import stats

from av1core.analysis.maps.summaries import agreement, mean_difference, mean_maps, on_pixels

RANDOM = np.random.default_rng(3)


@pytest.mark.parametrize("side", [1, 2, 4, 8, 16])
def test_a_pixel_has_the_value_of_the_position_it_lies_in(side):
    maps = RANDOM.normal(size=(3, side, side))
    assert np.array_equal(on_pixels(maps), maps.repeat(16 // side, 1).repeat(16 // side, 2))


def test_a_grid_that_does_not_divide_the_block_gives_each_pixel_the_position_of_its_centre():
    assert on_pixels(np.arange(5.0).reshape(1, 1, 5))[0, 0].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4, 4, 4]


def test_means_are_of_each_group_signed_and_absolute():
    maps, group = RANDOM.normal(size=(50, 4, 4)).astype(np.float32), RANDOM.integers(0, 3, 50)
    means = mean_maps(maps, group, ["a", "b", "c", "none"])
    assert means.names == ("a", "b", "c", "none") and means.blocks == (*np.bincount(group).tolist(), 0)
    for place in range(3):
        np.testing.assert_allclose(means.signed[place], maps[group == place].mean(0), atol=1e-6)
        np.testing.assert_allclose(means.absolute[place], np.abs(maps[group == place]).mean(0), atol=1e-6)
    assert np.isnan(means.signed[3]).all() and np.isnan(means.absolute[3]).all()
    assert means.signed.dtype == np.float32


def test_a_difference_is_the_second_less_the_first_on_the_coarser_grid():
    fine, coarse = (
        mean_maps(RANDOM.normal(size=(6, side, side)), np.array([0, 0, 0, 1, 1, 1]), "ab") for side in (8, 4)
    )
    same = mean_difference(coarse, coarse, adds_up=True)
    assert same.names == ("a", "b") and same.blocks == (3, 3) and same.signed.shape == (2, 4, 4)
    assert not same.signed.any() and not same.absolute.any()
    apart = mean_difference(fine, coarse, adds_up=True)
    for of_fine, of_coarse, found in (
        (fine.signed, coarse.signed, apart.signed),
        (fine.absolute, coarse.absolute, apart.absolute),
    ):
        np.testing.assert_allclose(found, of_coarse - of_fine.reshape(2, 4, 2, 4, 2).sum((2, 4)), atol=1e-6)
    averaged = mean_difference(fine, coarse, adds_up=False)
    np.testing.assert_allclose(
        averaged.signed, coarse.signed - fine.signed.reshape(2, 4, 2, 4, 2).mean((2, 4)), atol=1e-6
    )


def test_agreement_is_the_mean_of_scipys_rank_correlation_of_absolute_maps():
    maps = {
        "fine": RANDOM.normal(size=(5, 16, 16)), "steps": RANDOM.integers(-2, 3, (5, 16, 16)).astype(float),
        "coarse": RANDOM.normal(size=(5, 4, 4)),
    }  # fmt: skip
    found = agreement(maps)
    assert found.names == ("fine", "steps", "coarse") and (found.counts == 5).all()
    flat = [np.abs(on_pixels(each)).reshape(5, -1) for each in maps.values()]
    for one in range(3):
        for other in range(3):
            by_block = [stats.spearmanr(flat[one][n], flat[other][n]).statistic for n in range(5)]
            assert found.correlation[one, other] == pytest.approx(np.mean(by_block))


def test_what_ranks_alike_agrees_whatever_its_sign_or_scale():
    maps = RANDOM.normal(size=(4, 16, 16))
    found = agreement({"map": maps, "cubed": -(maps**3), "reversed": 1 / maps})
    np.testing.assert_allclose(found.correlation, [[1, 1, -1], [1, 1, -1], [-1, -1, 1]], atol=1e-12)


def test_flat_maps_are_left_out_and_counted():
    maps, others = RANDOM.normal(size=(2, 3, 16, 16))
    maps[0] = -2
    found = agreement({"a": maps, "b": others, "flat": np.zeros((3, 4, 4))})
    assert found.counts.tolist() == [[2, 2, 0], [2, 3, 0], [0, 0, 0]]
    assert np.isnan(found.correlation[2]).all()
    ranks = [stats.spearmanr(np.abs(maps[n]).ravel(), np.abs(others[n]).ravel()).statistic for n in (1, 2)]
    assert found.correlation[0, 1] == pytest.approx(np.mean(ranks))
