"""The training loop: one run of any kind, or several on one frozen backbone side by side in one step.

Runs that are trained together have the records that each would have alone: they share the frozen backbone's work and
nothing else. In float32 that holds to the last bit wherever matrix products do not depend on how many rows they have;
in bfloat16 up to rounding.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import groupby, pairwise
from time import perf_counter

import torch
from torch import Tensor

from av1core.errors import LabError
from av1core.hardware import wait_for
from av1core.models.side_by_side import can_stand_side_by_side, make_network
from av1core.training.augment import Batch
from av1core.training.evaluation import evaluate_runs
from av1core.training.metrics import ScoreKeeper
from av1core.training.record import EpochRecord
from av1core.training.recorded import Recorded
from av1core.training.trainer import Step, Trainer, autocast

Outcome = EpochRecord | LabError

_STEPS_AHEAD = 32
"""Steps that may wait for a GPU: more would let a cancelled run go on for long."""

MOST_ON_CPU = 8
"""Runs side by side on a CPU; more would leave its cache."""


def epochs(trainer: Trainer) -> Iterator[EpochRecord]:
    """Train one run on to its last epoch or to early stopping, yielding after each epoch.

    Raises Cancelled within a batch of being asked, and RunError when the loss is no longer finite.
    """
    for _, outcome in train_together([trainer]):
        if isinstance(outcome, LabError):
            raise outcome
        yield outcome


def train_together(trainers: Sequence[Trainer]) -> Iterator[tuple[Trainer, Outcome]]:
    """Train each run to its end, yielding after each of its epochs; a run that fails or is cancelled yields its error.

    trainers: one, or several on the same blocks whose specs have one `grouping.together_key` and whose models
    `can_stand_side_by_side`, all on the frozen backbone of the first. The others go on when one ends.
    """
    live = sorted((t for t in trainers if not t.done), key=_loss_key)
    kept = None
    for trainer in list(live):
        try:
            kept = trainer.prepare(kept)
        except LabError as error:
            live.remove(trainer)
            yield trainer, error
    while live:
        lesson = _Lesson(live)
        yield from lesson.train()
        live = lesson.trainers
        for trainer, outcome in lesson.end():
            if isinstance(outcome, LabError) or trainer.done:
                live = [other for other in live if other is not trainer]
            yield trainer, outcome


def in_groups(trainers: Sequence[Trainer], threads: int) -> list[list[Trainer]]:
    """Runs of one `grouping.together_key` on the same blocks as groups for `train_together`, one thread each.

    They are given one backbone and one copy of its features. On a CPU a group is small enough for its maps to stay in
    the cache, and there are at least as many as threads; a GPU takes all at once.
    """
    if not trainers:
        return []
    first = trainers[0]
    if len(trainers) == 1 or not can_stand_side_by_side(first.model):
        return [[trainer] for trainer in trainers]
    for trainer in trainers[1:]:
        trainer.model.backbone = first.model.backbone
    most = MOST_ON_CPU if first.device.type == "cpu" else len(trainers)
    count = min(len(trainers), max(threads, -(-len(trainers) // most)))
    kept = None
    for trainer in trainers:
        # What goes wrong here does so again, and is told, when it is the run's turn.
        with suppress(Exception):
            kept = trainer.prepare(kept)
    # Runs of one loss stand together, so that it is computed once.
    order = sorted(trainers, key=_loss_key)
    bounds = [len(order) * place // count for place in range(count + 1)]
    return [order[start:end] for start, end in pairwise(bounds)]


def _loss_key(trainer: Trainer) -> str:
    return trainer.spec.loss.model_dump_json()


class _Lesson:
    """One epoch of some runs."""

    def __init__(self, trainers: list[Trainer]):
        self.trainers = trainers
        self.network = make_network([trainer.model for trainer in trainers], trainers[0].dtype)
        self.indices = torch.stack([trainer.draw_epoch() for trainer in trainers])
        self.keeper = ScoreKeeper(len(trainers), trainers[0].classes, trainers[0].device)
        self._record()
        self.started = perf_counter()
        self.rate = 0.0

    def train(self) -> Iterator[tuple[Trainer, Outcome]]:
        """Every step of the epoch; yields the runs that are cancelled on the way, which the others do without."""
        self.network.train(True)
        for trainer in self.trainers:
            trainer.loss.train()
        started = perf_counter()
        steps = self.indices.shape[1]
        for step in range(steps):
            yield from self._leave_out_cancelled()
            if not self.trainers:
                return
            self.chosen.copy_(self.indices[:, step])
            self.learn()
            if (step + 1) % _STEPS_AHEAD == 0 or step + 1 == steps:
                wait_for(self.trainers[0].device)
            self.rate = (step + 1) * self.indices.shape[2] / (perf_counter() - started)
            for trainer in self.trainers:
                trainer.on_step(Step(trainer.epoch + 1, step + 1, steps, self.rate))

    def _record(self) -> None:
        """Make `learn`, which does one step on the blocks `chosen`."""
        first = self.trainers[0]
        self.chosen = self.indices[:, 0].clone()
        generators = [of for trainer in self.trainers for of in (trainer.generator, trainer.model.dropout.generator)]
        # What makes new luma draws from distributions that a recording does not repeat.
        as_it_is = first.spec.augmentation.makes_new_luma
        self.learn = self._step if as_it_is else Recorded(self._step, generators, first.device)

    def _step(self) -> None:
        batch, qindex = self._batch(self.chosen)
        with autocast(self.trainers[0].dtype, self.trainers[0].device):
            logits = self.network.finish(batch.inputs, qindex)
        losses = _losses(self.trainers, logits.float(), batch)
        self.network.clear_gradients()
        losses.sum().backward()
        self.network.hand_out_gradients()
        for trainer in self.trainers:
            trainer.optimiser.step()
        self.keeper.add(logits, batch.dominant, losses)

    def _batch(self, chosen: Tensor) -> tuple[Batch, Tensor]:
        """Features (S, N, C, H, W), labels (S, N) and qindex (S, N) of the blocks `chosen` (S, N)."""
        first = self.trainers[0]
        qindex, labels = first.train.qindex[chosen], first.train.labels[chosen]
        if first.kept.train is None:
            runs = zip(self.trainers, chosen, labels, strict=True)
            batch = Batch.stacked([t.augment(t.train.pixels[rows], own, t.generator) for t, rows, own in runs])
            with autocast(first.dtype, first.device):
                features = first.model.features(batch.inputs.flatten(0, 1)).unflatten(0, chosen.shape)
            return replace(batch, inputs=features), qindex
        variant: Tensor | int = 0
        if first.augment.mirrors:
            variant = torch.stack([t.augment.draw_variant(chosen.shape[1], t.generator) for t in self.trainers])
            labels = first.augment.mirror_labels(labels, variant)
        return Batch(first.kept.train.gather(chosen, variant), labels), qindex

    def _leave_out_cancelled(self) -> Iterator[tuple[Trainer, LabError]]:
        errors = {}
        for place, trainer in enumerate(self.trainers):
            try:
                trainer.raise_if_cancelled()
            except LabError as error:
                errors[place] = error
        if not errors:
            return
        gone = [(self.trainers[place], error) for place, error in errors.items()]
        places = [place for place in range(len(self.trainers)) if place not in errors]
        self.trainers = [self.trainers[place] for place in places]
        if self.trainers:
            self.indices = self.indices[places]
            self.keeper.keep(places)
            self.network = make_network([trainer.model for trainer in self.trainers], self.trainers[0].dtype)
            self.network.train(True)
            self._record()
        yield from gone

    def end(self) -> Iterator[tuple[Trainer, Outcome]]:
        """Evaluate the runs that are left and close their epoch."""
        trainers = self.trainers
        if not trainers:
            return
        first = trainers[0]
        losses = [trainer.loss for trainer in trainers]
        clean_rows = torch.stack([trainer.clean_rows for trainer in trainers])

        def cancelled() -> None:
            # One run alone stops at once; several finish the epoch that they share.
            if len(trainers) == 1:
                first.raise_if_cancelled()

        try:
            shared = (self.network, losses, first.dtype, cancelled)
            clean, _ = evaluate_runs(*shared, first.train, first.kept.train, clean_rows)
            val, probabilities = evaluate_runs(*shared, first.val, first.kept.val)
        except LabError as error:
            yield first, error
            return
        seconds = perf_counter() - self.started
        results = zip(trainers, self.keeper.scores(), clean, val, probabilities, strict=True)
        for trainer, running, of_clean, of_val, own in results:
            try:
                yield trainer, trainer.end_epoch(running, of_clean, of_val, own, seconds, self.rate)
            except LabError as error:
                yield trainer, error


def _losses(trainers: Sequence[Trainer], logits: Tensor, batch: Batch) -> Tensor:
    """The mean loss of each run, (S,), in train mode."""
    found, start = [], 0
    for _, same in groupby(trainers, key=lambda trainer: trainer.spec.loss):
        group = list(same)
        end = start + len(group)
        values = batch.of_runs(start, end).loss(group[0].loss, logits[start:end].flatten(0, 1))
        found.append(values.view(len(group), -1).mean(1))
        start = end
    return torch.cat(found)
