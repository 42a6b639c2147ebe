"""Trains one stage model, an epoch at a time, so that whoever drives it can store each epoch and stop in between."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn

from av1core.errors import Cancelled, RunError
from av1core.models.stage import StageModel, to_input
from av1core.partition import STAGES
from av1core.training.augment import Augmenter
from av1core.training.losses import class_balanced_weights, make_loss
from av1core.training.metrics import ScoreKeeper, Scores, expected_calibration_error
from av1core.training.record import EpochRecord
from av1core.training.sampling import Sampler
from av1core.training.schedule import Schedule
from av1core.training.spec import RunSpec

EVALUATION_BATCH = 512


@dataclass(frozen=True)
class BlockTensors:
    """N blocks on the training device: pixels int16 (N, S, S) in 0–1023, labels int64 (N,), qindex int16 (N,)."""

    pixels: Tensor
    labels: Tensor
    qindex: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, chosen: Tensor | slice) -> "BlockTensors":
        """The blocks of those indices."""
        return BlockTensors(self.pixels[chosen], self.labels[chosen], self.qindex[chosen])


@dataclass(frozen=True)
class Step:
    """Where a run is: step of steps within an epoch. `samples_per_second` is of this epoch so far."""

    epoch: int
    step: int
    steps: int
    samples_per_second: float


class Trainer:
    """Drives a model over resident blocks. The same spec, data and device give the same records.

    Attributes after each epoch: `improved` (this epoch is the best so far), `best_epoch` (1-based), `best_f1`,
    `val_probabilities` (N_val, C) of this epoch, `stopped_early`.
    """

    def __init__(
        self,
        model: StageModel,
        spec: RunSpec,
        train: BlockTensors,
        val: BlockTensors,
        *,
        on_step: Callable[[Step], None] = lambda step: None,
        cancelled: Callable[[], bool] = lambda: False,
    ):
        """model: built for the spec and initialised, on the blocks' device.

        on_step: called after each batch. cancelled: asked before each batch.
        """
        self.model, self.spec, self.train, self.val = model, spec, train, val
        self.on_step, self.cancelled = on_step, cancelled
        self.device = train.labels.device
        self.classes = model.head.out_features
        self.sampler = Sampler(train.labels, self.classes, spec.sampling)
        weights = class_balanced_weights(self.sampler.counts, spec.loss.beta).to(self.device)
        self.loss = make_loss(weights=weights, **spec.loss.model_dump(exclude={"beta"}))
        self.augment = Augmenter(spec.augmentation, STAGES[spec.stage], self.device)

        rates = {
            "backbone": spec.optimiser.backbone_lr,
            "adapter": spec.optimiser.adapter_lr,
            "head": spec.optimiser.head_lr,
        }
        groups = [{"params": params, "lr": rates[name], "name": name} for name, params in model.trainable().items()]
        self.optimiser = torch.optim.AdamW(groups, weight_decay=spec.optimiser.weight_decay, fused=True)
        rule = spec.schedule.model_dump(exclude={"early_stopping"})
        self.schedule = Schedule(self.optimiser, epochs=spec.epochs, **rule)
        self.generator = torch.Generator(self.device).manual_seed(spec.seed)
        chosen = torch.randperm(len(train), device=self.device, generator=self.generator)[: len(val)]
        self.clean = train[chosen]

        self.epoch = 0
        self.best_epoch = 0
        self.best_f1 = -1.0
        self.improved = False
        self.val_probabilities = torch.empty(0)

    @property
    def stopped_early(self) -> bool:
        """Whether validation F1 has not risen for the spec's number of epochs."""
        return self.epoch - self.best_epoch >= self.spec.schedule.early_stopping

    def epochs(self) -> Iterator[EpochRecord]:
        """Train on to the last epoch or to early stopping, yielding after each epoch.

        Raises Cancelled within a batch of being asked, and RunError when the loss is no longer finite.
        """
        while self.epoch < self.spec.epochs and not (self.epoch and self.stopped_early):
            yield self._epoch()

    def _epoch(self) -> EpochRecord:
        started = perf_counter()
        number = self.epoch + 1
        rates = {group["name"]: group["lr"] for group in self.optimiser.param_groups}
        running, samples_per_second = self._train(number)
        _check_finite("training", running, number)
        clean, _ = evaluate(self.model, self.loss, self.clean, self.cancelled)
        val, self.val_probabilities = evaluate(self.model, self.loss, self.val, self.cancelled)
        _check_finite("validation", val, number)
        self.epoch = number
        self.schedule.step(val.f1)
        self.improved = val.f1 > self.best_f1
        if self.improved:
            self.best_f1, self.best_epoch = val.f1, number
        return EpochRecord(
            epoch=number,
            train_loss=running.loss,
            train_f1=running.f1,
            train_accuracy=running.accuracy,
            train_f1_per_class=running.f1_per_class,
            train_loss_clean=clean.loss,
            train_f1_clean=clean.f1,
            train_accuracy_clean=clean.accuracy,
            train_f1_per_class_clean=clean.f1_per_class,
            val_loss=val.loss,
            val_f1=val.f1,
            val_accuracy=val.accuracy,
            val_f1_per_class=val.f1_per_class,
            val_precision_per_class=val.precision_per_class,
            val_recall_per_class=val.recall_per_class,
            val_confusion=val.confusion,
            val_ece=expected_calibration_error(self.val_probabilities, self.val.labels),
            learning_rates=rates,
            seconds=perf_counter() - started,
            samples_per_second=samples_per_second,
        )

    def _train(self, number: int) -> tuple[Scores, float]:
        batch = min(self.spec.batch_size, self.spec.epoch_blocks or len(self.train))
        # Whole batches only: a last batch of one block would break BatchNorm.
        steps = (self.spec.epoch_blocks or len(self.train)) // batch
        indices = self.sampler.epoch(steps * batch, self.generator).view(steps, batch)
        keeper = ScoreKeeper(self.classes, self.device)
        self.model.train()
        self.loss.train()
        started = perf_counter()
        rate = 0.0
        for step, chosen in enumerate(indices, 1):
            if self.cancelled():
                raise Cancelled("The run was cancelled.")
            blocks = self.train[chosen]
            augmented = self.augment(blocks.pixels, blocks.labels, self.generator)
            # A mixed block keeps its own qindex: qindexes have no mean that an encoder would have used.
            logits = self.model(augmented.inputs, blocks.qindex)
            loss = augmented.loss(self.loss, logits).mean()
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            self.optimiser.step()
            keeper.add(logits, augmented.dominant, loss)
            rate = step * batch / (perf_counter() - started)
            self.on_step(Step(number, step, steps, rate))
        return keeper.scores(), rate

    def state_dict(self) -> dict[str, Any]:
        """Everything that `load_state_dict` needs to go on as if nothing had happened, but for frozen weights."""
        return {
            "model": self.model.own_state(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "generator": self.generator.get_state(),
            "dropout_generator": self.model.dropout.generator.get_state(),
            "epoch": self.epoch,
            "best_epoch": self.best_epoch,
            "best_f1": self.best_f1,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict` of a trainer of the same spec, data and frozen weights."""
        self.model.load_state_dict(self.model.state_dict() | state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        self.generator.set_state(state["generator"].cpu())
        self.model.dropout.generator.set_state(state["dropout_generator"].cpu())
        self.epoch, self.best_epoch, self.best_f1 = state["epoch"], state["best_epoch"], state["best_f1"]


@torch.no_grad()
def evaluate(
    model: StageModel, loss: nn.Module, blocks: BlockTensors, cancelled: Callable[[], bool] = lambda: False
) -> tuple[Scores, Tensor]:
    """Scores on the blocks as they are, and the probabilities (N, C) float32 on the blocks' device.

    Model and loss are put into eval mode and stay in it.
    """
    model.eval()
    loss.eval()
    keeper = ScoreKeeper(model.head.out_features, blocks.labels.device)
    probabilities = []
    for first in range(0, len(blocks), EVALUATION_BATCH):
        if cancelled():
            raise Cancelled("The run was cancelled.")
        part = blocks[first : first + EVALUATION_BATCH]
        logits = model(to_input(part.pixels), part.qindex)
        keeper.add(logits, part.labels, loss(logits, part.labels).mean())
        probabilities.append(logits.softmax(1))
    return keeper.scores(), torch.cat(probabilities)


def _check_finite(what: str, scores: Scores, epoch: int) -> None:
    if not math.isfinite(scores.loss):
        raise RunError(
            f"The {what} loss became {scores.loss} in epoch {epoch}. "
            "Lower the learning rates (optimiser.*_lr) and start again."
        )
