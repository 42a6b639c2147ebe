import numpy as np
import pytest

from av1core.analysis.results import results
from av1core.analysis.standing import best_of_stages, gain
from av1core.analysis.tally import Tally, tallies
from av1core.runs.index import RunIndex
from av1core.runs.launcher import Launcher
from tests.analysis.predicted import predicted_run, several_pictures
from tests.runs.test_index import make_run


def finished(runs_dir):
    index = RunIndex(runs_dir)
    index.refresh()
    table = results(index)
    return table[table["state"] == "finished"]


def test_the_best_of_a_stage_is_the_highest_mean_of_those_with_most_seeds(tmp_path):
    for seed, f1 in enumerate((0.50, 0.54)):
        make_run(tmp_path, [f1], seed=seed, name="two seeds", dropout=0.1)
    for seed, f1 in enumerate((0.40, 0.42)):
        make_run(tmp_path, [f1], seed=seed, name="lower", dropout=0.2)
    make_run(tmp_path, [0.9], name="lucky", dropout=0.3)
    make_run(tmp_path, [0.99], "failed", name="failed", dropout=0.4)
    (best,) = best_of_stages(finished(tmp_path))
    assert (best.stage, best.name, best.seeds) == ("stage1", "two seeds", 2)
    assert best.val_f1 == pytest.approx(52.0) and best.low < 52.0 < best.high


def test_one_seed_has_no_interval_and_nothing_has_no_best(tmp_path):
    assert best_of_stages(finished(tmp_path)) == []
    make_run(tmp_path, [0.5])
    (best,) = best_of_stages(finished(tmp_path))
    assert best.seeds == 1 and np.isnan([best.low, best.high]).all()


def test_the_gain_is_over_the_baseline_and_corrected_for_all_variants(tmp_path):
    dataset = several_pictures(tmp_path / "data")
    runs = tmp_path / "runs"
    for seed in range(3):
        predicted_run(runs, dataset, 0.4, seed, seed=seed, name="Baseline")
        predicted_run(runs, dataset, 0.9, seed, seed=seed, name="good", dropout=0.4)
        predicted_run(runs, dataset, 0.6, seed, seed=seed, name="fair", dropout=0.5)
    table = finished(runs)
    asked = []

    def read(of: dict) -> dict[str, Tally]:
        asked.append(set(of))
        return tallies(runs, of)

    found = gain(table, read)
    assert (found.best.name, found.baseline) == ("good", "Baseline") and asked == [set(table["run"])]
    assert found.comparison.delta > 0 and found.comparison.pairs == 3
    assert "2 variants" in found.comparison.reason


def test_a_baseline_that_is_the_best_has_no_gain(tmp_path):
    dataset = several_pictures(tmp_path / "data")
    runs = tmp_path / "runs"
    best = predicted_run(runs, dataset, 0.9, name="Baseline")
    predicted_run(runs, dataset, 0.4, name="other", dropout=0.4)
    assert gain(finished(runs), lambda of: tallies(runs, of)) is None
    Launcher(runs).annotate(best.id, name="renamed")
    assert gain(finished(runs).iloc[:0], lambda of: tallies(runs, of)) is None
