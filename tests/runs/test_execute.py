import json
import re
import shutil
from dataclasses import fields, replace
from threading import current_thread

import numpy as np
import pytest
import torch

from av1core.analysis.predictions import load_predictions
from av1core.dataset.blocks import stage_blocks
from av1core.dataset.folder import Dataset
from av1core.dataset.record import Split
from av1core.dataset.split import list_split, resolve_split, write_split
from av1core.models.stage import to_input
from av1core.partition import STAGES
from av1core.runs.checkpoint import load_best, load_weights
from av1core.runs.execute import execute, execute_together
from av1core.runs.folder import RunFolder
from av1core.training.augment import Batch
from av1core.training.record import EpochRecord
from av1core.training.spec import parse_spec
from av1core.training.trainer import Trainer
from tests.synthetic import make_dataset, stage2_values

NAMES = [f"picture-{place}" for place in range(4)]
"""The pictures of the tiny dataset."""
TIMINGS = ("seconds", "samples_per_second")


def untimed(folder: RunFolder) -> list[dict]:
    return [{k: v for k, v in record.items() if k not in TIMINGS} for record in folder.history()]


def test_exact_contents_of_a_finished_run(trained):
    everything = ["best.safetensors", "history.jsonl", "last.pt", "log.txt", "predictions.parquet", "provenance.json"]
    everything += ["spec.json", "status.json"]
    for run, more in ((trained.stage1, []), (trained.stage2, ["backbone.safetensors"])):
        folder = RunFolder(trained.runs_dir / run)
        assert sorted(path.name for path in folder.path.iterdir()) == sorted(everything + more)
        records = list(folder.history())
        assert [record["epoch"] for record in records] == [1, 2]
        assert set(records[0]) == {field.name for field in fields(EpochRecord)}


def test_the_saved_weights_give_the_logged_f1(trained):
    for run in (trained.stage1, trained.stage2):
        folder = RunFolder(trained.runs_dir / run)
        status = folder.status()
        best = max(folder.history(), key=lambda record: record["val_f1"])
        assert status.best_epoch == best["epoch"]
        assert status.reevaluated_val_f1 == status.best_val_f1 == best["val_f1"]


@pytest.mark.parametrize("method", ["dataset", "block"])
def test_a_run_records_the_split_that_it_used(tiny, tmp_path, spec_values, method):
    folder = RunFolder.create(tmp_path, parse_spec(spec_values | {"split": method, "epochs": 1}))
    assert execute(folder).state == "finished"
    dataset = Dataset.open(tiny)
    split = resolve_split(dataset, method)
    assert (folder.provenance().split, folder.provenance().val_sources) == (split.method, split.val)
    expected = stage_blocks(dataset, STAGES["stage1"], "val", split).rows
    assert np.array_equal(load_predictions(folder, dataset).block, expected)


@pytest.mark.parametrize(
    "splits",
    [
        (list_split(NAMES, ["picture-3"]), list_split(NAMES, ["picture-0"])),
        (Split("block", (), 0.5, 1, ""), Split("block", (), 0.5, 2, "")),
    ],
)
def test_a_resume_after_another_split_is_refused(tiny, tmp_path, spec_values, splits):
    copy = shutil.copytree(tiny, tmp_path / "copy")
    dataset = write_split(Dataset.open(copy), splits[0])
    folder = RunFolder.create(tmp_path / "runs", parse_spec(spec_values | {"dataset": str(copy), "epochs": 1}))
    execute(folder)
    history = list(folder.history())
    write_split(dataset, splits[1])
    status = execute(folder)
    assert status.state == "failed" and "not the one that this run began with" in status.message
    assert list(folder.history()) == history


def test_predictions_are_those_of_the_best_epoch(trained, tiny):
    dataset = Dataset.open(tiny)
    for run in (trained.stage1, trained.stage2):
        folder = RunFolder(trained.runs_dir / run)
        predictions = load_predictions(folder, dataset)
        blocks = stage_blocks(dataset, STAGES[folder.spec().stage], "val")
        assert np.array_equal(predictions.block, blocks.rows) and np.array_equal(predictions.label, blocks.labels)
        per_class = [
            2 * ((predictions.predicted == c) & (blocks.labels == c)).sum()
            / max(1, (predictions.predicted == c).sum() + (blocks.labels == c).sum())
            for c in range(len(predictions.stage.classes))
        ]  # fmt: skip
        assert np.mean(per_class) == pytest.approx(folder.status().best_val_f1)


