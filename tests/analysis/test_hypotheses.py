import math
from dataclasses import replace

import pytest

from av1core.analysis.hypotheses import (
    CONFIRMED,
    MOST_REASONS,
    MOST_STATEMENT,
    PARTLY,
    REFUTED,
    RULES,
    Decision,
    Hypothesis,
    Revision,
    judge,
)
from av1core.analysis.reported import reported_comparison, reported_results
from av1core.analysis.statistics import UNKNOWN, Interval
from av1core.analysis.verdicts import NOT_ESTABLISHED, Comparison
from av1core.errors import LedgerError


def revision(low: float = 1.0, high: float = 2.0, **fields) -> Revision:
    said = {"statement": "It helps.", "study": "loss", "variant": "poly", "low": low, "high": high}
    return Revision(**said | fields)


def compared(verdict: str, delta: float, seeds=(), pictures=(), pairs: int = 6) -> Comparison:
    intervals = {"seeds": Interval(*(seeds or UNKNOWN)), "pictures": Interval(*(pictures or UNKNOWN))}
    return Comparison(
        "variant", "baseline", pairs, delta, p=0.03, p_adjusted=0.03, units=12, unit="source", needed=6,
        verdict=verdict, reason="The reason.", **intervals,
    )  # fmt: skip


def mirrored(comparison: Comparison) -> Comparison:
    """What the comparison is where the two are exchanged."""
    verdict = {"better": "worse", "worse": "better"}.get(comparison.verdict, comparison.verdict)
    seeds, pictures = (Interval(-each.high, -each.low) for each in (comparison.seeds, comparison.pictures))
    return compared(verdict, -comparison.delta, seeds, pictures, comparison.pairs)


CASES = [
    # predicted, comparison, verdict
    ((1, 2), compared("better", 1.5, (1.1, 1.9), (0.9, 2.1)), CONFIRMED),
    ((1, 2), compared("better", 1.0, (0.4, 1.6), (0.2, 1.8)), CONFIRMED),
    ((1, 2), compared("better", 2.0, (1.4, 2.6), (1.2, 2.8)), CONFIRMED),
    ((1, 2), compared("better", 0.32, (0.1, 0.5), (0.1, 0.6)), PARTLY),
    ((1, 2), compared("better", 3.0, (2.5, 3.5), (2.4, 3.6)), PARTLY),
    ((0, 2), compared("better", 3.0, (1.9, 4.1), (1.8, 4.2)), PARTLY),
    ((1, 2), compared("worse", -0.2, (-0.3, -0.1), (-0.4, -0.1)), REFUTED),
    ((1, 2), compared("worse", -0.2, (-0.3, -0.1), (-3.0, -0.1)), REFUTED),
    ((0, 2), compared("worse", -0.2, (-0.3, -0.1), (-0.4, -0.1)), REFUTED),
    ((1, 2), compared("not established", 0.3, (-0.1, 0.7), (-0.2, 0.9)), REFUTED),
    ((1, 2), compared("not established", 3.0, (2.1, 3.9), (2.2, 3.8)), REFUTED),
    ((1, 2), compared("equivalent", 0.1, (-0.1, 0.3), (-0.2, 0.4)), REFUTED),
    ((1, 2), compared("not established", 0.3, (-0.1, 0.7), (-0.2, 1.0)), NOT_ESTABLISHED),
    ((1, 2), compared("not established", 0.3, (-0.1, 1.0), (-0.2, 0.9)), NOT_ESTABLISHED),
    ((1, 2), compared("not established", 1.5, (-0.1, 3.1), (-0.2, 3.2)), NOT_ESTABLISHED),
    ((1, 2), compared("not established", 0.3, (-0.1, 0.7), ()), NOT_ESTABLISHED),
    ((1, 2), compared("not established", 0.0, (-3.0, 0.5), (2.5, 4.0)), NOT_ESTABLISHED),
    # A range with 0 in it.
    ((-0.5, 0.5), compared("equivalent", 0.1, (-0.1, 0.3), (-0.4, 0.45)), CONFIRMED),
    ((-0.1, 0.3), compared("equivalent", 0.1, (-0.1, 0.3), (-0.4, 0.45)), CONFIRMED),
    ((0, 0.3), compared("equivalent", 0.2, (0.1, 0.3), (-0.1, 0.4)), CONFIRMED),
    ((-0.1, 0.2), compared("equivalent", 0.1, (-0.1, 0.3), (-0.4, 0.45)), NOT_ESTABLISHED),
    ((0.05, 0.4), compared("equivalent", 0.2, (0.1, 0.3), (-0.1, 0.4)), NOT_ESTABLISHED),
    ((-0.5, 0.5), compared("not established", 0.1, (-0.1, 0.3), (-0.9, 0.9)), NOT_ESTABLISHED),
    ((-0.5, 0.5), compared("better", 0.4, (0.1, 0.7), (0.1, 0.8)), CONFIRMED),
    ((-0.5, 0.5), compared("better", 0.9, (0.4, 1.4), (0.6, 1.2)), NOT_ESTABLISHED),
    ((-0.5, 0.5), compared("better", 0.9, (0.6, 1.2), (0.6, 1.2)), REFUTED),
    ((0, 0), compared("equivalent", 0.1, (-0.1, 0.3), (-0.2, 0.4)), NOT_ESTABLISHED),
]  # fmt: skip


