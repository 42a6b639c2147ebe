"""Trains the run of one folder from its spec, storing every epoch, and turns whatever goes wrong into its status."""

import math
import platform
import subprocess
import time
import traceback
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from torch import Tensor

from av1core.dataset.blocks import StageBlocks, stage_blocks
from av1core.dataset.folder import Dataset
from av1core.dataset.record import Split
from av1core.dataset.split import resolve_split
from av1core.errors import Cancelled, LabError, RunError
from av1core.hardware import cpu_name
from av1core.models.stage import StageModel, to_input
from av1core.partition import STAGES
from av1core.runs.checkpoint import load_best, load_last, prepare_model, save_best, save_last
from av1core.runs.folder import RunFolder
from av1core.runs.records import InputStatistics, Provenance, Status
from av1core.storage import write_bytes_atomically
from av1core.training.spec import RunSpec
from av1core.training.trainer import BlockTensors, Step, Trainer, evaluate

HEARTBEAT_SECONDS = 1.0

_STATISTICS_BLOCKS = 16384
"""Blocks whose statistics are taken at once."""


def execute(folder: RunFolder, device: str = "cpu", threads: int | None = None) -> Status:
    """Train the run to its end, or go on from its last.pt, and return the final status.

    device: a torch device. threads: of this thread's CPU operations; None leaves torch's choice. Never raises for what
    happens to the run: it ends as `failed` with a reason, or `cancelled`. KeyboardInterrupt passes, with the run
    `interrupted`.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    reporter = Reporter(folder)
    try:
        _train(folder, torch.device(device), reporter)
    except Cancelled as error:
        reporter.end("cancelled", str(error))
    except LabError as error:
        reporter.end("failed", str(error))
    except KeyboardInterrupt:
        reporter.end("interrupted", "Stopped from the keyboard. It can be resumed.")
        raise
    except Exception as error:
        folder.log(traceback.format_exc())
        reason = f"{type(error).__name__}: {error}"
        if _out_of_memory(error):
            reason = f"out of memory: lower batch_size (it is {folder.spec().batch_size}) and start the run again"
        reporter.end("failed", f"{reason}. {folder.log_file} has the details.")
    return folder.status()


def _out_of_memory(error: Exception) -> bool:
    # torch's allocator on the CPU raises a plain RuntimeError.
    known = isinstance(error, torch.OutOfMemoryError | MemoryError)
    return known or (isinstance(error, RuntimeError) and "can't allocate memory" in str(error))


class Reporter:
    """Keeps a run's status.json up to date, at most once a second between epochs."""

    def __init__(self, folder: RunFolder):
        self.folder = folder
        now = time.time()
        queued = folder.status()
        self.status = Status(
            state="running",
            created=queued.created,
            heartbeat=now,
            started=now,
            epochs=queued.epochs,
            epoch=queued.epoch,
        )
        self._write()

    def step(self, step: Step) -> None:
        """Note where the run is; the next `alive` stores it."""
        self.status = replace(self.status, step=step.step, steps=step.steps, samples_per_second=step.samples_per_second)

    def alive(self) -> None:
        """Store the status if the last time is a second ago; asked before every batch."""
        if time.time() - self.status.heartbeat >= HEARTBEAT_SECONDS:
            self.update()

    def update(self, **changes) -> None:
        self.status = replace(self.status, heartbeat=time.time(), **changes)
        self._write()

    def end(self, state: str, message: str = "", **changes) -> None:
        self.folder.log(f"{state}: {message}" if message else state)
        self.update(state=state, message=message, ended=time.time(), **changes)

    def _write(self) -> None:
        self.folder.write_status(self.status)