def test_stage2_keeps_the_backbone_of_stage1_and_outlives_it(trained, tmp_path):
    copy = RunFolder(shutil.copytree(trained.runs_dir / trained.stage2, tmp_path / "alone"))
    model = load_best(copy)
    stage1 = load_weights(trained.runs_dir / trained.stage1 / "best.safetensors")
    for name, parameter in model.named_parameters():
        if name.startswith("backbone."):
            assert torch.equal(parameter, stage1[name])
    own = load_weights(copy.best_file)
    assert not any(name in own for name, parameter in model.named_parameters() if not parameter.requires_grad)


def test_a_cancelled_run_resumes_to_the_same_history(trained, tiny, tmp_path):
    shutil.copytree(trained.runs_dir / trained.stage1, tmp_path / trained.stage1)
    values = stage2_values(tiny, trained.stage1) | {"epochs": 3, "dropout": 0.3, "adapter": {"batchnorm": "train"}}
    whole = RunFolder.create(tmp_path, parse_spec(values))
    assert execute(whole).state == "finished"

    broken = RunFolder.create(tmp_path, parse_spec(values))
    append = broken.append_history
    broken.append_history = lambda record: (append(record), broken.request_stop("cancelled"))
    status = execute(broken)
    assert (status.state, len(list(broken.history()))) == ("cancelled", 1)

    # A kill after the history's line and before the resume point leaves an epoch that must be trained anew.
    append(next(broken.history()) | {"epoch": 2, "val_f1": 0.123})
    broken = RunFolder(broken.path)
    broken.reopen("queued")
    assert execute(broken).state == "finished"
    assert untimed(broken) == untimed(whole)
    assert broken.predictions_file.read_bytes() == whole.predictions_file.read_bytes()
    assert all(
        torch.equal(a, b) for a, b in zip(*(load_weights(f.best_file).values() for f in (broken, whole)), strict=True)
    )


def test_a_resume_on_changed_data_is_refused(tiny, spec_values, tmp_path):
    data = shutil.copytree(tiny, tmp_path / "data")
    folder = RunFolder.create(tmp_path / "runs", parse_spec(spec_values | {"dataset": str(data), "epochs": 1}))
    assert execute(folder).state == "finished"
    folder.write_status(replace(folder.status(), state="failed"))
    history = folder.history_file.read_bytes()
    shutil.rmtree(data)
    make_dataset(data, seed=7)
    folder.reopen("queued")
    status = execute(folder)
    assert status.state == "failed" and "fingerprints differ" in status.message
    assert folder.history_file.read_bytes() == history


def test_a_run_cancelled_in_the_queue_never_trains(tiny, spec_values, tmp_path):
    folder = RunFolder.create(tmp_path, parse_spec(spec_values))
    folder.request_stop("cancelled")
    assert execute(folder).state == "cancelled"
    assert not folder.history_file.exists()


def test_what_goes_wrong_becomes_the_status(tiny, spec_values, tmp_path):
    def ended(values: dict) -> RunFolder:
        folder = RunFolder.create(tmp_path, parse_spec(values))
        assert execute(folder).state == "failed"
        return folder

    missing = ended(spec_values | {"dataset": str(tmp_path / "nowhere")})
    assert "nowhere" in missing.status().message
    no_stage1 = ended(stage2_values(tiny, "") | {"stage1_run": None})
    assert "Stage-1 run" in no_stage1.status().message
    other_model = ended(spec_values | {"backbone": {"name": "no_such_net"}})
    assert "backbone.name" in other_model.status().message


