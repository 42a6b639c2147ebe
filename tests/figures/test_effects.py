import numpy as np
import pandas as pd
import pytest

from av1core.figures.effects import main_effects, parallel
from av1core.figures.theme import describe

EFFECTS = pd.DataFrame(
    [
        ("loss.name", "focal", 57.0, 56.0, 58.5, 4),
        ("adapter.gamma", "4", 58.0, 57.0, 59.0, 3),
        ("loss.name", "<b>poly</b>", 56.0, np.nan, np.nan, 1),
        ("adapter.gamma", "2", 55.0, 54.0, 56.0, 2),
    ],
    columns=["factor", "level", "f1", "low", "high", "experiments"],
)


def sweep(**columns):
    return pd.DataFrame(columns).assign(val_f1=np.linspace(55, 60, len(next(iter(columns.values())))))


def test_each_factor_is_a_panel_with_its_levels_in_the_tables_order():
    figure = main_effects(EFFECTS)
    loss, gamma = figure.data
    assert [note.text for note in figure.layout.annotations] == ["loss.name", "adapter.gamma"]
    assert list(figure.layout.xaxis.ticktext) == ["focal", "&lt;b&gt;poly&lt;/b&gt;"] and list(loss.y) == [57, 56]
    assert list(figure.layout.xaxis2.ticktext) == ["4", "2"] and list(gamma.y) == [58, 55]
    assert loss.error_y.array[0] == 1.5 and loss.error_y.arrayminus[0] == 1 and np.isnan(loss.error_y.array[1])
    assert [row[1] for row in gamma.customdata] == [
        3,
        2,
    ] and "mean of %{customdata[1]} experiments" in gamma.hovertemplate
    assert figure.layout.yaxis2.matches == "y"  # one scale
    assert "loss.name, adapter.gamma" in describe(figure)


def test_names_and_few_numbers_have_a_tick_a_level_at_even_distances():
    figure = parallel(sweep(loss=["poly", "<b>$x$", "poly"], rate=[1e-2, 1e-4, 1e-3]), ["loss", "rate"])
    loss, rate, f1 = figure.data[0].dimensions
    assert list(loss.ticktext) == ["<b>$x$", "poly"] and list(loss["values"]) == [1, 0, 1]  # ticks are plain text
    assert list(rate.ticktext) == ["0.0001", "0.001", "0.01"] and list(rate["values"]) == [2, 0, 1]
    assert list(f1["values"]) == [55, 57.5, 60] == list(figure.data[0].line.color)
    assert "3 experiments, a line each, over loss, rate" in describe(figure)


def test_many_numbers_have_a_scale_which_is_logarithmic_over_decades():
    rates, dropouts = np.logspace(-4.5, -2.2, 12), np.linspace(0.1, 0.5, 12)
    rate, dropout, _ = parallel(sweep(rate=rates, dropout=dropouts), ["rate", "dropout"]).data[0].dimensions
    assert rate["values"] == pytest.approx(np.log10(rates)) and list(rate.ticktext) == [
        "1e-05",
        "0.0001",
        "0.001",
        "0.01",
    ]
    assert list(rate.range) == [-5, -2]
    assert list(dropout["values"]) == list(dropouts) and dropout.ticktext is None


def test_a_factor_that_an_experiment_lacks_has_a_tick_for_that():
    for values in ([16.0, np.nan, 4.0], np.array([16, None, 4], object)):
        (axis, _) = parallel(sweep(warmup=values), ["warmup"]).data[0].dimensions
        assert list(axis.ticktext) == ["4", "16", "–"] and list(axis["values"]) == [1, 2, 0]
    (axis, _) = parallel(sweep(many=[None, *range(10)]), ["many"]).data[0].dimensions
    assert len(axis.ticktext) == 11 and np.isfinite(axis["values"]).all()


def test_truth_values_are_levels():
    (axis, _) = parallel(sweep(attention=[True, False]), ["attention"]).data[0].dimensions
    assert list(axis.ticktext) == ["False", "True"] and list(axis["values"]) == [1, 0]


def test_the_names_of_factors_are_literal():
    (axis, _) = parallel(sweep(**{"<b>x": [1, 2]}), ["<b>x"]).data[0].dimensions
    assert axis.label == "&lt;b&gt;x"


def test_experiments_without_a_score_are_left_out():
    table = sweep(gamma=[1, 2, 4]).assign(val_f1=[50.0, np.nan, 51])
    assert len(parallel(table, ["gamma"]).data[0].line.color) == 2


def test_nothing_to_draw_says_so():
    assert "No factor" in main_effects(EFFECTS.iloc[:0]).layout.annotations[0].text
    assert "No experiments" in parallel(sweep(gamma=[1, 2]), []).layout.annotations[0].text
