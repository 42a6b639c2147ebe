import re

import numpy as np
import pytest

from av1core.analysis.features import HEAD_INPUT, MEAN, POSITIONS
from av1core.analysis.probe_answer import answer, difference
from av1core.analysis.probes import RUN, STATISTICS, Probe, Probes
from av1core.analysis.statistics import picture_f1
from av1core.partition import STAGES

UNITS = 6


def of(name: str, share: float, form: str = "", units: int = UNITS, seed: int = 0) -> Probe:
    """A probe that decides about a share of each class of each unit rightly."""
    random = np.random.default_rng(seed + round(1000 * share))
    right = np.clip(np.rint(1000 * share + random.normal(0, 4, (units, 2))), 0, 1000).astype(int)
    confusion = np.zeros((units, 2, 2), int)
    confusion[:, [0, 1], [0, 1]], confusion[:, [0, 1], [1, 0]] = right, 1000 - right
    return Probe(name, form, 10, 1, confusion, *picture_f1(confusion))


def probes(best: float, last: float, statistics: float, run: float | None, units: int = UNITS) -> Probes:
    found = [
        of("layer1", best, POSITIONS, units), of(HEAD_INPUT, last, MEAN, units),
        of(STATISTICS, statistics, units=units, seed=5),
    ]  # fmt: skip
    found += [] if run is None else [of(RUN, run, units=units, seed=9)]
    names = tuple(f"picture-{index}" for index in range(units))
    return Probes(STAGES["stage3_rect"], 100, 2000 * units, "source", names, tuple(found))


@pytest.mark.parametrize(
    ("best", "last", "statistics", "run", "said"),
    [
        (0.8, 0.7, 0.6, 0.5, "not what limits this run: a linear probe of Stage 1's last features decides better."),
        (0.6, 0.6, 0.8, 0.5, "not what limits this run: .* next limit: no layer"),
        (0.8, 0.7, 0.6, 0.9, "No sign that the features are the limit"),
        (0.6, 0.6, 0.8, 0.7, "Open: this run gets more out .* no layer"),
        (0.8, 0.7, 0.6, 0.7, "may be the limit: this run gets not measurably more"),
        (0.6, 0.6, 0.6, 0.6, "may be the limit: no layer .*, and this run"),
        (0.8, 0.7, 0.6, None, "hold more than block statistics"),
        (0.6, 0.6, 0.6, None, "may be a limit: no layer"),
    ],
)
def test_each_case_has_its_verdict(best, last, statistics, run, said):
    found = answer(probes(best, last, statistics, run))
    assert re.search(said, found.verdict), found.verdict


def test_reasons_say_the_comparisons_with_their_intervals():
    held, lost, used = answer(probes(0.8, 0.7, 0.6, 0.5)).reasons
    assert held.startswith("The best probe (layer1, with positions, 79.9 %)") and "tells more" in held
    assert (
        "than from layer1: −9.8 pp, 95 % interval −10.2 to −9.4 pp." in lost
        and "less can be read" in lost
        and "not measurably" not in lost
    )
    assert "decides worse" in used and "95 % interval −2" in used and used.endswith(" pp.")
    level = answer(probes(0.7, 0.7, 0.7, 0.7)).reasons
    assert all("not measurably" in reason for reason in level)


def test_a_best_last_layer_has_lost_nothing():
    assert len(answer(probes(0.6, 0.8, 0.5, None)).reasons) == 1


def test_one_picture_leaves_it_open():
    found = answer(probes(0.8, 0.7, 0.6, 0.5, units=1))
    assert found.verdict.startswith("Open: all scored blocks are of one picture")
    assert all(reason.endswith("no interval.") for reason in found.reasons)


def test_a_difference_is_signed_and_its_sense_is_its_interval():
    better, worse = of("a", 0.8), of("b", 0.7)
    found = difference(better, worse)
    assert found.pp == pytest.approx(better.f1 - worse.f1) and found.sense == "above"
    assert difference(worse, better).sense == "below" and difference(better, better).sense == "level"