@pytest.mark.parametrize(("side", "stage"), [(3, "stage1"), (1, "stage1"), (2, "stage2"), (2, "stage3_ab")])
def test_data_without_a_side_or_a_class_of_the_stage_fails_and_says_what_to_do(tmp_path, side, stage):
    # A picture alone validates and leaves nothing to train on; small ones have the first types only.
    dataset = make_dataset(tmp_path / "data", sources=1 if side == 3 else 4, side=side)
    values = {"dataset": str(dataset.path), "stage": stage, "stage1_run": None if stage == "stage1" else "any"}
    folder = RunFolder.create(tmp_path, parse_spec(values))
    status = execute(folder)
    assert status.state == "failed"
    assert "The train side of the dataset data lacks" in status.message
    assert STAGES[stage].title in status.message and "build from more pictures" in status.message


def not_a_number(pixels, labels, generator):
    return Batch(to_input(pixels) * torch.nan, labels)


def raising(error):
    def fault(pixels, labels, generator):
        raise error

    return fault


TOO_LARGE = (
    "[enforce fail at alloc_cpu.cpp:127] data. DefaultCPUAllocator: can't allocate memory: you tried to allocate"
)
OUT_OF_MEMORY = r"out of memory: lower batch_size \(it is 32\).*log\.txt"


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (not_a_number, r"training loss became nan in epoch 2.*learning rates"),
        (raising(torch.OutOfMemoryError("CUDA out of memory.")), OUT_OF_MEMORY),
        (raising(RuntimeError(TOO_LARGE)), OUT_OF_MEMORY),
        (raising(MemoryError("Unable to allocate 3 TiB")), OUT_OF_MEMORY),
        (raising(RuntimeError("shapes do not fit")), r"RuntimeError: shapes do not fit.*log\.txt"),
    ],
    ids=["nan", "device memory", "memory of torch", "memory", "anything else"],
)
def test_what_goes_wrong_in_an_epoch_is_told_and_leaves_the_earlier_ones(
    spec_values, tmp_path, monkeypatch, fault, message
):
    draw = Trainer.draw_epoch

    def faulty(self):
        if self.epoch == 1:
            self.augment = fault
        return draw(self)

    monkeypatch.setattr(Trainer, "draw_epoch", faulty)
    folder = RunFolder.create(tmp_path, parse_spec(spec_values | {"epochs": 3}))
    status = execute(folder)
    assert status.state == "failed" and re.search(message, status.message)
    assert [record["epoch"] for record in folder.history()] == [status.epoch] == [1]
    assert folder.best_file.exists() and folder.last_file.exists() and folder.predictions_file.exists()


TOGETHER = [
    {"seed": 0, "epochs": 3},
    {"seed": 1, "loss": {"name": "poly"}, "optimiser": {"adapter_lr": 3e-3, "head_lr": 3e-3}},
    {"seed": 2, "sampling": "natural", "schedule": {"name": "cosine"}, "epochs": 3},
]


@pytest.fixture
def make(trained, tiny, tmp_path):
    """Makes a waiting Stage-2 run of the given values."""
    shutil.copytree(trained.runs_dir / trained.stage1, tmp_path / trained.stage1)
    return lambda values: RunFolder.create(tmp_path, parse_spec(stage2_values(tiny, trained.stage1) | values))


def assert_as_alone(run: RunFolder, make, values: dict) -> None:
    alone = make(values)
    assert execute(alone).state == run.status().state == "finished", run.status().message
    assert untimed(run) == untimed(alone)
    assert run.predictions_file.read_bytes() == alone.predictions_file.read_bytes()
    ours, theirs = load_weights(run.best_file), load_weights(alone.best_file)
    assert ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in theirs)
    status = run.status()
    assert status.reevaluated_val_f1 == status.best_val_f1 == max(record["val_f1"] for record in run.history())


