import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower, ftest_power

from av1core.analysis import statistics
from av1core.analysis.confusion import f1_per_class
from av1core.analysis.statistics import (
    POWER,
    UNKNOWN,
    Interval,
    difference_over_units,
    effective_units,
    holm,
    least_p,
    least_pairs,
    mean_interval,
    mean_intervals,
    mean_over_units,
    pairs_needed,
    picture_f1,
    picture_interval,
    sign_flip_p,
)
from tests.analysis.simulated import World

PAIRED = np.array([0.4, -0.1, 0.7, 0.3, 0.2, 0.9])


def confusions(runs: int, units: int, classes: int = 3, seed: int = 0) -> np.ndarray:
    """Matrices of runs on the same blocks, whatever the seed."""
    blocks = np.random.default_rng(9).integers(1, 90, (units, classes))
    random = np.random.default_rng(seed)
    return random.multinomial(blocks, random.dirichlet(np.ones(classes), (runs, units, classes)))


def macro_f1(confusion: np.ndarray) -> float:
    return 100 * float(np.mean([f1_per_class(run).mean() for run in confusion.sum(1)]))


def test_the_interval_over_seeds_is_that_of_the_paired_t_test():
    expected = stats.ttest_rel(60 + PAIRED, np.full(6, 60.0)).confidence_interval(0.95)
    assert mean_interval(PAIRED) == pytest.approx(tuple(expected))
    assert mean_interval([2.0, 2.0, 2.0]) == Interval(2.0, 2.0)
    assert np.isnan(mean_interval([1.0])).all() and np.isnan(mean_interval([])).all()


def test_many_intervals_are_each_that_of_one():
    groups = [PAIRED, PAIRED[:2], PAIRED[:1]]
    stds = [np.std(group, ddof=1) if len(group) > 1 else math.nan for group in groups]
    means, counts = (np.array([function(group) for group in groups]) for function in (np.mean, len))
    low, high = mean_intervals(means, np.array(stds), counts)
    assert np.column_stack([low, high]) == pytest.approx(np.array([mean_interval(g) for g in groups]), nan_ok=True)


def test_an_interval_is_within_where_all_of_it_is():
    assert Interval(0.1, 0.4).within(0, 0.5)
    assert not Interval(0.0, 0.4).within(0, 0.5) and not Interval(0.1, 0.5).within(0, 0.5)
    assert not UNKNOWN.within(-math.inf, math.inf)


def test_six_differences_of_one_sign_have_two_of_64_flips_as_extreme():
    assert sign_flip_p(np.abs(PAIRED)) == sign_flip_p(-np.abs(PAIRED)) == 2 / 64 == least_p(6)
    assert sign_flip_p([1, 1, 1, 1, 1, -1]) == 2 * 7 / 64  # that flip, and the same sum or more
    assert sign_flip_p([0.0, 0.0]) == 1.0
    assert math.isnan(sign_flip_p([1.0])) and math.isnan(sign_flip_p([]))


@pytest.mark.parametrize("count", [2, 3, 6, 11, 16])
def test_the_exact_p_is_that_of_scipys_permutation_test(count):
    for seed in range(20):
        differences = np.random.default_rng(seed).normal(0.3, 1, count).round(1)  # with ties
        test = stats.permutation_test(
            (differences,), np.mean, permutation_type="samples", n_resamples=2**16, vectorized=True
        )
        assert sign_flip_p(differences) == pytest.approx(test.pvalue, abs=1e-15)


def test_many_differences_are_flipped_at_random_and_repeatably():
    differences = np.random.default_rng(1).normal(0.5, 1, 30)
    p = sign_flip_p(differences)
    assert p == sign_flip_p(differences)
    assert p == pytest.approx(stats.ttest_1samp(differences, 0).pvalue, rel=0.2)


@pytest.mark.parametrize("alpha", [1, 0.05, 0.025, 0.01, 2**-5])
def test_the_fewest_pairs_are_the_first_whose_least_p_suffices(alpha):
    assert least_p(least_pairs(alpha)) <= alpha < least_p(least_pairs(alpha) - 1) or alpha == 1


