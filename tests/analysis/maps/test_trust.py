import numpy as np
import pandas as pd
import pytest

from av1core.analysis.maps.checks import CHECKS
from av1core.analysis.maps.methods import MapSpec
from av1core.analysis.maps.trust import (
    Check,
    Trust,
    better,
    complete,
    faithful,
    independent,
    marks_table,
    steady,
    trust_table,
)

SOURCES = np.repeat(np.arange(5), 4)
CLOSE = np.tile([0.9, 1.1], 10)


def test_a_small_gain_is_told_with_its_digits():
    found = better("deletion", CLOSE / 700, SOURCES)
    assert found.mark == "passes" and "+0.0014 pp" in found.sentence


def trust(*checks: Check, method: str = "saliency") -> Trust:
    return Trust(MapSpec(method), checks, pd.DataFrame(), pd.DataFrame(), 20, 16, 5)


@pytest.mark.parametrize("name", ["deletion", "insertion"])
def test_a_method_must_be_shown_to_do_better_than_random(name):
    assert better(name, CLOSE, SOURCES).mark == "passes"
    assert better(name, -CLOSE, SOURCES).mark == "fails"
    # Better on average, but not in every picture.
    uneven = np.repeat([9.0, -2, -1, 0, 1], 4)
    found = better(name, uneven, SOURCES)
    assert found.value > 1 and found.low < 0 < found.high and found.mark == "fails"
    assert "is not shown to do better than random orders" in found.sentence
    assert "does worse" in better(name, -CLOSE, SOURCES).sentence


@pytest.mark.parametrize("name", ["deletion_edges", "insertion_edges"])
def test_no_better_than_edges_is_a_warning(name):
    found = better(name, -CLOSE, SOURCES)
    assert found.mark == "warning" and "an edge detector" in found.sentence


def test_what_one_source_says_cannot_be_decided():
    found = better("deletion", CLOSE, np.zeros(20))
    assert found.mark == "unknown" and np.isnan(found.low) and found.value == pytest.approx(1)
    assert not trust(found).failures


def test_maps_that_random_weights_leave_as_they_are_fail():
    assert independent(np.full(20, 0.5), SOURCES).mark == "passes"
    assert independent(np.full(20, 0.51), SOURCES).mark == "fails"
    assert independent(np.full(20, -0.9), SOURCES).mark == "passes"
    # On both sides of the limit, by source.
    found = independent(np.linspace(0.3, 0.72, 20), np.arange(20))
    assert found.low < 0.5 < found.high and found.mark == "unknown" and "may or may not" in found.sentence
    # A block whose map is flat says nothing.
    assert independent(np.r_[np.full(19, np.nan), 0.7], SOURCES).value == 0.7
    assert independent(np.full(20, np.nan), SOURCES).mark == "unknown"


def test_a_map_may_miss_a_thousandth_of_the_difference():
    differences = np.array([1.0, -3])
    assert complete(np.array([0, 1.9e-3]), differences).mark == "passes"
    found = complete(np.array([0, -2.1e-3]), differences)
    assert found.mark == "fails" and found.value == pytest.approx(1.05e-3)
    assert complete(np.zeros(2), np.zeros(2)).mark == "passes"
    assert complete(np.array([0, 1e-9]), np.zeros(2)).mark == "fails"


def test_a_map_that_changes_by_all_of_it_is_warned_of():
    assert steady(np.full(20, 1.0), SOURCES).mark == "passes"
    found = steady(np.full(20, 1.5), SOURCES)
    assert found.mark == "warning" and "150 %" in found.sentence and not trust(found).failures


def test_infidelity_is_told_in_percent_and_has_no_rule():
    found = faithful(np.full(20, 0.4), SOURCES)
    assert found.value == pytest.approx(40) and found.mark == "no rule" and found.low <= 40 <= found.high


def test_tables_tell_of_every_check_and_leave_out_what_does_not_apply():
    found = [
        trust(better("deletion", -CLOSE, SOURCES), steady(np.full(20, 1.5), SOURCES)),
        trust(complete(np.zeros(2), np.ones(2)), method="integrated_gradients"),
    ]
    assert [check.name for check in found[0].failures] == ["deletion"] and not found[1].failures
    table = trust_table(found)
    assert table["method"].tolist() == ["Saliency", "Saliency", "Integrated Gradients"]
    assert table["mark"].tolist() == ["fails", "warning", "passes"]
    marks = marks_table(found)
    assert list(marks) == ["method", *CHECKS]
    assert marks["deletion"].tolist() == ["✕ −1 pp", "–"]
    assert marks["sensitivity"].tolist() == ["! 1.50", "–"] and marks["completeness"].tolist() == ["–", "✓ 0e+00"]
    assert marks_table([]).empty and trust_table([]).empty