@pytest.fixture
def threads():
    """Sets back how many threads torch uses."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("count", [1, 2])
def test_runs_together_are_what_each_is_alone(make, threads, count):
    runs = [make(values) for values in TOGETHER]
    execute_together(runs, threads=count)
    torch.set_num_threads(1)
    for run, values in zip(runs, TOGETHER, strict=True):
        assert_as_alone(run, make, values)
    assert len({json.dumps(untimed(run)) for run in runs}) == len(runs)


@pytest.mark.parametrize("adapter", [{"scheme": "conv_parallel"}, {"batchnorm": "train"}], ids=str)
def test_runs_that_cannot_stand_side_by_side_train_one_after_another(make, adapter):
    recipes = [{"seed": seed, "epochs": 1, "adapter": adapter} for seed in range(2)]
    runs = [make(values) for values in recipes]
    execute_together(runs)
    for run, values in zip(runs, recipes, strict=True):
        assert_as_alone(run, make, values)


def test_one_of_them_is_cancelled_and_later_goes_on_alone(make):
    runs = [make(values) for values in TOGETHER]
    append = runs[0].append_history
    runs[0].append_history = lambda record: (append(record), runs[0].request_stop("cancelled"))
    states = [status.state for status in execute_together(runs)]
    assert states == ["cancelled", "finished", "finished"] and len(untimed(runs[0])) == 1
    for run, values in zip(runs[1:], TOGETHER[1:], strict=True):
        assert_as_alone(run, make, values)
    again = RunFolder(runs[0].path)
    again.reopen("queued")
    execute(again)
    assert_as_alone(again, make, TOGETHER[0])


def test_one_whose_folder_is_deleted_leaves_the_others_to_go_on(make):
    runs = [make(values) for values in TOGETHER]
    runs[0].append_history = lambda record: shutil.rmtree(runs[0].path)
    states = [status.state for status in execute_together(runs)]
    assert states == ["failed", "finished", "finished"] and not runs[0].path.exists()
    for run, values in zip(runs[1:], TOGETHER[1:], strict=True):
        assert_as_alone(run, make, values)


def no_disk(record: dict) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"stage1_run": "no-such-run"}, "no-such-run"),
        ({"optimiser": {"adapter_lr": 1e30}}, "training loss became nan in epoch 1.*learning rates"),
        ({"seed": 5}, r"No space left on device.*log\.txt"),
    ],
    ids=["no Stage-1 run", "no number", "no disk"],
)
def test_one_that_fails_leaves_the_others_to_go_on(make, values, message):
    runs = [make(recipe) for recipe in (TOGETHER[0], values, TOGETHER[2])]
    if "seed" in values:
        runs[1].append_history = no_disk
    states = [status.state for status in execute_together(runs)]
    assert states == ["finished", "failed", "finished"]
    assert re.search(message, runs[1].status().message) and not untimed(runs[1])
    assert_as_alone(runs[0], make, TOGETHER[0])
    assert_as_alone(runs[2], make, TOGETHER[2])


@pytest.mark.parametrize("place", ["av1core.training.trainer.keep_features", "av1core.models.rows.FrozenRows.run"])
def test_what_goes_wrong_in_a_step_that_they_share_ends_them_all_with_its_reason(make, monkeypatch, place):
    def fault(*inputs) -> None:
        raise MemoryError("Unable to allocate 3 TiB")

    monkeypatch.setattr(place, fault)
    runs = [make(values) for values in TOGETHER]
    for status in execute_together(runs):
        assert status.state == "failed" and re.search(OUT_OF_MEMORY, status.message)
    assert all("MemoryError" in run.log_file.read_text() for run in runs)


def test_no_thread_keeps_a_stopped_process_alive(make, threads, monkeypatch):
    seen = set()
    draw = Trainer.draw_epoch
    monkeypatch.setattr(Trainer, "draw_epoch", lambda self: (seen.add(current_thread()), draw(self))[1])
    runs = [make(values | {"epochs": 1}) for values in TOGETHER]
    assert {status.state for status in execute_together(runs, threads=2)} == {"finished"}
    assert len(seen) == 2 and all(thread.daemon for thread in seen)


def test_a_run_in_bfloat16_finishes_and_says_so(make):
    runs = {precision: make({"precision": precision}) for precision in ("float32", "bfloat16")}
    for run in runs.values():
        assert execute(run).state == "finished", run.status().message
        assert run.status().reevaluated_val_f1 == run.status().best_val_f1
        assert all(np.isfinite(value) for record in run.history() for key, value in record.items() if "loss" in key)
    assert untimed(runs["bfloat16"]) != untimed(runs["float32"])
    assert runs["bfloat16"].spec().precision == "bfloat16"