@pytest.mark.parametrize(("predicted", "comparison", "verdict"), CASES)
def test_verdicts_follow_from_the_rules(predicted, comparison, verdict):
    found = judge(revision(*predicted), comparison)
    assert found.verdict == verdict and found.reason.endswith(".")
    # A prediction of the opposite, of the variant and the baseline exchanged.
    low, high = predicted
    assert judge(revision(-high, -low), mirrored(comparison)).verdict == verdict


@pytest.mark.parametrize("pairs", [0, 1])
@pytest.mark.parametrize(("predicted", "comparison", "_"), CASES)
def test_one_seed_establishes_nothing(predicted, comparison, _, pairs):
    assert judge(revision(*predicted), replace(comparison, pairs=pairs)) == (NOT_ESTABLISHED, "The reason.")


def test_what_the_thesis_calls_partially_confirmed_rests_on_one_seed():
    reported = reported_comparison(reported_results(), "Exp 03")
    found = judge(revision(1.0, 2.0), reported)
    assert reported.delta == 0.32 and found.verdict == NOT_ESTABLISHED and "One seed" in found.reason


def test_without_runs_there_is_no_verdict_and_every_word_has_a_rule():
    assert judge(revision(), None).verdict == NOT_ESTABLISHED
    assert [word for word, _ in RULES] == [CONFIRMED, PARTLY, REFUTED, NOT_ESTABLISHED]
    assert {verdict for *_, verdict in CASES} == {word for word, _ in RULES}


@pytest.mark.parametrize(
    ("low", "high", "direction"),
    [(1, 2, 1), (0, 2, 1), (-2, -1, -1), (-2, 0, -1), (-1, 1, 0), (0, 0, 0), (1, 1, 1), (-1, -1, -1)],
)
def test_a_range_has_a_direction_unless_it_has_values_on_both_sides_of_0(low, high, direction):
    assert revision(low, high).direction == direction


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"low": 2.0, "high": 1.0}, "low"),
        ({"low": math.nan}, "low"),
        ({"high": math.inf}, "high"),
        ({"low": -100.5}, "low"),
        ({"statement": ""}, "statement"),
        ({"statement": " \n"}, "statement"),
        ({"statement": "a" * (MOST_STATEMENT + 1)}, "statement"),
        ({"statement": "\udcff"}, "statement"),
        ({"study": ""}, "study"),
        ({"variant": "v" * 81}, "variant"),
        ({"time": math.nan}, "time"),
        ({"time": -1.0}, "time"),
    ],
)
def test_what_is_not_valid_is_an_error_that_names_the_field(fields, named):
    with pytest.raises(LedgerError, match=rf"^{named}: "):
        revision(**{"low": 1.0, "high": 2.0} | fields)


def test_decisions_and_keys_are_checked_too():
    with pytest.raises(LedgerError, match=r"^decision: 'maybe'.*open, keep, discard"):
        Decision("maybe")
    with pytest.raises(LedgerError, match=r"^reasons: "):
        Decision("keep", "a" * (MOST_REASONS + 1))
    for key in ("", "1", "H0", "H01", "h1", "../H1", "H1234567"):
        with pytest.raises(LedgerError, match=r"^key: "):
            Hypothesis(key, (revision(),))
    with pytest.raises(LedgerError, match=r"^revisions: H1"):
        Hypothesis("H1", ())
    assert Hypothesis("H1", (revision(),)).decision == Decision()


def test_a_prediction_is_as_old_as_its_last_change_whatever_its_words():
    first = revision(time=10.0)
    words = replace(first, statement="It helps much.", time=20.0)
    narrowed = replace(words, low=1.5, time=30.0)
    back = replace(narrowed, low=1.0, time=40.0)
    created = [15.0, 25.0, 30.0, 35.0]
    for revisions, since, late in (
        ((first,), 10.0, 0),
        ((first, words), 10.0, 0),
        ((first, words, narrowed), 30.0, 2),
        ((first, words, narrowed, back), 40.0, 4),
        ((replace(first, time=None),), None, 0),
    ):
        hypothesis = Hypothesis("H2", revisions)
        assert hypothesis.predicted.time == since and hypothesis.begun_before(created) == late
    for change in ({"study": "lr"}, {"variant": "focal"}, {"high": 3.0}):
        assert Hypothesis("H2", (first, replace(first, time=20.0, **change))).predicted.time == 20.0


def test_each_revision_says_what_it_changed():
    first = revision(time=10.0)
    second = replace(first, low=1.5, variant="focal", time=20.0, author="ada@example.org")
    hypothesis = Hypothesis("H2", (first, second, replace(second, statement="New.", time=30.0)))
    assert hypothesis.changes() == [
        {"low": (1.0, 1.5), "variant": ("poly", "focal")},
        {"statement": ("It helps.", "New.")},
    ]
    assert hypothesis.now.statement == "New." and Hypothesis("H2", (first,)).changes() == []
