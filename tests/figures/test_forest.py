import math
from dataclasses import replace

import pytest

from av1core.analysis.statistics import Interval
from av1core.analysis.verdicts import WORDS, Comparison
from av1core.figures.forest import forest

UNKNOWN = Interval(math.nan, math.nan)
BETTER = Comparison(
    "b", "a", 6, 1.2, Interval(0.5, 1.9), 0.03, 0.06, 8, "source", Interval(0.2, 2.1), 9, "better", "Both are above."
)
ONE_SEED = replace(
    BETTER, variant="c", pairs=1, delta=-0.3, seeds=UNKNOWN, verdict="not established", reason="One seed."
)
LABELS = {"a": "base", "b": "<b>B</b>", "c": "C"}


def test_each_variant_has_both_of_its_intervals_about_its_difference():
    seeds, pictures = forest([BETTER, ONE_SEED], LABELS, 0.5).data
    assert list(seeds.x) == list(pictures.x) == [1.2, -0.3]
    ends = [
        (trace.x[0] - trace.error_x.arrayminus[0], trace.x[0] + trace.error_x.array[0]) for trace in (seeds, pictures)
    ]
    assert ends[0] == pytest.approx((0.5, 1.9)) and ends[1] == pytest.approx((0.2, 2.1))
    assert math.isnan(seeds.error_x.array[1]) and not math.isnan(pictures.error_x.array[1])
    assert "other seeds" in seeds.name and "other pictures" in pictures.name
    assert seeds.y[0] > pictures.y[0] > seeds.y[1]  # the first variant on top


def test_verdicts_stand_at_the_height_of_their_variant():
    notes = forest([BETTER, ONE_SEED], LABELS, 0.5).layout.annotations
    at = {note.text: note.y for note in notes}
    assert at["<b>better</b>"] == at["&lt;b&gt;B&lt;/b&gt;"] > at["<b>not established</b>"] == at["C"]


def test_zero_and_the_margin_are_marked_and_lie_in_the_range():
    figure = forest([replace(BETTER, pictures=Interval(1.0, 1.3), seeds=Interval(1.1, 1.3))], LABELS, 0.5)
    band, zero = figure.layout.shapes
    assert (band.x0, band.x1) == (-0.5, 0.5) and zero.x0 == zero.x1 == 0
    low, high = figure.layout.xaxis.range
    assert low < -0.5 and high > 1.3


def test_a_hover_says_numbers_reason_and_what_is_lacking():
    seeds, pictures = forest([ONE_SEED], LABELS, 0.5).data
    assert "no interval" in seeds.customdata[0] and "One seed." in seeds.customdata[0]
    assert "Δ −0.30 pp, 95 % interval +0.20 to +2.10 pp" in pictures.customdata[0]
    assert "paired seeds: 1; resampled: 8 sources" in pictures.customdata[0]


@pytest.mark.parametrize("word", WORDS)
def test_every_verdict_is_shown(word):
    notes = forest([replace(BETTER, verdict=word)], LABELS, 0.5).layout.annotations
    assert f"<b>{word}</b>" in [note.text for note in notes]


def test_no_variant_says_so():
    assert "No variant" in forest([], LABELS, 0.5).layout.annotations[0].text
