"""Made-up runs for benchmarks and tests: run folders as training leaves them, but without weights and predictions.

Files are written straight to their place and none is forced to disk, so that a thousand runs take seconds.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from av1core.runs.folder import RunFolder
from av1core.runs.imported import Imported, SourceFile
from av1core.runs.records import UNKNOWN, InputStatistics, Provenance, State, Status
from av1core.training.presets import PRESETS
from av1core.training.record import EpochRecord
from av1core.training.spec import RunSpec, parse_spec

SEEDS = 6
EPOCH_SECONDS = 60.0
FIRST = 1_790_000_000.0
"""When the first run began, in Unix seconds; the others follow an hour apart."""

CEILINGS = {"stage1": 0.79, "stage2": 0.58, "stage3_rect": 0.68, "stage3_ab": 0.45}
CLASS_SHARES = {
    "stage1": (0.55, 0.45),
    "stage2": (0.16, 0.47, 0.37),
    "stage3_rect": (0.5, 0.5),
    "stage3_ab": (0.28, 0.27, 0.23, 0.22),
}
VAL_BLOCKS = 38_256
PROVENANCE = Provenance(
    dataset_name="photos",
    dataset_fingerprint="made up",
    split="source",
    val_sources=("brick", "coffee"),
    train_blocks=4 * VAL_BLOCKS,
    val_blocks=VAL_BLOCKS,
    stage1_weights_sha256=None,
    total_parameters=11_400_000,
    trainable_parameters=166_000,
    device="made up",
    threads=1,
    versions={"python": "3.11.2", "torch": "2.14.1", "timm": "1.0.31", "numpy": "2.4.0"},
    git_commit=None,
    inputs=InputStatistics(0.0, 1.0, 0.45, 0.25),
)


def made_up_runs(runs_dir: Path, runs: int, epochs: int) -> list[str]:
    """Write so many runs of all stages into a folder without them, and give their ids, the oldest first.

    They are every preset, then every preset with another weight decay and so on, SEEDS seeds each. Every 50th is an
    imported run, and every 40th failed, was cancelled or was interrupted halfway.
    """
    written: list[str] = []
    ended: tuple[State, ...] = ("failed", "cancelled", "interrupted")
    for number, spec in zip(range(runs), _specs(), strict=False):
        created = FIRST + 3600 * number
        if number % 50 == 49:
            written.append(made_up_import(runs_dir, spec, epochs, created).id)
            continue
        early = number % 40 == 39
        state, done = (ended[number // 40 % 3], epochs // 2) if early else ("finished", epochs)
        stage1_run = None if spec.stage == "stage1" else written[0]
        spec = spec.model_copy(update={"epochs": epochs, "stage1_run": stage1_run})
        written.append(made_up_run(runs_dir, spec, created, state, done).id)
    return written


def _specs() -> Iterator[RunSpec]:
    variant = 0
    while True:
        for preset in PRESETS.values():
            name = preset.values["name"] + (f", decay {0.01 * (1 + variant):.2f}" if variant else "")
            values = preset.values | {"name": name}
            values["optimiser"] = values.get("optimiser", {}) | {"weight_decay": round(0.01 * (1 + variant), 2)}
            spec = parse_spec(values)
            yield from (spec.model_copy(update={"seed": seed}) for seed in range(SEEDS))
        variant += 1


def made_up_run(
    runs_dir: Path, spec: RunSpec, created: float, state: State = "finished", done: int | None = None
) -> RunFolder:
    """A run that trained `done` epochs, all by default; created: Unix seconds, which name the folder."""
    moment = time.strftime("%Y%m%d-%H%M%S", time.localtime(created))
    folder = RunFolder(Path(runs_dir) / f"{moment}-{spec.stage}-{spec.hash[:6]}")
    folder.path.mkdir(parents=True)
    history = _history(folder, spec.stage, spec.epochs if done is None else done, _seed(spec))
    _write(folder.spec_file, spec.model_dump(mode="json"))
    _write(folder.provenance_file, asdict(replace(PROVENANCE, spec_hash=spec.hash)))
    _write(folder.status_file, asdict(_status(state, created, spec.epochs, history)))
    folder.log_file.write_text("made up\n")
    return folder


def made_up_import(runs_dir: Path, spec: RunSpec, epochs: int, created: float) -> RunFolder:
    """A run of the spec's name and stage that was taken over with its history only."""
    digest = f"{_seed(spec):064x}"
    folder = RunFolder(Path(runs_dir) / f"imported-{spec.stage}-{digest[-12:]}")
    folder.path.mkdir(parents=True)
    known = ("epoch", "train_loss", "train_f1", "train_accuracy", "val_loss", "val_f1", "val_accuracy")
    history = _history(folder, spec.stage, epochs, _seed(spec), known)
    status = _status("finished", created, epochs, history)
    record = Imported(
        name=f"{spec.name}, imported", stage=spec.stage, dataset=UNKNOWN, split=UNKNOWN, best_epoch=status.best_epoch,
        best_val_f1=status.best_val_f1, stopped_early=None, reduction=spec.adapter and spec.adapter.reduction,
        loss_type="cb_focal", total_parameters=None, trainable_parameters=None, weights_parameters=None, percent=(),
        left_out=(), files=(SourceFile("made_up_history.pt", digest, 1),), metrics={},
    )  # fmt: skip
    _write(folder.imported_file, asdict(record))
    _write(folder.status_file, asdict(status))
    return folder