def test_five_seeds_can_never_be_significant():
    assert least_p(5) == 0.0625 and least_pairs(0.05) == 6


def test_holm_multiplies_the_smallest_by_all_and_never_lets_order_turn():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]).tolist() == [1, 1]
    p_values = np.random.default_rng(3).random(20) ** 3
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])


def test_what_was_not_tested_is_no_test():
    adjusted = holm([0.02, math.nan, 0.04])
    assert adjusted[[0, 2]] == pytest.approx([0.04, 0.04]) and np.isnan(adjusted[1])
    assert np.isnan(holm([math.nan])).all() and holm([]).size == 0


def test_pairs_needed_are_those_of_the_t_tests_power():
    half = 0.5 + np.array([1, -1]) / math.sqrt(2)
    assert half.mean() / half.std(ddof=1) == pytest.approx(0.5)
    assert pairs_needed(half, 0.05) == 34  # tables of Cohen (1988)
    for alpha, scale in [(0.01, 1), (0.05 / 40, 0.5), (0.05, 20)]:
        needed = pairs_needed(half.mean() + (half - half.mean()) * scale, alpha)
        assert needed == math.ceil(TTestPower().solve_power(0.5 / scale, alpha=alpha, power=0.8))


@pytest.mark.parametrize("alpha", [0.05, 0.05 / 11, 0.00025])
def test_the_pairs_needed_are_the_first_that_the_power_of_the_f_test_allows(alpha):
    for effect in np.geomspace(0.01, 10, 30):
        needed = pairs_needed(effect + np.array([1, -1]) / math.sqrt(2), alpha)
        assert needed == least_pairs(alpha) or ftest_power(effect, needed - 2, 1, alpha, ncc=0) < POWER
        assert effect > 5 or ftest_power(effect, needed - 1, 1, alpha, ncc=0) >= POWER  # NaN for large ones


def test_pairs_needed_are_never_fewer_than_the_sign_flip_test_asks():
    assert pairs_needed([1.0, 1.1], 0.05) == 6 and pairs_needed([1.0, 1.1], 0.01) == 8
    assert pairs_needed([1.0, 1.0], 0.05) == 6
    assert pairs_needed([1e12, 1e12 + 1], 0.05) == 6


@pytest.mark.parametrize("alpha", [0.05, 0.01, 0.0005])
def test_more_pairs_are_needed_for_smaller_effects_and_never_are_they_lost(alpha):
    needed = [pairs_needed(effect + np.array([1, -1]) / math.sqrt(2), alpha) for effect in np.geomspace(0.005, 100, 60)]
    assert needed == sorted(needed, reverse=True) and needed[-1] == max(2, least_pairs(alpha))


@pytest.mark.parametrize("differences", [[], [1.0], [0.0, 0.0], [1.0, -1.0], [1 + 1e-9, -1.0]])
def test_pairs_needed_can_be_unknown(differences):
    assert pairs_needed(differences) is None


def test_the_difference_over_pictures_is_of_mean_macro_f1():
    variant, baseline = confusions(3, 5, seed=1), confusions(2, 5, seed=2)
    difference, interval, _ = picture_interval(variant, baseline)
    assert difference == pytest.approx(macro_f1(variant) - macro_f1(baseline))
    assert (interval.low + interval.high) / 2 == pytest.approx(difference)


def test_for_a_linear_statistic_the_interval_over_pictures_is_the_t_interval_over_units():
    # Two classes of 50 blocks a unit and errors alike in both: macro-F1 is then the accuracy, and linear.
    def symmetric(wrong):
        return np.array([[[50 - n, n], [n, 50 - n]] for n in wrong])[None]

    random = np.random.default_rng(4)
    ours, theirs = random.integers(0, 25, (2, 9))
    difference, interval, p = picture_interval(symmetric(ours), symmetric(theirs), resamples=100_000)
    by_unit = (theirs - ours) / 50 * 100
    assert difference == pytest.approx(by_unit.mean())
    assert interval == pytest.approx(mean_interval(by_unit), abs=0.01 * np.ptp(interval))
    assert p == pytest.approx(stats.ttest_1samp(by_unit, 0).pvalue, rel=0.05)


