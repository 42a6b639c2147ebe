import json
import shutil
from dataclasses import asdict

import pytest
import torch

from av1core.dataset.blocks import stage_blocks
from av1core.dataset.folder import Dataset
from av1core.partition import STAGES
from av1core.runs.checkpoint import load_best
from av1core.runs.folder import RunFolder
from av1core.runs.provenance import input_statistics
from av1core.runs.records import InputStatistics
from av1core.training.blocks import to_device


def test_provenance_says_what_the_numbers_rest_on(trained, tiny):
    dataset = Dataset.open(tiny)
    provenance = RunFolder(trained.runs_dir / trained.stage2).provenance()
    assert provenance.dataset_fingerprint == dataset.fingerprint
    assert (provenance.split, provenance.val_sources) == ("source", dataset.split.val)
    assert provenance.stage1_weights_sha256 and provenance.versions["torch"]
    assert 0 < provenance.trainable_parameters < provenance.total_parameters
    assert provenance.spec_hash == RunFolder(trained.runs_dir / trained.stage2).spec().hash


def test_provenance_from_before_the_spec_hash_and_the_inputs_is_still_read(trained, tmp_path):
    folder = RunFolder(shutil.copytree(trained.runs_dir / trained.stage2, tmp_path / "older"))
    values = json.loads(folder.provenance_file.read_text())
    del values["spec_hash"], values["inputs"]
    folder.provenance_file.write_text(json.dumps(values))
    assert (folder.provenance().spec_hash, folder.provenance().inputs) == (None, None)


@pytest.mark.parametrize("at_once", [5, 16384])
def test_input_statistics_are_numpys_over_the_training_blocks(trained, tiny, monkeypatch, at_once):
    blocks = stage_blocks(Dataset.open(tiny), STAGES["stage2"], "train")
    x = blocks.pixels / 1023
    expected = InputStatistics(x.min(), x.max(), x.mean(), x.std())
    recorded = RunFolder(trained.runs_dir / trained.stage2).provenance().inputs
    monkeypatch.setattr("av1core.runs.provenance._STATISTICS_BLOCKS", at_once)
    measured = input_statistics(to_device(blocks, torch.device("cpu")).pixels)
    for statistics in (recorded, measured):
        assert asdict(statistics) == pytest.approx(asdict(expected), rel=1e-6)


def test_the_parameters_that_count_are_those_of_the_ordinary_model(trained):
    for run in (trained.stage1, trained.stage2):
        folder = RunFolder(trained.runs_dir / run)
        model, provenance = load_best(folder), folder.provenance()
        assert provenance.total_parameters == sum(p.numel() for p in model.parameters())
        assert provenance.trainable_parameters == sum(p.numel() for p in model.parameters() if p.requires_grad)