def made_up_epochs(stage: str, epochs: int, seed: int) -> list[EpochRecord]:
    """F1 that rises to a ceiling and jitters; everything else follows from a confusion matrix an epoch."""
    random = np.random.default_rng(seed)
    epoch = np.arange(1, epochs + 1)
    ceiling = CEILINGS[stage] + random.normal(0, 0.01)
    rising = ceiling - 0.25 * np.exp(-epoch / random.uniform(2, 8))
    counts = np.array(CLASS_SHARES[stage]) * VAL_BLOCKS
    scores, losses = {}, {}
    for side, drift in (("train", 0.0004), ("clean", 0.0004), ("val", -0.0001)):
        recall = (rising + drift * epoch)[:, None] + random.normal(0, 0.015, (epochs, len(counts)))
        scores[side] = _scores(_confusions(counts, np.clip(recall, 0.05, 0.95)))
        losses[side] = (0.9 - scores[side]["f1"] + random.normal(0, 0.005, epochs)).tolist()
    scores = {side: {name: values.tolist() for name, values in of.items()} for side, of in scores.items()}
    seconds = (EPOCH_SECONDS * random.uniform(0.9, 1.1, epochs)).tolist()
    train, clean, val = scores["train"], scores["clean"], scores["val"]
    return [
        EpochRecord(
            i + 1,
            losses["train"][i], train["f1"][i], train["accuracy"][i], train["f1_per_class"][i],
            losses["clean"][i], clean["f1"][i], clean["accuracy"][i], clean["f1_per_class"][i],
            losses["val"][i], val["f1"][i], val["accuracy"][i], val["f1_per_class"][i],
            val["precision_per_class"][i], val["recall_per_class"][i], val["confusion"][i], 0.1 * losses["val"][i],
            {"adapter": 1e-3 * 0.5 ** (i // 20), "head": 1e-4 * 0.5 ** (i // 20)},
            seconds[i], 4 * VAL_BLOCKS / seconds[i],
        )
        for i in range(epochs)
    ]  # fmt: skip


def _confusions(counts: np.ndarray, recall: np.ndarray) -> np.ndarray:
    """int (E, C, C): of `counts` blocks (C,), the share `recall` (E, C) on the diagonal, the rest spread evenly."""
    classes = len(counts)
    missed = counts * (1 - recall) / (classes - 1)
    matrices = np.repeat(missed[:, :, None], classes, axis=2)
    matrices[:, range(classes), range(classes)] = counts * recall
    return np.rint(matrices).astype(np.int64)


def _scores(confusions: np.ndarray) -> dict[str, np.ndarray]:
    hits = confusions.diagonal(axis1=1, axis2=2)
    true, predicted = confusions.sum(2), confusions.sum(1)
    f1 = 2 * hits / (true + predicted)
    return {
        "f1": f1.mean(1), "accuracy": hits.sum(1) / true.sum(1), "f1_per_class": f1,
        "precision_per_class": hits / predicted, "recall_per_class": hits / true, "confusion": confusions,
    }  # fmt: skip


def _history(
    folder: RunFolder, stage: str, epochs: int, seed: int, known: tuple[str, ...] | None = None
) -> list[EpochRecord]:
    """Write an epoch a line, only with the fields that are known."""
    history = made_up_epochs(stage, epochs, seed)
    # vars instead of asdict, which would copy every list, and take longer than all the rest.
    lines = (vars(record) if known is None else {name: vars(record)[name] for name in known} for record in history)
    folder.history_file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return history


def _status(state: State, created: float, epochs: int, history: list[EpochRecord]) -> Status:
    best = max(history, key=lambda record: record.val_f1, default=None)
    ended = created + EPOCH_SECONDS * len(history)
    return Status(
        state, created, heartbeat=ended, host="made-up", pid=1, started=created, ended=ended, epoch=len(history),
        epochs=epochs, samples_per_second=history[-1].samples_per_second if history else None,
        message="" if state == "finished" else "Made up to end early.", best_epoch=best and best.epoch,
        best_val_f1=best and best.val_f1,
        reevaluated_val_f1=best.val_f1 if best and state == "finished" else None,
    )  # fmt: skip


def _seed(spec: RunSpec) -> int:
    return int(spec.hash, 16)


def _write(file: Path, value: Any) -> None:
    file.write_text(json.dumps(value, indent=2))