def test_the_bootstrap_draws_units_for_both_at_once_whatever_fits_into_memory(monkeypatch):
    variant, baseline = confusions(3, 5, seed=1), confusions(2, 5, seed=2)
    random, resampled = np.random.default_rng(7), []
    for _ in range(50):
        drawn = np.repeat(np.arange(5), random.multinomial(5, [0.2] * 5))
        resampled.append(macro_f1(variant[:, drawn]) - macro_f1(baseline[:, drawn]))
    effective = effective_units(baseline[0].sum(-1))
    reach = stats.t.ppf(0.975, effective - 1) * math.sqrt(effective / (effective - 1)) * np.std(resampled, ddof=1)
    difference, interval, _ = picture_interval(variant, baseline, resamples=50, seed=7)
    assert interval == pytest.approx((difference - reach, difference + reach))
    monkeypatch.setattr(statistics, "_CELLS", 100)
    assert picture_interval(variant, baseline, resamples=50, seed=7)[1] == pytest.approx(interval)


def test_pictures_are_paired():
    confusion = confusions(4, 8)
    assert picture_interval(confusion, confusion) == (0.0, Interval(0.0, 0.0), 1.0)


def test_swapping_the_two_mirrors_the_interval():
    variant, baseline = confusions(3, 7, seed=1), confusions(3, 7, seed=2)
    difference, interval, p = picture_interval(variant, baseline)
    mirrored, mirror, mirrored_p = picture_interval(baseline, variant)
    assert mirrored == -difference and mirrored_p == p and mirror == pytest.approx((-interval.high, -interval.low))


def test_one_picture_tells_nothing_of_others():
    difference, interval, p = picture_interval(confusions(2, 1, seed=1), confusions(2, 1, seed=2))
    assert math.isfinite(difference) and np.isnan([*interval, p]).all()


def test_the_f1_of_one_run_has_an_interval_over_pictures_too():
    matrices = confusions(1, 7, seed=1)
    wrong = np.stack([np.roll(np.diag(blocks), 1, axis=1) for blocks in matrices[0].sum(-1)])  # macro-F1 0, whatever
    f1, interval = picture_f1(matrices[0])
    assert (f1, interval) == picture_interval(matrices, wrong[None])[:2] and 0 < interval.low < interval.high < 100
    assert f1 == pytest.approx(100 * f1_per_class(matrices[0].sum(0)).mean())
    assert all(math.isnan(end) for end in picture_f1(matrices[0, :1])[1])
    right = np.stack([np.diag([50, 50, 50])] * 3 + [np.full((3, 3), 4)])
    assert picture_f1(right)[1].high == 100


def test_unequal_units_tell_less_than_their_number():
    equal = np.full((5, 3), 40)
    assert effective_units(equal) == effective_units(equal * [1, 2, 3]) == pytest.approx(5)
    assert effective_units(np.array([[98, 98], [1, 1], [1, 1]])) == pytest.approx(1, abs=0.05)
    assert effective_units(np.array([[30, 0, 0], [0, 70, 0]])) == pytest.approx(2)  # each all that is known of a class
    assert effective_units(np.array([[5, 5], [0, 0]])) == 1


@pytest.mark.parametrize(
    "world",
    [
        World(sources=4, unequal=0.3),
        World(sources=6, unequal=0.7),
        World(sources=12, unequal=0.7, alike=2),
        World(sources=20, unequal=1.2),
        World(sources=40, unequal=1.2),
    ],
    ids=lambda world: f"{world.sources} sources",
)
def test_the_interval_over_pictures_covers_the_truth_in_95_percent_of_simulations(world):
    # Recipes that differ from picture to picture, by nothing on average. Few unequal pictures make it cautious.
    world = replace(world, seeds=2, taste=0.3, seed=0)
    random, times, covered = np.random.default_rng(11), 800, 0
    for _ in range(times):
        variant, baseline = (np.stack([*recipe.confusion.values()]) for recipe in world.experiments(random))
        _, interval, _ = picture_interval(variant, baseline, resamples=500)
        covered += interval.low <= 0 <= interval.high
    tolerance = 2.3 * math.sqrt(0.05 * 0.95 / times)
    assert 0.936 - tolerance <= covered / times <= 0.984 + tolerance


