import json
import shutil
from dataclasses import asdict, replace

import pytest
import torch

from av1core.dataset.blocks import stage_blocks
from av1core.dataset.folder import Dataset
from av1core.dataset.split import list_split, write_split
from av1core.partition import STAGES
from av1core.runs.checkpoint import load_best
from av1core.runs.execute import execute
from av1core.runs.folder import RunFolder
from av1core.runs.index import RunIndex
from av1core.runs.provenance import input_statistics
from av1core.runs.records import InputStatistics
from av1core.training.blocks import to_device
from av1core.training.spec import parse_spec
from tests.synthetic import stage1_values


def test_provenance_says_what_the_numbers_rest_on(trained, tiny):
    dataset = Dataset.open(tiny)
    provenance = RunFolder(trained.runs_dir / trained.stage2).provenance()
    assert provenance.dataset_fingerprint == dataset.fingerprint
    assert (provenance.split, provenance.val_sources) == ("source", dataset.split.val)
    assert provenance.stage1_weights_sha256 and provenance.versions["torch"]
    assert 0 < provenance.trainable_parameters < provenance.total_parameters
    assert provenance.spec_hash == RunFolder(trained.runs_dir / trained.stage2).spec().hash


def test_provenance_from_before_its_later_fields_is_still_read(trained, tmp_path):
    folder = RunFolder(shutil.copytree(trained.runs_dir / trained.stage2, tmp_path / "older"))
    values = json.loads(folder.provenance_file.read_text())
    for name in ("spec_hash", "inputs", "validation"):
        del values[name]
    folder.provenance_file.write_text(json.dumps(values))
    assert (folder.provenance().spec_hash, folder.provenance().inputs, folder.provenance().validation) == (None,) * 3


def test_a_mark_tells_the_dataset_and_the_validation_blocks(trained):
    provenance = RunFolder(trained.runs_dir / trained.stage2).provenance()
    mark = provenance.validation_mark
    assert replace(provenance, device="another", train_blocks=1, split="list").validation_mark == mark
    older = replace(provenance, validation=None)
    others = [
        older, replace(older, split="list"), replace(older, val_sources=("a",)), replace(older, val_blocks=1),
        replace(provenance, dataset_fingerprint="another"), replace(provenance, validation="another"),
        RunFolder(trained.runs_dir / trained.stage1).provenance(),
    ]  # fmt: skip
    assert len({mark, *(other.validation_mark for other in others)}) == 1 + len(others)


def test_runs_before_and_after_the_split_was_rewritten_validated_on_other_blocks(tiny, tmp_path):
    dataset = Dataset.open(shutil.copytree(tiny, tmp_path / "data"))
    spec = parse_spec(stage1_values(dataset.path) | {"epochs": 1, "epoch_blocks": 32})
    names, first = [source.name for source in dataset.sources], dataset.split

    def train() -> RunFolder:
        folder = RunFolder.create(tmp_path / "runs", spec)
        assert execute(folder).state == "finished"
        return folder

    before = train()
    assert write_split(dataset, list_split(names, names[:1])).fingerprint == dataset.fingerprint
    after = train()
    write_split(dataset, first)
    again = train()
    index = RunIndex(tmp_path / "runs")
    index.refresh()
    runs = index.runs().set_index("run")
    for name in ("validation", "experiment"):
        of = runs[name]
        assert of[before.id] == of[again.id] != of[after.id]
    assert runs["recipe"].nunique() == runs["dataset_fingerprint"].nunique() == 1


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
