"""No row mixes epochs, splits or averaging: told from the predictions that the runs stored."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from av1core.analysis.arms import Base, bases
from av1core.analysis.experiments import experiments
from av1core.analysis.references import Reference
from av1core.analysis.results import results
from av1core.analysis.studies import STUDIES
from av1core.analysis.study_table import beside, study_results
from av1core.analysis.tables import as_markdown, study_columns
from av1core.analysis.tally import tallies
from av1core.runs.execute import execute
from av1core.runs.folder import RunFolder
from av1core.runs.index import RunIndex
from av1core.training.spec import parse_spec, with_overrides
from tests.synthetic import stage2_values

BATCHNORM = STUDIES["batchnorm"]
CLASSES = ("SPLIT", "RECT", "AB")
SEEDS = (0, 1)


@pytest.fixture(scope="module")
def store(trained, tiny, tmp_path_factory) -> RunIndex:
    """Both arms of the BatchNorm study with two seeds, among runs that belong to neither; not to be changed."""
    runs_dir = tmp_path_factory.mktemp("study") / "runs"
    shutil.copytree(trained.runs_dir / trained.stage1, runs_dir / trained.stage1)
    values = stage2_values(tiny, trained.stage1) | {"epochs": 3}
    folders = {}
    for mode in ("train", "eval"):
        for seed in SEEDS:
            changes = {"adapter.batchnorm": mode, "seed": seed, "optimiser.adapter_lr": 0.01}
            folders[mode, seed] = trained_run(runs_dir, with_overrides(values, changes))
    own = with_overrides(values, {"adapter.batchnorm": "eval", "optimiser.adapter_lr": 0.01, "seed": 2})
    trained_run(runs_dir, own | {"split": "block"})  # another recipe, as its blocks are others
    of_other_data = copy_of(folders["eval", 1], seed=3)
    record = of_other_data.provenance()
    of_other_data.write_provenance(replace(record, dataset_fingerprint="of older data"))
    half_trained = copy_of(folders["eval", 1], seed=4)
    half_trained.write_status(replace(half_trained.status(), state="cancelled"))
    copy_of(folders["train", 0], seed=0)  # says nothing new
    index = RunIndex(runs_dir)
    index.refresh()
    return index


def trained_run(runs_dir: Path, values: dict) -> RunFolder:
    folder = RunFolder.create(runs_dir, parse_spec(values))
    assert execute(folder).state == "finished"
    return folder


def copy_of(folder: RunFolder, seed: int) -> RunFolder:
    """With an F1 that would be seen in any mean that it has a part in."""
    copy = RunFolder(shutil.copytree(folder.path, folder.path.with_name(f"{folder.id}-copy-{seed}")))
    copy.spec_file.write_text(json.dumps(json.loads(folder.spec_file.read_text()) | {"seed": seed}))
    lines = [json.loads(line) | {"val_f1": 0.99, "train_f1": 0.99} for line in folder.history_file.open()]
    copy.history_file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return copy


@pytest.fixture
def result(store):
    base = bases(BATCHNORM, finished(store))[0]
    return study_results(BATCHNORM, base, store, partial(tallies, store.runs_dir), SEEDS)


def finished(index: RunIndex) -> pd.DataFrame:
    table = results(index, "stage2")
    return table[table["state"] == "finished"]


def predicted_f1(folder: RunFolder) -> tuple[np.ndarray, np.ndarray]:
    """F1 of each class (3,) in %, from the stored predictions alone, and the blocks (N,) that they are of."""
    table = pq.read_table(folder.predictions_file)
    label = table["label"].to_numpy()
    predicted = np.array(table["probabilities"].to_pylist()).argmax(1)
    f1 = []
    for name in range(len(CLASSES)):
        right = np.sum((label == name) & (predicted == name))
        f1.append(200 * right / max(1, np.sum(label == name) + np.sum(predicted == name)))
    return np.array(f1), table["block"].to_numpy()


def rows_with_runs(table: pd.DataFrame, runs_dir: Path) -> Iterator[tuple[pd.Series, list[RunFolder]]]:
    for _, row in table.iterrows():
        yield row, [RunFolder(runs_dir / run) for run in row["runs"]]


def of_best_epochs(row: pd.Series, folders: list[RunFolder]) -> pd.DataFrame:
    """The line of each run's history at the epoch that its predictions are of, one whose number the row rests on."""
    lines = []
    for folder in folders:
        f1, _ = predicted_f1(folder)
        found = [line for line in folder.history() if np.allclose(np.multiply(line["val_f1_per_class"], 100), f1)]
        best = folder.status().best_epoch
        (line,) = (line for line in found if line["epoch"] == best)
        lines.append(line | {"predicted_f1": f1})
    assert row["best_epoch"] == np.mean([line["epoch"] for line in lines])
    return pd.DataFrame(lines)