def test_over_equal_units_the_interval_of_a_mean_is_the_t_interval_of_their_means():
    values = np.random.default_rng(1).normal(size=(7, 20)) + np.arange(7)[:, None]
    mean, interval = mean_over_units(values.ravel(), np.repeat(np.arange(7), 20))
    assert mean == pytest.approx(values.mean()) and interval == pytest.approx(mean_interval(values.mean(1)))


def test_over_equal_units_the_interval_of_a_difference_is_that_of_paired_units():
    ours, theirs = np.random.default_rng(2).normal(size=(2, 6, 15)) + np.arange(6)[:, None]
    units = np.repeat(np.arange(6), 15)
    difference, interval = difference_over_units(ours.ravel() + 1, units, theirs.ravel(), units)
    by_unit = ours.mean(1) + 1 - theirs.mean(1)
    assert difference == pytest.approx(by_unit.mean()) and interval == pytest.approx(mean_interval(by_unit))
    assert np.ptp(interval) < np.ptp(mean_interval(ours.mean(1)))  # what is hard in a unit is hard for both


def test_the_interval_of_a_mean_is_that_of_the_bootstrap_over_unequal_units():
    random = np.random.default_rng(5)
    sizes = np.array([5, 40, 12, 30, 22, 9])
    units = np.repeat(np.arange(6), sizes)
    values = random.normal(size=6)[units] + random.normal(size=len(units))
    counts = np.stack([np.bincount(units), np.bincount(units, values)])
    drawn = random.multinomial(6, [1 / 6] * 6, 40_000)
    blocks, sums = drawn @ counts[0], drawn @ counts[1]
    effective = effective_units(sizes[:, None])
    reach = stats.t.ppf(0.975, effective - 1) * math.sqrt(effective / (effective - 1)) * np.std(sums / blocks)
    mean, interval = mean_over_units(values, units)
    # The bootstrap's ratio is not quite linear in the units.
    assert (interval.high - mean) == pytest.approx(reach, rel=0.15) and mean == pytest.approx(values.mean())


def test_values_of_one_unit_tell_nothing_of_others():
    assert np.isnan(mean_over_units(np.arange(5.0), np.zeros(5))[1]).all()
    assert np.isnan(difference_over_units(np.arange(5.0), np.zeros(5), np.arange(3.0), np.zeros(3))[1]).all()
    assert mean_over_units(np.full(6, 2.0), np.arange(6)) == (2.0, Interval(2.0, 2.0))


@pytest.mark.parametrize(("units", "unequal"), [(5, 0.5), (12, 1.0)])
def test_the_intervals_over_units_cover_the_truth_in_95_percent_of_simulations(units, unequal):
    random, times, covered = np.random.default_rng(6), 1500, np.zeros(2)
    for _ in range(times):
        sizes = np.maximum(2, 20 * random.lognormal(0, unequal, units)).astype(int)
        unit = np.repeat(np.arange(units), sizes)
        values = random.normal(size=units)[unit] + random.normal(size=len(unit))
        first = random.random(len(unit)) < 0.5
        first[:2] = True, False
        _, mean = mean_over_units(values, unit)
        # The two halves differ from unit to unit, by nothing on average.
        moved = values + first * random.normal(0, 0.5, units)[unit]
        _, apart = difference_over_units(moved[first], unit[first], moved[~first], unit[~first])
        covered += [mean.low <= 0 <= mean.high, apart.low <= 0 <= apart.high]
    tolerance = 2.3 * math.sqrt(0.05 * 0.95 / times)
    assert (0.936 - tolerance <= covered / times).all() and (covered / times <= 0.984 + tolerance).all(), (
        covered / times
    )
