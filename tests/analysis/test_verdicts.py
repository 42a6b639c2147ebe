from functools import cache

import numpy as np
import pytest

from av1core.analysis.verdicts import (
    BETTER,
    EQUIVALENT,
    NOT_ESTABLISHED,
    RULES,
    WORDS,
    WORSE,
    Comparison,
    Measured,
    compare,
)
from tests.analysis.simulated import World

SEEDS = range(8)


def measured(name: str, right: float, seeds=SEEDS, units: int = 12, spread: float = 0.0, **values) -> Measured:
    """Runs that get `right` % of each class in every unit, those of even units `spread` more and of odd ones less.

    Each seed adds a little, the same to every recipe.
    """
    confusion = {}
    for seed in seeds:
        share = right + 0.01 * (seed % 5) + spread * np.where(np.arange(units) % 2, -1, 1)
        hits = np.round(100 * share).astype(int)
        confusion[seed] = np.array([[[n, 10_000 - n], [10_000 - n, n]] for n in hits], np.int64).reshape(units, 2, 2)
    val_f1 = {seed: right + 0.01 * (seed % 5) for seed in seeds}
    return Measured(name, val_f1, confusion, **values)


def only(baseline: Measured, variant: Measured, **values):
    return compare(baseline, [variant], **values)[0]


BASE = measured("base", 60)


def test_each_word_has_its_rule():
    assert tuple(word for word, _ in RULES) == WORDS == ("better", "worse", "equivalent", "not established")


@pytest.mark.parametrize("right, word", [(62, BETTER), (58, WORSE), (60, EQUIVALENT), (60.7, BETTER)])
def test_words_follow_the_difference(right, word):
    comparison = only(BASE, measured("other", right))
    assert comparison.verdict == word and comparison.reason.endswith(".")
    assert (comparison.variant, comparison.baseline) == ("other", "base")
    assert comparison.delta == pytest.approx(right - 60)
    assert (comparison.pairs, comparison.units, comparison.unit) == (8, 12, "source")


def test_one_seed_is_never_established():
    one = only(measured("base", 60, seeds=[0]), measured("other", 80, seeds=[0]))
    assert one.verdict == NOT_ESTABLISHED and one.reason.startswith("One seed")
    assert one.delta == pytest.approx(20) and np.isnan([one.p, one.p_adjusted, *one.seeds]).all()
    assert one.pictures.within(19, 21) and one.needed is None


def test_seeds_that_are_not_shared_make_no_pair():
    apart = only(measured("base", 60, seeds=range(6)), measured("other", 70, seeds=range(10, 16)))
    assert apart.verdict == NOT_ESTABLISHED and apart.reason.startswith("No seed in common")
    assert apart.pairs == 0 and apart.delta == pytest.approx(10, abs=0.1) and apart.pictures.within(9, 11)
    extra = measured("other", 62, seeds=range(1, 9))
    assert only(BASE, extra).pairs == 7


def test_an_experiment_without_results_says_so():
    nothing = Measured("nothing", {}, {}, lacking="It was imported.")
    assert "variant has no run" in only(BASE, nothing).reason and np.isnan(only(BASE, nothing).delta)
    assert "baseline has no run" in only(nothing, BASE).reason


def test_without_predictions_nothing_is_established_and_the_reason_is_passed_on():
    bare = Measured("bare", measured("", 65).val_f1, {}, lacking="Imported runs have no predictions.")
    for comparison in (only(BASE, bare), only(bare, BASE)):
        assert comparison.verdict == NOT_ESTABLISHED and comparison.reason == bare.lacking
        assert comparison.units == 0 and np.isnan(comparison.pictures).all() and comparison.p == 2 / 256


def test_predictions_of_some_paired_seeds_are_enough():
    full = measured("other", 62)
    some = Measured("other", full.val_f1, {seed: full.confusion[seed] for seed in (2, 5)})
    assert only(BASE, some).verdict == BETTER
    unpaired = Measured("other", {**full.val_f1, 99: 62.0}, {99: full.confusion[0]})
    assert "No paired seed" in only(BASE, unpaired).reason


@pytest.mark.parametrize("other", [{"units": 11}, {"unit": "frame"}])
def test_other_blocks_are_not_compared(other):
    comparison = only(BASE, measured("other", 65, **other))
    assert comparison.verdict == NOT_ESTABLISHED and "other blocks" in comparison.reason


def test_the_same_number_of_units_can_still_be_other_blocks():
    other = measured("other", 65)
    moved = {seed: confusion + np.array([[0, 1], [0, 0]]) for seed, confusion in other.confusion.items()}
    assert "other blocks" in only(BASE, Measured("other", other.val_f1, moved)).reason


def test_one_unit_is_not_enough():
    comparison = only(measured("base", 60, units=1), measured("other", 65, units=1))
    assert comparison.verdict == NOT_ESTABLISHED and "one source only" in comparison.reason


def test_better_needs_the_sign_flip_test():
    few = only(measured("base", 60, seeds=range(5)), measured("other", 65.1, seeds=range(5)))
    assert few.seeds.low > 0 and few.pictures.low > 0 and few.p == 0.0625
    assert few.verdict == NOT_ESTABLISHED and "at least 6 seeds" in few.reason and few.needed == 6


def test_better_needs_the_seeds():
    lucky = {seed: BASE.val_f1[seed] + (6 if seed == 3 else 0.1) for seed in SEEDS}  # all above, by one seed's doing
    comparison = only(BASE, Measured("other", lucky, measured("other", 61).confusion))
    assert comparison.p_adjusted < 0.05 and comparison.pictures.low > 0
    assert comparison.verdict == NOT_ESTABLISHED and "seeds contains 0" in comparison.reason


