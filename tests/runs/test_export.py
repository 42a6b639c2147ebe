import json
import re
import shutil
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from av1core.dataset.blocks import stage_blocks
from av1core.dataset.folder import Dataset
from av1core.errors import DatasetError, RunError
from av1core.models.stage import to_input
from av1core.partition import STAGES
from av1core.runs.checkpoint import load_best
from av1core.runs.export import export_run, load_exported
from av1core.runs.folder import RunFolder
from tests.synthetic import make_dataset


@pytest.fixture
def folder(trained, tmp_path):
    """A copy of a finished Stage-2 run, without its Stage-1 run beside it."""
    return RunFolder(shutil.copytree(trained.runs_dir / trained.stage2, tmp_path / "runs" / trained.stage2))


def luma(tiny, stage: str) -> torch.Tensor:
    blocks = stage_blocks(Dataset.open(tiny), STAGES[stage], "val")
    return to_input(torch.from_numpy(blocks.pixels.astype(np.int16)))


@pytest.mark.parametrize("stage", ["stage1", "stage2"])
def test_an_export_loads_to_the_same_logits_without_its_run(trained, tiny, tmp_path, stage):
    run = RunFolder(shutil.copytree(trained.runs_dir / getattr(trained, stage), tmp_path / "run"))
    x = luma(tiny, stage)
    with torch.no_grad():
        expected = load_best(run)(x)
        exported = export_run(run, tmp_path / "out")
        shutil.rmtree(run.path)
        assert torch.equal(load_exported(tmp_path / "out")(x), expected)
    assert exported.files == ("README.md", "model.safetensors", "spec.json") and exported.onnx_check is None
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == list(exported.files)


def test_the_card_names_the_figures_their_side_and_the_data(folder, tmp_path):
    export_run(folder, tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text()
    provenance, status = folder.provenance(), folder.status()
    record = list(folder.history())[status.best_epoch - 1]
    assert f"Results at epoch {status.best_epoch}" in card
    assert f"| macro-F1 | validation, eval mode, natural class mix | {record['val_f1']:.2%} |" in card
    for name, value in zip(STAGES["stage2"].classes, record["val_f1_per_class"], strict=True):
        assert f"| F1 of {name} | validation, eval mode, natural class mix | {value:.2%} |" in card
    assert provenance.dataset_fingerprint in card and "split by source" in card and "picture-3" in card
    assert all(text in card for text in provenance.versions.values())
    assert json.loads((tmp_path / "out" / "spec.json").read_text()) == folder.spec().model_dump(mode="json")
    for table in re.findall(r"(?:^\|.*\n)+", card, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


def test_onnx_computes_what_torch_does_on_the_validation_blocks(folder, tiny, tmp_path):
    import onnxruntime

    x = luma(tiny, "stage2")
    steps = []
    exported = export_run(folder, tmp_path / "out", onnx=True, progress=steps.append)
    assert exported.onnx_check.blocks == len(x) and exported.onnx_check.difference < 1e-4 and steps
    session = onnxruntime.InferenceSession(tmp_path / "out" / "model.onnx")
    assert session.get_modelmeta().custom_metadata_map["classes"] == "SPLIT,RECT,AB"
    (logits,) = session.run(["logits"], {"luma": x.numpy()})
    with torch.no_grad():
        assert torch.allclose(torch.from_numpy(logits), load_best(folder)(x), atol=1e-4)
    assert "model.onnx" in (tmp_path / "out" / "README.md").read_text()


def test_onnx_needs_the_dataset_that_the_run_was_trained_on(folder, tmp_path):
    other = make_dataset(tmp_path / "other", seed=1).path
    spec = json.loads(folder.spec_file.read_text())
    for dataset, error in ((str(other), RunError), (str(tmp_path / "gone"), DatasetError)):
        folder.spec_file.write_text(json.dumps(spec | {"dataset": dataset}))
        with pytest.raises(error, match=r"fingerprints differ|gone"):
            export_run(folder, tmp_path / "out", onnx=True)
        assert {path.name for path in tmp_path.iterdir()} == {"runs", "other"}
    export_run(folder, tmp_path / "out")


def test_a_folder_in_use_is_left_as_it_is(folder, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").touch()
    with pytest.raises(DatasetError, match="out already exists"):
        export_run(folder, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda folder: folder.write_status(replace(folder.status(), state="running", heartbeat=time.time())),
            "is running; wait",
        ),
        (lambda folder: folder.best_file.unlink(), "has no weights"),
        (lambda folder: folder.best_file.write_bytes(b"x" * 99), r"best\.safetensors: the weights cannot be read"),
        (lambda folder: folder.history_file.write_text(""), r"history\.jsonl lacks epoch"),
        (lambda folder: folder.backbone_file.unlink(), r"backbone\.safetensors"),
    ],
)
def test_a_run_that_cannot_be_exported_says_why_and_nothing_is_written(folder, tmp_path, spoil, message):
    spoil(folder)
    with pytest.raises(RunError, match=message):
        export_run(folder, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_other_weights_are_refused_by_name(folder, tmp_path):
    export_run(folder, tmp_path / "out")
    shutil.copy(folder.best_file, tmp_path / "out" / "model.safetensors")
    with pytest.raises(RunError, match=r"model\.safetensors: not a model that `export` wrote"):
        load_exported(tmp_path / "out")
    with pytest.raises(RunError, match=r"nowhere.model\.safetensors"):
        load_exported(tmp_path / "nowhere")
