import pandas as pd
import pytest

from av1core.figures.curves import f1_curves, gap_plot, loss_curves
from av1core.figures.theme import PALETTE, colours
from av1core.runs.index import RunIndex


@pytest.fixture
def drawn(trained):
    index = RunIndex(trained.runs_dir)
    index.refresh()
    runs = [trained.stage1, trained.stage2]
    return index.epochs(runs), {run: f"label {run[-4:]}" for run in runs}, colours(runs)


def test_f1_curves_show_percent_with_the_best_epoch_marked(drawn):
    epochs, labels, palette = drawn
    figure = f1_curves(*drawn)
    for run, rows in epochs.groupby("run", sort=False):
        val, train, star = (trace for trace in figure.data if trace.legendgroup == run)
        assert list(val.y) == [100 * value for value in rows["val_f1"]]
        assert list(train.y) == [100 * value for value in rows["train_f1_clean"]]
        assert star.y[0] == 100 * rows["val_f1"].max() and star.marker.symbol == "star"
        assert val.line.color == train.line.color == palette[run] and labels[run] in val.name


def test_both_gaps_are_drawn_with_zero_marked(drawn):
    epochs = drawn[0]
    figure = gap_plot(*drawn)
    run, rows = next(iter(epochs.groupby("run", sort=False)))
    clean, running = (trace for trace in figure.data if trace.legendgroup == run)
    assert list(clean.y) == list((rows["train_f1_clean"] - rows["val_f1"]) * 100)
    assert list(running.y) == list((rows["train_f1"] - rows["val_f1"]) * 100)
    assert [shape.y0 for shape in figure.layout.shapes] == [0, 0]


def test_losses_are_unscaled(drawn):
    assert list(loss_curves(*drawn).data[0].y) == drawn[0][drawn[0]["run"] == drawn[0]["run"][0]]["val_loss"].tolist()


@pytest.mark.parametrize("figure", [f1_curves, gap_plot, loss_curves])
def test_nothing_to_draw_says_so(figure):
    empty = figure(pd.DataFrame({"run": []}), {}, {})
    assert "No finished epoch" in empty.layout.annotations[0].text


def test_a_run_keeps_its_colour_whatever_else_is_chosen():
    palette = colours(["a", "b", "c"])
    assert [palette[key] for key in "abc"] == list(PALETTE[:3])


@pytest.mark.parametrize("figure", [f1_curves, gap_plot, loss_curves])
def test_a_runs_name_is_shown_as_it_stands(drawn, figure):
    epochs, labels, palette = drawn
    hostile = dict.fromkeys(labels, "<b>%{y}</b> $x$")
    names = [trace.name for trace in figure(epochs, hostile, palette).data]
    assert names and all(name.startswith("&lt;b&gt;&#37;{y}&lt;/b&gt; &#36;x&#36;") for name in names)
