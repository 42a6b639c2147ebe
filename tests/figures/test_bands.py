from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from av1core.figures.bands import f1_bands, gap_bands, loss_bands, rate_lines
from av1core.figures.theme import PALETTE, looks

METRICS = ("val_f1", "train_f1", "train_f1_clean", "gap", "gap_clean", "val_loss", "train_loss")
LOOKS = looks(["unused", "three", "one"])
LABELS = {"three": "Three seeds", "one": "One seed", "unused": "unused"}
EVERY = [f1_bands, gap_bands, loss_bands]


@pytest.fixture(scope="module")
def curves():
    """Experiment `three`: seeds that reached 3, 4 and 5 epochs; experiment `one`: one seed of 4 epochs."""
    random = np.random.default_rng(0)
    seeds = pd.DataFrame(
        [
            {"experiment": experiment, "run": f"{experiment}-{seed}", "seed": seed, "epoch": epoch, "x": float(epoch)}
            | dict(zip(METRICS, random.uniform(50, 60, len(METRICS)), strict=True))
            for experiment, lengths in (("three", (3, 4, 5)), ("one", (4,)))
            for seed, length in enumerate(lengths, 7)
            for epoch in range(1, length + 1)
        ]
    )
    seeds["best"] = seeds.groupby("run")["val_f1"].transform("max") == seeds["val_f1"]
    grouped = seeds.groupby(["experiment", "epoch"], sort=False)
    means = grouped[list(METRICS)].mean()
    for metric in METRICS:
        means[f"{metric}_low"], means[f"{metric}_high"] = grouped[metric].min(), grouped[metric].max()
    means["seeds"] = grouped.size()
    means = means.reset_index().assign(x=lambda table: table["epoch"].astype(float))
    means = means[means["seeds"] == means.groupby("experiment")["seeds"].transform("max")]
    return SimpleNamespace(seeds=seeds, means=means, x_title="Epoch")


def traces(figure, experiment):
    return [trace for trace in figure.data if trace.legendgroup == experiment]


def test_several_seeds_are_a_band_the_seeds_their_mean_and_their_best_epochs(curves):
    band, seeds, mean, stars = traces(f1_bands(curves, LOOKS, LABELS), "three")
    rows = curves.means[curves.means["experiment"] == "three"]
    assert band.fill == "toself" and band.hoverinfo == "skip" and not band.showlegend
    corners = list(zip(band.x, band.y, strict=True))
    edges = [(x, y) for edge in ("val_f1_high", "val_f1_low") for x, y in zip(rows["x"], rows[edge], strict=True)]
    assert sorted(corners) == sorted(edges) and list(band.x) == [1, 2, 3, 3, 2, 1]  # around, not across
    assert list(mean.y) == rows["val_f1"].tolist() and mean.name == "Three seeds" and mean.showlegend is not False
    assert {stars.customdata[place][0] for place in range(3)} == {7, 8, 9} and stars.marker.symbol == "star"
    of = curves.seeds[curves.seeds["experiment"] == "three"]
    assert sorted(stars.y) == sorted(of.groupby("run")["val_f1"].max())
    assert not seeds.showlegend and not stars.showlegend


def test_each_seed_is_a_line_of_its_own_with_seed_and_epoch_on_hover(curves):
    seeds = traces(f1_bands(curves, LOOKS, LABELS), "three")[1]
    gaps = np.isnan(seeds.y)
    assert np.flatnonzero(gaps).tolist() == [3, 8]
    rows = curves.seeds[curves.seeds["experiment"] == "three"]
    assert seeds.y[~gaps].tolist() == rows["val_f1"].tolist()
    assert seeds.customdata[~gaps].tolist() == rows[["seed", "epoch"]].to_numpy().tolist()
    assert "seed %{customdata[0]}, epoch %{customdata[1]}" in seeds.hovertemplate


def test_one_seed_is_a_line_without_a_band(curves):
    line, stars = traces(f1_bands(curves, LOOKS, LABELS), "one")
    assert list(line.y) == curves.seeds[curves.seeds["experiment"] == "one"]["val_f1"].tolist()
    assert "seed 7" in line.hovertemplate and len(stars.x) == 1


def test_a_seed_that_nobody_knows_is_a_dash(curves):
    seeds = curves.seeds.assign(seed=curves.seeds["seed"].astype("Int64").mask(curves.seeds["experiment"] == "one"))
    unknown = SimpleNamespace(seeds=seeds, means=curves.means, x_title="Epoch")
    mean, _ = traces(f1_bands(unknown, LOOKS, LABELS), "one")
    assert "seed –" in mean.hovertemplate


def test_an_experiment_has_its_look_and_training_is_dotted(curves):
    figure = f1_bands(curves, LOOKS, LABELS, train=True)
    *_, val, train, _ = traces(figure, "three")
    assert val.line.color == train.line.color == LOOKS["three"].colour == PALETTE[1]
    assert (val.line.dash, train.line.dash) == (LOOKS["three"].dash, "dot") and not train.showlegend
    assert list(train.y) == curves.means[curves.means["experiment"] == "three"]["train_f1_clean"].tolist()
    assert [trace.name for trace in figure.data if not trace.legendgroup] == ["validation", "training"]