def test_better_needs_the_pictures():
    uneven = measured("other", 61, spread=3)
    comparison = only(BASE, uneven)
    assert comparison.seeds.low > 0 and comparison.p < 0.05
    assert comparison.verdict == NOT_ESTABLISHED and "pictures contains 0" in comparison.reason


def test_holm_is_over_the_variants_that_are_tested():
    variants = [measured(f"v{n}", 62, seeds=range(6)) for n in range(3)]
    single = measured("single", 62, seeds=[0])
    alone, family = only(BASE, variants[0]), compare(BASE, [*variants, single])
    assert alone.verdict == BETTER and alone.p_adjusted == alone.p == 2 / 64
    assert [comparison.verdict for comparison in family] == [NOT_ESTABLISHED] * 4
    assert family[0].p == 2 / 64 and family[0].p_adjusted == pytest.approx(6 / 64)
    assert "over 3 variants" in family[0].reason and "at least 7 seeds" in family[0].reason
    assert alone.needed == 6 and family[0].needed == 7
    assert compare(BASE, [variants[0], single])[0] == alone  # one seed is no test


def test_equivalence_needs_both_intervals_within_the_margin():
    near = measured("near", 60.3)
    assert only(BASE, near, margin=0.2).verdict == BETTER  # a small difference can still be sure
    same_seeds = measured("other", 60, spread=3)
    assert only(BASE, same_seeds).seeds.within(-0.1, 0.1) and only(BASE, same_seeds).verdict == NOT_ESTABLISHED
    assert only(BASE, same_seeds, margin=10).verdict == EQUIVALENT
    shaky = Measured("shaky", {seed: 60 + (-1) ** seed for seed in SEEDS}, BASE.confusion)
    assert only(BASE, shaky).pictures == (0, 0) and only(BASE, shaky).verdict == NOT_ESTABLISHED


def test_swapping_the_roles_mirrors_everything():
    other = measured("other", 61, spread=0.2)
    there, back = only(BASE, other), only(other, BASE)
    assert (there.verdict, back.verdict) == (BETTER, WORSE) and back.delta == -there.delta
    for name in ("seeds", "pictures"):
        low, high = getattr(there, name)
        assert getattr(back, name) == pytest.approx((-high, -low))
    assert (back.p, back.needed) == (there.p, there.needed)


def test_the_order_of_the_variants_changes_nothing():
    variants = [measured("a", 60.4), measured("b", 62, spread=1), measured("c", 59, seeds=range(5))]
    assert compare(BASE, variants) == compare(BASE, variants[::-1])[::-1] == compare(BASE, variants)
    assert compare(BASE, []) == []


# Rates over simulated experiments. Where 5 % is promised, a bound is 5 % and 2.3 binomial standard errors (1 in 100).


@cache
def simulated(world: World, effects: tuple[float, ...], times: int) -> list[list[Comparison]]:
    """So many studies, each of a baseline and its variants; effects as in `World.experiments`."""
    random = np.random.default_rng(2024)
    studies = (world.experiments(random, effects) for _ in range(times))
    return [compare(baseline, variants) for baseline, *variants in studies]


def rate(studies: list[list[Comparison]], *words: str) -> float:
    """Share of the studies in which any variant has one of the words."""
    return float(np.mean([any(comparison.verdict in words for comparison in study) for study in studies]))


@pytest.mark.parametrize("seeds", [6, 8])
def test_of_1000_comparisons_of_equal_recipes_at_most_5_percent_are_better_or_worse(seeds):
    studies = simulated(World(seeds=seeds), (0, 0), 1000)
    assert 0 < rate(studies, BETTER, WORSE) <= 0.05
    covered = np.mean([study[0].seeds.low <= 0 <= study[0].seeds.high for study in studies])
    assert covered == pytest.approx(0.95, abs=2.3 * (0.05 * 0.95 / 1000) ** 0.5)


def test_a_study_of_five_equal_variants_has_a_false_word_at_most_5_percent_of_the_time():
    studies = simulated(World(seeds=8), (0,) * 6, 200)
    assert 0 < rate(studies, BETTER, WORSE) <= 0.05
    single = np.mean([comparison.p <= 0.05 for study in studies for comparison in study])
    assert single > 0.035  # without Holm's correction five such tests would say far more


def test_recipes_that_differ_from_picture_to_picture_but_not_in_all_are_told_by_the_pictures():
    studies = simulated(World(seeds=8, taste=0.3, seed=0.01), (0, 0), 600)
    over_seeds = np.mean([study[0].p <= 0.05 and not study[0].seeds.within(-1e9, 0) for study in studies])
    assert over_seeds > 0.2  # every seed agrees about these pictures
    assert rate(studies, BETTER, WORSE) <= 0.05 + 2.3 * (0.05 * 0.95 / 600) ** 0.5


def test_pictures_do_not_give_a_study_of_five_such_variants_a_false_word_more_often():
    studies = simulated(World(seeds=10, taste=0.3, seed=0.01), (0,) * 6, 200)
    assert rate(studies, BETTER, WORSE) <= 0.05 + 2.3 * (0.05 * 0.95 / 200) ** 0.5


def test_two_points_are_mostly_found_with_eight_seeds_and_forty_sources():
    studies = simulated(World(seeds=8, sources=40), (0, 0.085), 100)
    assert np.mean([study[0].delta for study in studies]) == pytest.approx(2, abs=0.2)
    assert rate(studies, BETTER) > 0.85 and rate(studies, WORSE) == 0
