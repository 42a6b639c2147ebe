"""The demo runs are trained whole, small, and once; the same call goes on with what is missing."""

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from av1core.analysis.predictions import load_predictions
from av1core.dataset.blocks import gather_pixels
from av1core.dataset.folder import Dataset
from av1core.errors import RunError
from av1core.models.inference import class_probabilities
from av1core.partition import STAGES
from av1core.runs.checkpoint import load_best
from av1core.runs.demo import DEMO
from av1core.runs.demo_training import EXPERIMENTS, PINNED, STAGE1, train_demo
from av1core.runs.folder import RunFolder
from av1core.storage import file_sha256
from tests.synthetic import stage1_values

KEPT = {f"{name}.json" for name in ("annotations", "provenance", "spec", "status")} | {
    "history.jsonl", "log.txt", "predictions.parquet",
}  # fmt: skip


@pytest.fixture(scope="module")
def changes(tiny) -> dict:
    values = stage1_values(tiny)
    return {"backbone.name": values["backbone"]["name"], **{key: values[key] for key in ("dataset", "batch_size")}} | {
        "epochs": 1, "epoch_blocks": 32,
    }  # fmt: skip


@pytest.fixture(scope="module")
def demo(changes, tmp_path_factory):
    out = tmp_path_factory.mktemp("demo")
    return out, train_demo(out, "cpu", changes, (0, 1))


def test_every_experiment_has_its_seeds_and_one_run_with_weights(demo):
    _, folders = demo
    assert len(folders) == len(STAGE1) + 2 * len(EXPERIMENTS)
    assert {folder.status().state for folder in folders} == {"finished"}
    assert all(folder.annotations().tags == (DEMO,) for folder in folders)
    pinned = [folder.spec() for folder in folders if folder.annotations().baseline]
    assert {spec.stage: (spec.name, spec.seed) for spec in pinned} == {
        stage: (name, 0) for stage, name in zip(STAGES, PINNED, strict=True)
    }
    seeds = Counter((folder.spec().experiment, folder.best_file.exists()) for folder in folders[len(STAGE1) :])
    assert set(seeds.values()) == {1} and len(seeds) == 2 * len(EXPERIMENTS)
    for folder in folders:
        weights = {"best.safetensors"} if folder.spec().seed == 0 else set()
        assert {file.name for file in folder.path.iterdir()} == KEPT | weights


def test_the_shipped_weights_give_the_shipped_predictions(demo, tiny):
    dataset = Dataset.open(tiny)
    for folder in demo[1]:
        if folder.best_file.exists():
            stored = load_predictions(folder, dataset)
            pixels, qindex = gather_pixels(dataset, stored.block), dataset.blocks.qindex[stored.block]
            found = class_probabilities(load_best(folder), pixels, qindex)
            np.testing.assert_allclose(found, stored.probabilities, atol=1e-4)


def test_a_later_stage_rests_on_the_very_backbone_that_is_shipped(demo):
    out, folders = demo
    for folder in folders[len(STAGE1) :]:
        stage1 = RunFolder(out / folder.spec().stage1_run)
        assert folder.provenance().stage1_weights_sha256 == file_sha256(stage1.best_file)


def test_a_backbone_that_is_another_by_now_is_refused(demo, tmp_path):
    out, folders = demo
    folder = next(folder for folder in folders[len(STAGE1) :] if folder.best_file.exists())
    for run in (folder.id, folder.spec().stage1_run):
        shutil.copytree(out / run, tmp_path / run)
    copy = RunFolder(tmp_path / folder.id)
    assert load_best(copy)
    other = next(of for of in folders[: len(STAGE1)] if of.id != folder.spec().stage1_run)
    shutil.copy(other.best_file, tmp_path / folder.spec().stage1_run / "best.safetensors")
    with pytest.raises(RunError, match="gone or another"):
        load_best(copy)


def test_what_is_there_is_not_trained_again_and_what_was_stopped_goes_on(demo, changes, tmp_path):
    out = shutil.copytree(demo[0], tmp_path / "demo")
    stopped, gone = (RunFolder(out / folder.id) for folder in demo[1][-2:])
    stopped.write_status(replace(stopped.status(), state="interrupted", epoch=0))
    moved(demo[1][-3], out).last_file.touch()  # as of a process that was stopped before it made the run small
    gone.remove()
    before = {folder.id: folder.path.joinpath("history.jsonl").read_bytes() for folder in demo[1]}
    ended = []
    again = train_demo(out, "cpu", changes, (0, 1), lambda folder, status: ended.append((folder.id, status.state)))
    assert [folder.spec().hash for folder in again] == [folder.spec().hash for folder in demo[1]]
    assert sorted(ended) == sorted([(stopped.id, "finished"), (again[-1].id, "finished")])
    assert epochs(stopped) == epochs(demo[1][-2]) and epochs(again[-1]) == epochs(demo[1][-1])
    assert not moved(demo[1][-3], out).last_file.exists()
    untouched = [folder for folder in again if folder.id not in dict(ended)]
    assert all(folder.history_file.read_bytes() == before[folder.id] for folder in untouched)


def moved(folder: RunFolder, out: Path) -> RunFolder:
    return RunFolder(out / folder.id)


def epochs(folder: RunFolder) -> list[dict]:
    """What a history says but for times."""
    timed = ("seconds", "samples_per_second")
    return [{name: value for name, value in record.items() if name not in timed} for record in folder.history()]