def test_others_lie_behind_as_one_grey_trace(curves):
    others = pd.DataFrame({"experiment": ["a", "a", "b"], "x": [1.0, 2, 1], "val_f1": [50.0, 51, 52]})
    behind = f1_bands(curves, LOOKS, LABELS, others=others).data[0]
    assert behind.name == "others" and behind.hoverinfo == "skip"
    assert np.array_equal(behind.y, [50, 51, np.nan, 52], equal_nan=True)


def test_of_very_many_others_each_is_drawn_with_fewer_points(curves):
    epochs = np.arange(1.0, 101)
    others = pd.DataFrame({"experiment": np.repeat(np.arange(500), 100), "x": np.tile(epochs, 500), "val_f1": 50.0})
    x = f1_bands(curves, LOOKS, LABELS, others=others).data[0].x
    lines = np.split(x, np.flatnonzero(np.isnan(x)))
    assert len(lines) == 500 and np.isfinite(x).sum() <= 20_000
    assert all(np.diff(line[-30:]).max() < 5 for line in lines)  # spread over all of the training


def test_both_gaps_are_drawn_like_for_like_above_with_zero_marked(curves):
    figure = gap_bands(curves, LOOKS, LABELS)
    rows = curves.means[curves.means["experiment"] == "one"]
    clean, thesis = traces(figure, "one")
    assert list(clean.y) == rows["gap_clean"].tolist() and clean.yaxis == "y"
    assert list(thesis.y) == rows["gap"].tolist() and thesis.yaxis == "y2"
    assert clean.showlegend and not thesis.showlegend
    assert [shape.y0 for shape in figure.layout.shapes] == [0, 0]
    assert figure.layout.xaxis.title.text is None and figure.layout.xaxis2.title.text == "Epoch"


def test_losses_are_unscaled(curves):
    val, train = traces(loss_bands(curves, LOOKS, LABELS), "one")
    rows = curves.seeds[curves.seeds["experiment"] == "one"]
    assert list(val.y) == rows["val_loss"].tolist() and list(train.y) == rows["train_loss"].tolist()


def test_learning_rates_have_a_panel_a_part_on_a_logarithmic_axis():
    rates = pd.DataFrame(
        [
            ("three", "adapter", 1, 1e-3),
            ("three", "adapter", 2, 5e-4),
            ("three", "head", 1, 1e-4),
            ("one", "head", 1, 1e-2),
        ],
        columns=["experiment", "part", "x", "rate"],
    )
    figure = rate_lines(rates, LOOKS, LABELS)
    adapter, head, other = figure.data
    assert list(adapter.y) == [1e-3, 5e-4] and (adapter.yaxis, head.yaxis, other.yaxis) == ("y", "y2", "y2")
    assert [trace.showlegend for trace in figure.data] == [True, False, True]  # each experiment once
    assert figure.layout.yaxis.type == figure.layout.yaxis2.type == "log"
    assert [note.text for note in figure.layout.annotations] == ["Adapter", "Head"]


def test_a_metric_that_no_seed_has_leaves_no_hole(curves):
    lacking = SimpleNamespace(
        seeds=curves.seeds.assign(train_f1_clean=np.nan),
        means=curves.means.assign(train_f1_clean=np.nan),
        x_title="Epoch",
    )
    val, train, _ = traces(f1_bands(lacking, LOOKS, LABELS, train=True), "one")
    assert len(val.y) == 4 and len(train.y) == 0


def test_few_epochs_have_whole_ticks_and_hours_do_not(curves):
    assert f1_bands(curves, LOOKS, LABELS).layout.xaxis.dtick == 1
    hours = SimpleNamespace(seeds=curves.seeds.assign(x=curves.seeds["x"] / 3), means=curves.means, x_title="Hours")
    assert f1_bands(hours, LOOKS, LABELS).layout.xaxis.dtick is None


@pytest.mark.parametrize("figure", EVERY)
def test_nothing_to_draw_says_so(curves, figure):
    nothing = SimpleNamespace(seeds=curves.seeds.iloc[:0], means=curves.means.iloc[:0], x_title="Epoch")
    assert "No finished epoch" in figure(nothing, {}, {}).layout.annotations[0].text


@pytest.mark.parametrize("figure", EVERY)
def test_a_label_is_shown_as_it_stands_in_legend_and_hover(curves, figure):
    hostile = dict.fromkeys(LABELS, "<b>%{y}</b> $x$")
    shown = "&lt;b&gt;&#37;{y}&lt;/b&gt; &#36;x&#36;"
    for trace in traces(figure(curves, LOOKS, hostile), "three"):
        assert trace.name in (shown, None, "best epochs")
        assert trace.hoverinfo == "skip" or trace.hovertemplate.startswith(shown)
