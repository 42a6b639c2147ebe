"""Trains the runs of folders from their specs, storing every epoch, and turns whatever goes wrong into its status."""

import logging
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from threading import Thread

import numpy as np
import torch

from av1core.dataset.blocks import stage_blocks, stage_rows
from av1core.dataset.folder import Dataset
from av1core.dataset.record import Split
from av1core.dataset.split import resolve_split
from av1core.errors import Cancelled, LabError, RunError, TakenOver
from av1core.hardware import exact_on_cuda
from av1core.models.fast_forms import to_fast
from av1core.partition import MODEL_SIZE, STAGES
from av1core.runs.checkpoint import load_best, load_last, prepare_model, save_best, save_last
from av1core.runs.folder import RunFolder
from av1core.runs.predictions_file import write_predictions
from av1core.runs.provenance import provenance_of, rows_digest
from av1core.runs.records import Status
from av1core.runs.reporter import Reporter, beating
from av1core.training.blocks import BlockTensors, to_device
from av1core.training.evaluation import evaluate
from av1core.training.loop import Outcome, in_groups, train_together
from av1core.training.spec import RunSpec
from av1core.training.trainer import Trainer
from av1core.translation import message

logger = logging.getLogger(__name__)


def execute(folder: RunFolder, device: str = "cpu", threads: int | None = None) -> Status:
    """Train the run to its end, or go on from its last.pt, and return the final status.

    device: a torch device. threads: of this thread's CPU operations; None leaves torch's choice. Never raises for what
    happens to the run: it ends as `failed` with a reason, or `cancelled`. KeyboardInterrupt passes, with the run
    `interrupted`.
    """
    return execute_together([folder], device, threads)[0]


def execute_together(
    folders: Sequence[RunFolder],
    device: str = "cpu",
    threads: int | None = None,
    stopping: Callable[[], bool] = lambda: False,
) -> list[Status]:
    """As `execute`, for several runs of one `grouping.together_key`: side by side in one step where their models allow.

    Each run has the history that it would have alone, and ends by itself: a run that is cancelled or fails leaves the
    others to go on. stopping: asked before every batch; when it says so, all end as `interrupted`. The statuses tell
    how the runs ended, also where that could not be written to their folders.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    if torch.device(device).type == "cuda":
        exact_on_cuda()
    runs = [_Run(folder, stopping) for folder in folders]
    try:
        with beating([run.reporter for run in runs]):
            _train(runs, torch.device(device))
    except KeyboardInterrupt:
        for run in runs:
            if run.lives:
                with suppress(OSError, LabError):
                    run.reporter.end("interrupted", "Stopped from the keyboard. It can be resumed.")
        raise
    return [run.reporter.status for run in runs]


@dataclass(frozen=True, eq=False)
class _Data:
    """What runs of one dataset, split and stage have in common."""

    dataset: Dataset
    split: Split
    train: BlockTensors
    val: BlockTensors
    val_rows: np.ndarray


_DataByKey = dict[tuple[str, ...], _Data]


class _Run:
    """One run while it is executed: its folder, its reporter, and its trainer once it has one."""

    def __init__(self, folder: RunFolder, stopping: Callable[[], bool]):
        self.folder, self.reporter, self.stopping = folder, Reporter(folder), stopping
        self.trainer: Trainer | None = None

    @property
    def lives(self) -> bool:
        return self.reporter.lives

    def stopped(self) -> bool:
        """Whether the run shall end now; keeps its heart beating."""
        with self.ends_on_error():
            self.reporter.alive()
        # A run whose files could not be written has ended, and leaves its group.
        return not self.lives or self.stopping() or self.folder.stop_requested() is not None

    @contextmanager
    def ends_on_error(self) -> Iterator[None]:
        """Turn whatever goes wrong inside into the run's status."""
        try:
            yield
        except Exception as error:
            self.end_with(error)

    def end_with(self, error: Exception) -> None:
        """End the run, with its reason, also where its folder cannot be written any more or is gone."""
        try:
            self._end_with(error)
        except TakenOver as taken:
            self.reporter.status = replace(self.reporter.status, state="interrupted", message=str(taken))
        except (LabError, OSError):
            self.reporter.status = replace(self.reporter.status, state="failed", message=str(error), ended=time.time())
            logger.exception("the end of run %s could not be stored", self.folder.id)

    def _end_with(self, error: Exception) -> None:
        if isinstance(error, TakenOver):
            raise error
        if isinstance(error, Cancelled):
            state = self.folder.stop_requested() or "interrupted"
            self.reporter.end(state, _STOPPED[state])
        elif isinstance(error, LabError):
            self.reporter.end("failed", str(error))
        else:
            self.folder.log("".join(traceback.format_exception(error)))
            reason = f"{type(error).__name__}: {error}"
            if _out_of_memory(error):
                lower = f"lower batch_size (it is {self.folder.spec().batch_size})"
                reason = f"out of memory: {lower} and start the run again"
            self.reporter.end("failed", f"{reason}. {self.folder.log_file} has the details.")


