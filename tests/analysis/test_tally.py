import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from av1core.analysis.predictions import load_predictions
from av1core.analysis.tally import Tally, experiment_confusions, experiment_groups, group_f1, tallies, tally
from av1core.dataset.folder import Dataset
from av1core.errors import DatasetError, LabError, RunError
from av1core.runs.folder import RunFolder
from tests.analysis.predicted import STAGE, predicted_run, several_pictures
from tests.synthetic import make_dataset


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Dataset:
    return several_pictures(tmp_path_factory.mktemp("data") / "pictures", qindexes=(80, 255))


@pytest.fixture
def run(tmp_path, dataset) -> RunFolder:
    return predicted_run(tmp_path / "runs", dataset)


@pytest.mark.parametrize("of", ["stage1", "stage2"])
def test_the_total_is_the_confusion_matrix_of_the_best_epoch(trained, tiny, of):
    folder = RunFolder(trained.runs_dir / getattr(trained, of))
    best = max(folder.history(), key=lambda record: record["val_f1"])
    assert tally(folder, Dataset.open(tiny)).total.tolist() == best["val_confusion"]


def test_each_cell_is_counted_from_the_blocks_of_its_place(run, dataset):
    found, predictions, blocks = tally(run, dataset), load_predictions(run, dataset), dataset.blocks
    expected = {}
    for row, label, predicted in zip(predictions.block, predictions.label, predictions.predicted, strict=True):
        place = dataset.sources[blocks.source[row]].name, blocks.frame[row], blocks.qindex[row]
        expected.setdefault(place, np.zeros((3, 3), int))[label, predicted] += 1
    places = list(zip(found.source.tolist(), found.frame.tolist(), found.qindex.tolist(), strict=True))
    assert sorted(places) == sorted(expected) and len(places) == 6
    for place, confusion in zip(places, found.confusion, strict=True):
        assert confusion.tolist() == expected[place].tolist()
    assert found.stage == STAGE and found.confusion.dtype == np.int64


def test_groups_and_units_add_up_to_the_total(run, dataset):
    found = tally(run, dataset)
    units = found.units()
    assert list(found.by_source()) == list(units.names) == ["picture-3", "picture-4", "picture-5"]
    assert list(found.by_qindex()) == ["80", "255"] and units.kind == "source"
    for parts in (found.by_source().values(), found.by_qindex().values(), units.confusion):
        assert sum(parts).tolist() == found.total.tolist()


def test_the_units_of_one_source_are_its_frames():
    confusion = np.arange(16).reshape(4, 2, 2)
    frame = np.array([0, 0, 2**31 - 1, 10])
    found = Tally(STAGE, np.array(["clip"] * 4), frame, np.array([80, 128, 80, 80]), confusion)
    units = found.units()
    assert (units.kind, units.names) == ("frame", ("0", "10", str(2**31 - 1)))
    assert units.confusion.tolist() == [
        (confusion[0] + confusion[1]).tolist(),
        confusion[3].tolist(),
        confusion[2].tolist(),
    ]


def test_places_are_told_apart_whatever_their_numbers(run, dataset):
    frames = np.where(np.arange(len(dataset.blocks)) % 2, 2**31 - 1, 0).astype(np.int32)
    far = SimpleNamespace(
        path=dataset.path, fingerprint=dataset.fingerprint, sources=dataset.sources,
        blocks=replace(dataset.blocks, frame=frames),
    )  # fmt: skip
    found = tally(run, far)
    assert set(found.frame.tolist()) == {0, 2**31 - 1} and set(found.qindex.tolist()) == {80, 255}
    assert set(found.source.tolist()) == {"picture-3", "picture-4", "picture-5"}


@pytest.mark.parametrize("by", ["source", "qindex"])
def test_f1_of_a_group_is_the_mean_over_seeds_and_over_the_classes_it_has(tmp_path, dataset, by):
    from sklearn.metrics import f1_score

    runs = [predicted_run(tmp_path, dataset, draw=seed, seed=seed) for seed in range(3)]
    table = group_f1([tally(run, dataset) for run in runs], by).set_index("group")
    predictions = [load_predictions(run, dataset) for run in runs]
    rows = predictions[0].block
    names = np.array([source.name for source in dataset.sources])[dataset.blocks.source[rows]]
    groups = names if by == "source" else dataset.blocks.qindex[rows].astype(str)
    assert set(table.index) == set(groups)
    for group, row in table.iterrows():
        own = groups == group
        labels = np.unique(predictions[0].label[own])
        expected = [
            100 * f1_score(each.label[own], each.predicted[own], labels=labels, average="macro", zero_division=0)
            for each in predictions
        ]
        assert row["f1"] == pytest.approx(np.mean(expected)) and row["blocks"] == own.sum()
        assert (row["low"], row["high"]) == pytest.approx((min(expected), max(expected)))


def test_a_class_that_a_picture_lacks_does_not_lower_its_f1():
    matrix = np.array([[[8, 2, 0], [0, 0, 0], [0, 0, 10]]])
    one = Tally(STAGE, np.array(["a"]), np.array([0]), np.array([80]), matrix)
    assert group_f1([one], "source")["f1"].tolist() == pytest.approx([100 * (16 / 18 + 1) / 2])


def test_each_run_has_its_tally_or_says_why_not(tmp_path, dataset, monkeypatch):
    runs_dir, opened = tmp_path / "runs", []
    own, foreign, cut, without, other = (predicted_run(runs_dir, dataset, seed=seed) for seed in range(5))
    shutil.copy(other.predictions_file, foreign.predictions_file)
    elsewhere = make_dataset(tmp_path / "elsewhere", seed=3)
    cut.predictions_file.write_bytes(cut.predictions_file.read_bytes()[:200])
    without.predictions_file.unlink()
    open_dataset = Dataset.open
    monkeypatch.setattr(Dataset, "open", lambda path: opened.append(path) or open_dataset(path))
    here, there, nowhere = str(dataset.path), str(elsewhere.path), str(tmp_path / "nowhere")
    asked = {own.id: here, foreign.id: there, cut.id: here, without.id: here, other.id: nowhere, "gone": here}
    found = tallies(runs_dir, asked | {"also nowhere": nowhere})
    assert sorted(opened) == sorted([here, there, nowhere])
    assert isinstance(found.pop(own.id), Tally)
    said = {run: str(error) for run, error in found.items() if isinstance(error, RunError | DatasetError)}
    assert said.keys() == found.keys()
    assert "fingerprints differ" in said[foreign.id] and "cannot be read" in said[cut.id]
    assert "no stored predictions" in said[without.id] and "no stored predictions" in said["gone"]
    assert "nowhere" in said[other.id] and isinstance(found[other.id], LabError)
    assert tallies(runs_dir, {}) == {}


def test_experiments_are_summed_and_grouped_over_the_runs_that_have_predictions(run, dataset):
    found, error = tally(run, dataset), RunError("lost")
    runs = pd.DataFrame({"run": ["a", "b", "c", "d"], "experiment": ["one", "two", "one", "two"]})
    of_run = {"a": found, "b": error, "c": found, "d": error}
    confusions = experiment_confusions(runs, of_run)
    assert confusions["one"].tolist() == (2 * found.total).tolist() and confusions["two"] is error
    groups, lacking = experiment_groups(runs, of_run, "qindex")
    assert set(groups["experiment"]) == {"one"} and groups["group"].tolist() == ["80", "255"]
    assert lacking == {"two": error}
    assert experiment_groups(runs, dict.fromkeys("abcd", error), "source")[0].empty
