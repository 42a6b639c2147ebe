import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from av1core.analysis.evaluation import evaluate_hierarchy, stage_probabilities, stage_sources
from av1core.analysis.hierarchy import FREQUENCIES, GREEDY, LOGISTIC, score_table
from av1core.analysis.predictions import load_predictions
from av1core.dataset.folder import Dataset
from av1core.dataset.split import choose_split, list_split, side_mask
from av1core.errors import DatasetError, RunError
from av1core.partition import STAGES, Partition
from av1core.runs.folder import RunFolder
from tests.synthetic import make_dataset


@pytest.fixture(scope="module")
def dataset(tiny):
    return Dataset.open(tiny)


@pytest.fixture
def folders(trained):
    return {
        "stage1": RunFolder(trained.runs_dir / trained.stage1),
        "stage2": RunFolder(trained.runs_dir / trained.stage2),
    }


def evaluated(dataset, split=None, sources=None, natural_mix=False):
    split, sources = split or dataset.split, dict.fromkeys(STAGES, FREQUENCIES) | (sources or {})
    stages = {name: stage_probabilities(dataset, split, STAGES[name], source) for name, source in sources.items()}
    return evaluate_hierarchy(dataset, split, stages, natural_mix)


def test_every_validation_block_of_the_hierarchy_is_in_once(dataset, folders):
    found = evaluated(dataset, sources=folders)
    assert found.rows.tolist() == np.flatnonzero(side_mask(dataset, "val")).tolist()
    assert (found.labels == dataset.blocks.partition[found.rows]).all()
    np.testing.assert_allclose(found.probabilities.sum(1), 1, rtol=1e-12)


def test_a_runs_probabilities_are_those_that_it_stored(dataset, folders):
    """The stored ones are of the stage's own blocks; the hierarchy computes them for all."""
    found = evaluated(dataset, sources=folders)
    none = load_predictions(folders["stage1"], dataset).probabilities[:, 0]
    np.testing.assert_allclose(found.probabilities[:, Partition.NONE], none, atol=1e-5)
    stage2 = load_predictions(folders["stage2"], dataset)
    places = np.searchsorted(found.rows, stage2.block)
    split = found.probabilities[places, Partition.SPLIT] / (1 - found.probabilities[places, Partition.NONE])
    np.testing.assert_allclose(split, stage2.probabilities[:, 0], atol=1e-4)


def test_frequencies_are_those_of_the_training_side(dataset):
    blocks = dataset.blocks
    train = np.flatnonzero(side_mask(dataset, "train"))
    partition = blocks.partition.copy()
    partition[train[: len(train) // 2]] = Partition.HORZ
    skewed = replace(dataset, blocks=replace(blocks, partition=partition))
    found = evaluated(skewed)
    shares = np.bincount(partition[train], minlength=8) / len(train)
    np.testing.assert_allclose(found.probabilities, np.tile(shares, (len(found.rows), 1)))


def test_regressions_stand_in_too(dataset):
    found = evaluated(dataset, sources=dict.fromkeys(STAGES, LOGISTIC))
    by_chance = evaluated(dataset)
    f1, chance = (score_table(each).set_index("decision").loc[GREEDY, "f1"].max() for each in (found, by_chance))
    assert f1 > 2 * chance
    again = evaluated(dataset, sources=dict.fromkeys(STAGES, LOGISTIC))
    assert (again.probabilities == found.probabilities).all()


def test_the_natural_mix_reaches_the_probabilities_and_not_the_decisions(dataset, folders):
    plain, mixed = (evaluated(dataset, sources=folders, natural_mix=natural) for natural in (False, True))
    assert (plain.greedy == mixed.greedy).all()
    odds = [
        each.probabilities[:, Partition.NONE] / (1 - each.probabilities[:, Partition.NONE]) for each in (plain, mixed)
    ]
    # One block in eight is NONE.
    np.testing.assert_allclose(odds[1] / odds[0], 1 / 7, rtol=1e-6)


def test_types_outside_the_hierarchy_are_counted(dataset):
    partition = dataset.blocks.partition.copy()
    val = np.flatnonzero(side_mask(dataset, "val"))
    partition[val[:5]] = Partition.VERT_4
    found = evaluated(replace(dataset, blocks=replace(dataset.blocks, partition=partition)))
    assert found.left_out == 5 and found.rows.tolist() == val[5:].tolist()
    partition[val] = Partition.HORZ_4
    with pytest.raises(DatasetError, match="no block"):
        evaluated(replace(dataset, blocks=replace(dataset.blocks, partition=partition)))


def test_runs_of_another_split_stage_or_dataset_are_refused(dataset, folders, tmp_path):
    names = [source.name for source in dataset.sources]
    for split in (list_split(names, names[:1]), choose_split(dataset.blocks, dataset.sources, method="block")):
        with pytest.raises(RunError, match="did not validate on"):
            evaluated(dataset, split, folders)
    with pytest.raises(RunError, match="cannot decide Stage 2"):
        evaluated(dataset, sources={"stage2": folders["stage1"]})
    other = make_dataset(tmp_path / "other", seed=7)
    with pytest.raises(RunError, match="fingerprints differ"):
        evaluated(other, sources=folders)
    bare = RunFolder(shutil.copytree(folders["stage1"].path, tmp_path / "bare"))
    bare.predictions_file.unlink()
    with pytest.raises(RunError, match="no predictions"):
        evaluated(dataset, sources={"stage1": bare})


def test_a_model_is_handed_the_qindex_of_its_blocks(dataset, folders, monkeypatch):
    import torch

    seen = []

    def probabilities(model, pixels, qindex):
        seen.append(qindex)
        return np.full((len(pixels), 3), 1 / 3)

    monkeypatch.setattr("av1core.models.inference.class_probabilities", probabilities)
    threads = torch.get_num_threads()
    found = evaluated(dataset, sources={"stage2": folders["stage2"]})
    assert np.concatenate(seen).tolist() == found.qindex.tolist()
    assert torch.get_num_threads() == threads


def test_around_a_run_stand_its_backbone_and_the_pinned_runs_of_its_blocks():
    rows = [
        ("s1", "stage1", "d", None, False), ("s2", "stage2", "d", "s1", False), ("r", "stage3_rect", "d", "s1", True),
        ("other", "stage3_ab", "elsewhere", None, True), ("p2", "stage2", "d", "s1", True),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["run", "stage", "dataset", "stage1_run", "baseline"]).assign(split="source")
    assert stage_sources(table.iloc[1], table) == {
        "stage1": "s1", "stage2": "s2", "stage3_rect": "r", "stage3_ab": LOGISTIC,
    }  # fmt: skip
    assert stage_sources(table.iloc[0], table)["stage2"] == "p2"
    assert stage_sources(table.iloc[3], table)["stage1"] == LOGISTIC