_STOPPED = {
    "cancelled": "Cancelled.",
    "paused": "Paused. It can be resumed.",
    "interrupted": "Stopped with the process that trained it. It can be resumed.",
}


def _out_of_memory(error: Exception) -> bool:
    # torch's allocator on the CPU raises a plain RuntimeError.
    known = isinstance(error, torch.OutOfMemoryError | MemoryError)
    return known or (isinstance(error, RuntimeError) and "can't allocate memory" in str(error))


def _train(runs: list[_Run], device: torch.device) -> None:
    data: _DataByKey = {}
    for run in runs:
        with run.ends_on_error():
            _prepare(run, data, device)
    ready = {run.trainer: run for run in runs if run.lives}
    threads = torch.get_num_threads() if device.type == "cpu" else 1
    groups = in_groups(list(ready), threads)
    if len(groups) <= 1:
        for group in groups:
            _train_group(group, ready, data, device)
        return

    def train(groups: list[list[Trainer]]) -> None:
        torch.set_num_threads(1)
        for group in groups:
            _train_group(group, ready, data, device)

    # A thread a group: the many small operations of a step gain little from threads of their own. They are daemons, so
    # that a process that is stopped need not wait for them.
    workers = [Thread(target=train, args=(groups[place::threads],), daemon=True) for place in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def _train_group(group: list[Trainer], ready: Mapping[Trainer, _Run], data: _DataByKey, device: torch.device) -> None:
    try:
        for trainer, outcome in train_together(group):
            run = ready[trainer]
            if run.lives:
                with run.ends_on_error():
                    _take_in(run, outcome, data)
                    if trainer.done:
                        _finish(run, device)
    except Exception as error:
        # What goes wrong in a shared step is every run's that was in it.
        for trainer in group:
            if ready[trainer].lives:
                ready[trainer].end_with(error)
    for trainer in group:
        if trainer.done:
            with ready[trainer].ends_on_error():
                _finish(ready[trainer], device)


def _prepare(run: _Run, data: _DataByKey, device: torch.device) -> None:
    """Give the run its trainer, on blocks that it shares with the runs before it."""
    folder, reporter = run.folder, run.reporter
    if run.stopped():
        raise Cancelled(message("The run was stopped."))
    spec = folder.spec()
    stage = STAGES[spec.stage]
    folder.log(f"training {spec.name} (seed {spec.seed}) on {device}")
    key = _data_key(spec)
    dataset = data[key].dataset if key in data else Dataset.open(spec.dataset)
    split = data[key].split if key in data else resolve_split(dataset, spec.split)
    _check_unchanged(folder, spec, dataset, split)
    if key not in data:
        sides = [stage_blocks(dataset, stage, side, split) for side in ("train", "val")]
        train, val = (to_device(blocks, device) for blocks in sides)
        data[key] = _Data(dataset, split, train, val, sides[1].rows)
    shared = data[key]
    model, backbone_sha256 = prepare_model(folder, spec, device)
    sides = shared.train, shared.val
    grounds = shared.dataset, shared.split, *sides, shared.val_rows
    folder.write_provenance(provenance_of(spec, *grounds, model, backbone_sha256))
    to_fast(model, MODEL_SIZE)

    trainer = Trainer(model, spec, shared.train, shared.val, on_step=reporter.step, cancelled=run.stopped)
    folder.log(f"class weights of the loss: {dict(zip(stage.classes, trainer.loss.weights.tolist(), strict=True))}")
    if folder.last_file.exists():
        trainer.load_state_dict(load_last(folder, device))
        folder.log(f"resumed after epoch {trainer.epoch}")
    folder.keep_history(trainer.epoch)
    reporter.update(epoch=trainer.epoch)
    run.trainer = trainer


def _check_unchanged(folder: RunFolder, spec: RunSpec, dataset: Dataset, split: Split) -> None:
    """Raises RunError if a run that goes on began with other blocks."""
    earlier = folder.provenance()
    if earlier is None:
        return
    if earlier.dataset_fingerprint != dataset.fingerprint:
        raise RunError(
            message(
                "{dataset} is not the dataset that this run began with: the fingerprints differ. Put that "
                "dataset back, or start a new run.",
                dataset=spec.dataset,
            )
        )
    # Frames and blocks can be drawn otherwise by the same method; an older record only tells how.
    rows, _ = stage_rows(dataset, STAGES[spec.stage], "val", split)
    same_blocks = earlier.validation in (None, rows_digest(rows))
    if not same_blocks or (earlier.split, earlier.val_sources) != (split.method, split.val):
        raise RunError(
            message(
                "The split of {dataset} is not the one that this run began with. Put that split back, or "
                "start a new run.",
                dataset=spec.dataset,
            )
        )


def _take_in(run: _Run, outcome: Outcome, data: _DataByKey) -> None:
    """Store an epoch, or end the run with its error."""
    if isinstance(outcome, LabError):
        run.end_with(outcome)
        return
    folder, trainer, record = run.folder, run.trainer, outcome
    shared = data[_data_key(trainer.spec)]
    run.reporter.require_own()
    # The resume point comes last: a kill in between repeats this epoch and overwrites what it wrote.
    if trainer.improved:
        save_best(folder, trainer.model, {"epoch": str(record.epoch), "val_f1": repr(record.val_f1)})
        write_predictions(
            folder,
            shared.dataset.fingerprint,
            shared.val_rows,
            shared.val.labels.cpu().numpy(),
            trainer.val_probabilities.float().cpu().numpy(),
        )
    folder.append_history(asdict(record))
    save_last(folder, trainer.state_dict())
    folder.log(f"epoch {record.epoch}: train F1 {record.train_f1:.4f}, val F1 {record.val_f1:.4f}")
    run.reporter.update(
        epoch=record.epoch, step=0, samples_per_second=record.samples_per_second,
        best_epoch=trainer.best_epoch, best_val_f1=trainer.best_f1,
    )  # fmt: skip


def _finish(run: _Run, device: torch.device) -> None:
    """Evaluate the saved weights once more and end the run, if it came to its end."""
    if not run.lives:
        return
    folder, trainer = run.folder, run.trainer
    scores, _ = evaluate(to_fast(load_best(folder, device), MODEL_SIZE), trainer.loss, trainer.val, trainer.dtype)
    folder.log(f"the saved weights, read again: val F1 {scores.f1:.4f}, {scores.f1 - trainer.best_f1:+.1e} of the best")
    run.reporter.end(
        "finished",
        best_epoch=trainer.best_epoch,
        best_val_f1=trainer.best_f1,
        reevaluated_val_f1=scores.f1,
        stopped_early=trainer.epoch < trainer.spec.epochs,
    )


def _data_key(spec: RunSpec) -> tuple[str, ...]:
    return spec.dataset, spec.split, spec.stage