def assert_of_one_epoch_a_run(row: pd.Series, folders: list[RunFolder]) -> None:
    lines = of_best_epochs(row, folders)
    f1 = np.stack(lines["predicted_f1"])
    assert row["val_f1"] == pytest.approx(f1.mean())
    for name in ("val_f1", "train_f1", "train_f1_clean"):
        assert row[name] == pytest.approx(100 * lines[name].mean())
    for name in ("val_loss", "train_loss"):
        assert row[name] == pytest.approx(lines[name].mean())
    assert row["gap"] == pytest.approx(100 * (lines["train_f1"] - lines["val_f1"]).mean())
    assert row["gap_clean"] == pytest.approx(100 * (lines["train_f1_clean"] - lines["val_f1"]).mean())
    for place, name in enumerate(CLASSES):
        if f"f1_{name}" in row:
            assert row[f"f1_{name}"] == pytest.approx(f1[:, place].mean())


def test_every_figure_of_a_row_is_of_its_runs_best_epochs(store, result):
    own = finished(store)
    own = own[own["train_f1"] < 98.9]  # the copies' predictions are not theirs
    best = own["best_epoch"].unique()
    assert len(best) > 1, "nothing would tell a mixture of epochs"
    for row, folders in rows_with_runs(experiments(own), store.runs_dir):
        assert_of_one_epoch_a_run(row, folders)
    for row, folders in rows_with_runs(result.table, store.runs_dir):
        assert_of_one_epoch_a_run(row, folders)


def test_all_runs_of_a_study_validated_on_the_same_blocks(store, result):
    folders = [folder for _, found in rows_with_runs(result.table, store.runs_dir) for folder in found]
    blocks = [predicted_f1(folder)[1] for folder in folders]
    assert len(folders) == 4 and all(np.array_equal(blocks[0], others) for others in blocks)
    assert len(set(result.runs["validation"])) == 1


def test_runs_of_other_blocks_and_half_trained_ones_are_in_no_row(store, result):
    assert set(finished(store)["run"]) > set(result.runs["run"])
    assert result.table["seeds"].tolist() == [2, 2] and [arm.seeds for arm in result.arms] == [SEEDS, SEEDS]
    specs = [RunFolder(store.runs_dir / run).spec() for runs in result.table["runs"] for run in runs]
    assert sorted((spec.adapter.batchnorm, spec.seed) for spec in specs) == [
        (mode, seed) for mode in ("eval", "train") for seed in SEEDS
    ]
    assert {spec.split for spec in specs} == {"dataset"} and not any(
        "copy" in run for runs in result.table["runs"] for run in runs
    )


def test_a_difference_is_of_paired_seeds(store, result):
    (comparison,) = result.comparisons
    val_f1 = finished(store).set_index("run")["val_f1"]
    baseline, variant = ([val_f1[run] for run in runs] for runs in result.table["runs"])
    assert comparison.delta == pytest.approx(np.subtract(variant, baseline).mean())
    assert comparison.pairs == 2 and comparison.verdict == "not established"
    assert result.table["delta"].tolist() == [0, pytest.approx(comparison.delta)]
    assert result.comparison("BN eval") is comparison
    assert result.comparison("BN train") is result.comparison("no such variant") is None


def test_an_arm_without_runs_has_no_figures(store):
    study = STUDIES["reduction"]
    base = bases(study, finished(store))[0]
    result = study_results(study, base, store, partial(tallies, store.runs_dir), SEEDS)
    assert result.table["name"].tolist() == [variant.name for variant in study.arms]
    assert result.table["seeds"].tolist() == [2, 0, 0, 0] and not result.comparisons
    figures = [name for name in study_columns("stage2") if name not in ("name", "seeds")]
    assert result.table.loc[1:, figures].isna().all(axis=None)
    assert as_markdown(beside(result), study_columns("stage2")).count("| 0 | – |") == 3


def test_a_base_that_was_not_tried_is_a_table_without_figures(store, tiny, trained):
    spec = parse_spec(stage2_values(tiny, trained.stage1) | {"batch_size": 7})
    result = study_results(BATCHNORM, Base(spec), store, partial(tallies, store.runs_dir), SEEDS)
    assert result.table["seeds"].tolist() == [0, 0] and [arm.missing for arm in result.arms] == [SEEDS, SEEDS]
    assert (
        result.runs.empty
        and not result.comparisons
        and beside(result, reported=True)["name"].tolist()[2:]
        == [
            "Baseline",
            "Exp 03",
        ]
    )


def test_a_base_that_was_tried_is_found_by_its_spec(store, result):
    again = study_results(BATCHNORM, Base(result.base.spec), store, partial(tallies, store.runs_dir), SEEDS)
    assert again.base == result.base
    pd.testing.assert_frame_equal(again.table, result.table)


def test_what_stands_beside_is_marked_and_compared_with_what_it_can_be(result):
    validation = result.base.validation
    reference = Reference("Majority class", (), 0.2, 0.25, 0.4, (0.6, 0.0, 0.0))
    table = beside(result, True, {validation: [reference], "of other blocks": [reference]})
    assert table["origin"].tolist() == ["measured"] * 2 + ["reference"] + ["reported"] * 2
    assert table["name"].tolist()[2:] == ["Majority class", "Baseline", "Exp 03"]
    row = table.iloc[2]
    assert row["delta"] == pytest.approx(20 - result.table["val_f1"][0]) and row["f1_SPLIT"] == 60
    assert table["delta"].tolist()[3:] == [pytest.approx(float("nan"), nan_ok=True), pytest.approx(0.32)]
    pd.testing.assert_frame_equal(table[list(result.table)].iloc[:2], result.table, check_dtype=False)
