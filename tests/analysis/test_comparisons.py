import numpy as np
import pandas as pd
import pytest
from scipy import stats

from av1core.analysis.comparisons import beside, comparisons, measured, with_verdicts
from av1core.analysis.experiments import experiments
from av1core.analysis.references import Reference
from av1core.analysis.results import with_delta, with_references
from av1core.analysis.tally import tallies
from av1core.dataset.folder import Dataset
from av1core.runs.folder import RunFolder
from tests.analysis.predicted import predicted_run, read, several_pictures


@pytest.fixture
def runs_dir(tmp_path):
    return tmp_path / "runs"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Dataset:
    return several_pictures(tmp_path_factory.mktemp("data") / "pictures")


def two_experiments(runs_dir, dataset, seeds=(range(6), range(6))) -> list[list[RunFolder]]:
    """A baseline, and a variant that is right more often by as much for every seed."""
    return [
        [predicted_run(runs_dir, dataset, right, seed, seed=seed, dropout=dropout, name=name) for seed in of]
        for of, right, dropout, name in zip(seeds, (0.3, 0.8), (0.2, 0.5), ("Baseline", "Variant"), strict=True)
    ]


def verdict_of(runs_dir, dataset):
    rows = read(runs_dir)
    table = experiments(rows)
    found = tallies(runs_dir, {run: str(dataset.path) for run in rows["run"]})
    baseline = table.loc[table["name"] == "Baseline", "experiment"].iloc[0]
    (comparison,) = comparisons(table, baseline, rows, found)
    return comparison


def test_experiments_are_paired_by_seed(runs_dir, dataset):
    baseline, variant = two_experiments(runs_dir, dataset, (range(6), [7, 5, 4, 3, 2, 1, 0]))
    comparison = verdict_of(runs_dir, dataset)
    best = [
        {folder.spec().seed: 100 * list(folder.history())[1]["val_f1"] for folder in of} for of in (baseline, variant)
    ]
    differences = [best[1][seed] - best[0][seed] for seed in range(6)]
    assert comparison.pairs == 6 and comparison.delta == pytest.approx(np.mean(differences))
    interval = stats.t.interval(0.95, 5, np.mean(differences), stats.sem(differences))
    assert comparison.seeds == pytest.approx(interval)
    assert (comparison.units, comparison.unit, comparison.verdict) == (3, "source", "better")


def test_without_predictions_it_says_so_and_nothing_is_established(runs_dir, dataset):
    two_experiments(runs_dir, dataset)
    for run in runs_dir.iterdir():
        RunFolder(run).predictions_file.unlink()
    comparison = verdict_of(runs_dir, dataset)
    assert (comparison.pairs, comparison.units, comparison.verdict) == (6, 0, "not established")
    assert "no stored predictions" in comparison.reason


def test_a_run_without_predictions_leaves_the_others_to_resample(runs_dir, dataset):
    _, variant = two_experiments(runs_dir, dataset)
    variant[2].predictions_file.unlink()
    comparison = verdict_of(runs_dir, dataset)
    assert (comparison.pairs, comparison.units, comparison.verdict) == (6, 3, "better")
    runs = read(runs_dir)
    found = tallies(runs_dir, {run: str(dataset.path) for run in runs["run"]})
    of_variant = measured(runs[runs["name"] == "Variant"], found)
    assert sorted(of_variant.confusion) == [0, 1, 3, 4, 5] and sorted(of_variant.val_f1) == list(range(6))
    assert "no stored predictions" in of_variant.lacking


def test_a_dataset_that_has_changed_leaves_nothing_established(runs_dir, dataset):
    two_experiments(runs_dir, dataset)
    comparison = verdict_of(runs_dir, several_pictures(runs_dir.parent / "changed", seed=5))
    assert (comparison.pairs, comparison.units, comparison.verdict) == (6, 0, "not established")
    assert "fingerprints differ" in comparison.reason


def test_rows_that_are_no_experiments_are_passed_over_and_keep_their_delta(runs_dir, dataset):
    two_experiments(runs_dir, dataset, (range(2), range(2)))
    rows = read(runs_dir)
    table = experiments(rows)
    baseline = table["experiment"][0]
    reference = Reference("Majority class", (), 0.2, 0.25, 0.4, (0.6, 0.0, 0.0))
    table = with_references(table, "stage2", {table["validation"][0]: [reference]})
    table = with_delta(table, baseline, "experiment")
    for found in ([], comparisons(table, baseline, rows, {})):
        shown = with_verdicts(table, found)
        assert shown["delta"].tolist() == pytest.approx(table["delta"].tolist()) and shown["delta"][0] == 0
        assert shown["verdict"].notna().tolist() == [False, bool(found), False]
    assert [comparison.variant for comparison in found] == [table["experiment"][1]]


def test_each_row_has_what_was_found_of_it(runs_dir, dataset):
    two_experiments(runs_dir, dataset)
    table, rows = experiments(read(runs_dir)), read(runs_dir)
    (comparison,) = found = comparisons(table, table["experiment"][0], rows, {})
    own, variant = with_verdicts(table, found).itertuples()
    assert own.delta == 0 and pd.isna([own.verdict, own.p_adjusted, own.delta_low, own.pairs]).all()
    assert (variant.delta, variant.pairs, variant.p_adjusted) == (comparison.delta, 6, comparison.p_adjusted)
    assert (variant.delta_low, variant.delta_high) == comparison.seeds
    assert (variant.verdict, variant.reason) == (comparison.verdict, comparison.reason)


def test_what_stands_beside_has_its_own_delta(runs_dir, dataset):
    two_experiments(runs_dir, dataset)
    runs = read(runs_dir)
    table = experiments(runs)
    baseline, variant = table["experiment"]
    datasets = dict(zip(runs["run"], runs["dataset"], strict=True))
    compared = comparisons(table, baseline, runs, tallies(runs_dir, datasets))
    trivial = {table["validation"][0]: [Reference("Majority", (), 0.25, 0.5, 0.5, (0.25,) * 3)]}
    rows = beside(table, compared, baseline, trivial, reported=True).set_index("name")
    assert rows["origin"].drop_duplicates().tolist() == ["measured", "reference", "reported"]
    assert rows.loc["Majority", "delta"] == pytest.approx(25 - table["val_f1"][0])
    assert rows.loc["Exp 03", "delta"] == pytest.approx(0.32)
    own = rows[rows["origin"] == "measured"].set_index("experiment")
    assert own.loc[baseline, "delta"] == 0 and own.loc[variant, "delta"] == pytest.approx(compared[0].delta)
    assert set(beside(table, compared, baseline, {}, reported=False)["origin"]) == {"measured"}
