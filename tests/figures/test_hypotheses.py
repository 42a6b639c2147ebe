from math import nan

import pytest

from av1core.analysis.hypotheses import Revision
from av1core.analysis.statistics import Interval
from av1core.analysis.verdicts import Comparison
from av1core.figures.hypotheses import prediction_figure
from av1core.figures.theme import describe
from av1core.translation import Words

PREDICTION = Revision("It helps.", 1.0, 2.0, "loss", "poly")


def comparison(seeds=(-0.1, 0.7), pictures=(-0.2, 0.9)) -> Comparison:
    intervals = {"seeds": Interval(*seeds), "pictures": Interval(*pictures)}
    return Comparison(
        "variant", "baseline", 6, 0.3, p=0.2, p_adjusted=0.2, units=12, unit="source", needed=9,
        verdict="not established", reason="Why.", **intervals,
    )  # fmt: skip


def test_the_range_is_a_bar_and_each_interval_a_dot_with_its_ends():
    figure = prediction_figure(PREDICTION, comparison())
    bar, *found = figure.data
    assert list(bar.x) == [1.0, 2.0] and set(bar.y) == {"Predicted"} and bar.line.width > 5
    for trace, (low, high) in zip(found, ((-0.1, 0.7), (-0.2, 0.9)), strict=True):
        assert trace.x[0] == 0.3
        assert trace.x[0] - trace.error_x.arrayminus[0] == pytest.approx(low)
        assert trace.x[0] + trace.error_x.array[0] == pytest.approx(high)
        assert f"{Words().number(low, '+.2f')} to {high:+.2f} pp" in trace.hovertemplate
    assert [trace.y[0] for trace in found] == ["Other seeds", "Other pictures"]
    assert len({trace.marker.color for trace in found}) == 2
    (zero,) = figure.layout.shapes
    assert zero.x0 == zero.x1 == 0 and figure.layout.yaxis.autorange == "reversed"  # the prediction on top
    assert "Δ val macro-F1 (pp)" in describe(figure)


def test_it_is_told_in_the_language_of_its_reader():
    figure = prediction_figure(PREDICTION, comparison(), Words("pt_BR"))
    assert [trace.y[0] for trace in figure.data] == ["Previsto", "Outras sementes", "Outras imagens"]
    assert "−0,10 a +0,70 pp" in figure.data[1].hovertemplate and "previsto" in figure.layout.title.text.lower()


def test_what_is_not_known_is_not_drawn():
    (bar,) = prediction_figure(PREDICTION, None).data
    assert bar.name == "Predicted"
    _, seeds, _ = prediction_figure(PREDICTION, comparison(seeds=(nan, nan))).data
    assert "no interval" in seeds.hovertemplate and "nan" not in seeds.hovertemplate
    assert '"array":[null]' in seeds.to_json()