def _train(folder: RunFolder, device: torch.device, reporter: Reporter) -> None:
    if folder.cancel_requested():
        raise Cancelled("The run was cancelled.")
    spec = folder.spec()
    stage = STAGES[spec.stage]
    folder.log(f"training {spec.name} (seed {spec.seed}) on {device}")
    dataset = Dataset.open(spec.dataset)
    earlier = folder.provenance()
    if earlier is not None and earlier.dataset_fingerprint != dataset.fingerprint:
        raise RunError(
            f"{spec.dataset} is not the dataset that this run began with: the fingerprints differ. "
            "Put that dataset back, or start a new run."
        )
    split = resolve_split(dataset, spec.split)
    if earlier is not None and (earlier.split, earlier.val_sources) != (split.method, split.val):
        raise RunError(
            f"The split of {spec.dataset} is not the one that this run began with. Put that split back, or start a new "
            "run."
        )
    sides = {side: stage_blocks(dataset, stage, side, split) for side in ("train", "val")}
    model, backbone_sha256 = prepare_model(folder, spec, device)
    train, val = (to_device(blocks, device) for blocks in sides.values())
    inputs = input_statistics(train.pixels)
    folder.write_provenance(_provenance(spec, dataset, split, sides, model, backbone_sha256, inputs, device))

    def cancelled() -> bool:
        reporter.alive()
        return folder.cancel_requested()

    trainer = Trainer(model, spec, train, val, on_step=reporter.step, cancelled=cancelled)
    folder.log(f"class weights of the loss: {dict(zip(stage.classes, trainer.loss.weights.tolist(), strict=True))}")
    if folder.last_file.exists():
        trainer.load_state_dict(load_last(folder, device))
        folder.log(f"resumed after epoch {trainer.epoch}")
    folder.keep_history(trainer.epoch)
    reporter.update(epoch=trainer.epoch)

    for record in trainer.epochs():
        # The resume point comes last: a kill in between repeats this epoch and overwrites what it wrote.
        if trainer.improved:
            save_best(folder, model, {"epoch": str(record.epoch), "val_f1": repr(record.val_f1)})
            _write_predictions(folder, dataset, sides["val"], trainer.val_probabilities)
        folder.append_history(asdict(record))
        save_last(folder, trainer.state_dict())
        folder.log(f"epoch {record.epoch}: train F1 {record.train_f1:.4f}, val F1 {record.val_f1:.4f}")
        reporter.update(
            epoch=record.epoch, step=0, samples_per_second=record.samples_per_second,
            best_epoch=trainer.best_epoch, best_val_f1=trainer.best_f1,
        )  # fmt: skip

    scores, _ = evaluate(load_best(folder, device), trainer.loss, val, cancelled)
    folder.log(f"the saved weights, read again: val F1 {scores.f1:.4f}, {scores.f1 - trainer.best_f1:+.1e} of the best")
    reporter.end(
        "finished",
        best_epoch=trainer.best_epoch,
        best_val_f1=trainer.best_f1,
        reevaluated_val_f1=scores.f1,
        stopped_early=trainer.epoch < spec.epochs,
    )


def to_device(blocks: StageBlocks, device: torch.device) -> BlockTensors:
    """Pixels as int16, which every device can index, with labels and qindex."""
    arrays = (blocks.pixels.astype(np.int16), blocks.labels, blocks.qindex)
    return BlockTensors(*(torch.from_numpy(array).to(device) for array in arrays))


def input_statistics(pixels: Tensor) -> InputStatistics:
    """Of pixels int16 (N, S, S) in 0–1023 as the network sees them; sums in float64, a part of the blocks at a time."""
    parts = (to_input(part).double() for part in pixels.split(_STATISTICS_BLOCKS))
    of_parts = [torch.stack([x.min(), x.max(), x.sum(), x.square().sum()]) for x in parts]
    lows, highs, sums, squares = torch.stack(of_parts).cpu().unbind(1)
    mean = float(sums.sum()) / pixels.numel()
    variance = float(squares.sum()) / pixels.numel() - mean**2
    return InputStatistics(float(lows.min()), float(highs.max()), mean, math.sqrt(max(variance, 0)))


def _write_predictions(folder: RunFolder, dataset: Dataset, blocks: StageBlocks, probabilities: Tensor) -> None:
    flat = pa.array(probabilities.float().cpu().numpy().reshape(-1))
    table = pa.table(
        {
            "block": pa.array(blocks.rows),
            "label": pa.array(blocks.labels.astype(np.int8)),
            "probabilities": pa.FixedSizeListArray.from_arrays(flat, probabilities.shape[1]),
        }
    ).replace_schema_metadata({"dataset_fingerprint": dataset.fingerprint})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    write_bytes_atomically(folder.predictions_file, sink.getvalue().to_pybytes())


def _provenance(
    spec: RunSpec,
    dataset: Dataset,
    split: Split,
    sides: dict[str, StageBlocks],
    model: StageModel,
    backbone_sha256: str | None,
    inputs: InputStatistics,
    device: torch.device,
) -> Provenance:
    packages = ("torch", "timm", "numpy")
    trainable = [p for group in model.trainable().values() for p in group]
    return Provenance(
        dataset_name=dataset.name,
        dataset_fingerprint=dataset.fingerprint,
        split=split.method,
        val_sources=split.val,
        train_blocks=len(sides["train"].labels),
        val_blocks=len(sides["val"].labels),
        stage1_weights_sha256=backbone_sha256,
        total_parameters=sum(p.numel() for p in model.parameters()),
        trainable_parameters=sum(p.numel() for p in trainable),
        device=torch.cuda.get_device_name(device) if device.type == "cuda" else cpu_name(),
        threads=torch.get_num_threads(),
        versions={"python": platform.python_version()} | {name: version(name) for name in packages},
        git_commit=_git_commit(),
        spec_hash=spec.hash,
        inputs=inputs,
    )


def _git_commit() -> str | None:
    command = ["git", "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None
