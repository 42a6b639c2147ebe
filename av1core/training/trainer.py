"""One run while it trains: what it draws, its optimiser and schedule, its best epoch. The loop is `training.loop`."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from av1core.errors import Cancelled, RunError
from av1core.models.stage import StageModel
from av1core.partition import STAGES
from av1core.training.augment import Augmenter
from av1core.training.blocks import BlockTensors, Features, keep_features
from av1core.training.losses import class_balanced_weights, make_loss
from av1core.training.metrics import Scores, expected_calibration_error
from av1core.training.record import EpochRecord
from av1core.training.sampling import Sampler
from av1core.training.schedule import Schedule
from av1core.training.spec import RunSpec
from av1core.translation import message


@dataclass(frozen=True)
class Step:
    """Where a run is: step of steps within an epoch, both counted from 1, as is the epoch.

    samples_per_second: training blocks a second in this epoch so far.
    """

    epoch: int
    step: int
    steps: int
    samples_per_second: float


@dataclass(frozen=True)
class Kept:
    """Features of the training and the validation blocks, if they are kept; runs on one backbone can share them."""

    train: Features | None
    val: Features | None


class Trainer:
    """The state of a run over resident blocks. The same spec, data and device give the same records.

    Attributes after each epoch: `improved` (this epoch is the best so far), `best_epoch` (1-based), `best_f1` (its val
    macro-F1, 0–1), `val_probabilities` float32 (N_val, C) of this epoch, `stopped_early`.
    """

    def __init__(
        self,
        model: StageModel,
        spec: RunSpec,
        train: BlockTensors,
        val: BlockTensors,
        *,
        keep: bool = True,
        on_step: Callable[[Step], None] = lambda step: None,
        cancelled: Callable[[], bool] = lambda: False,
    ):
        """model: built for the spec and initialised, on the blocks' device, in its fast form or the plain one.

        keep: whether features that never change are computed once and kept; the records are the same. on_step: called
        after each batch. cancelled: asked before each batch.
        """
        self.model, self.spec, self.train, self.val = model, spec, train, val
        self.keep, self.on_step, self.cancelled = keep, on_step, cancelled
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
        self.optimiser = torch.optim.AdamW(
            groups, weight_decay=spec.optimiser.weight_decay, fused=True, capturable=self._on_cuda
        )
        rule = spec.schedule.model_dump(exclude={"early_stopping"})
        self.schedule = Schedule(self.optimiser, epochs=spec.epochs, **rule)
        self.generator = torch.Generator(self.device).manual_seed(spec.seed)
        chosen = torch.randperm(len(train), device=self.device, generator=self.generator)
        self.clean_rows = chosen[: len(val)]

        self.kept: Kept | None = None
        self.epoch = 0
        self.best_epoch = 0
        self.best_f1 = -1.0
        self.improved = False
        self.val_probabilities = torch.empty(0)

    @property
    def _on_cuda(self) -> bool:
        return self.device.type == "cuda"

    @property
    def stopped_early(self) -> bool:
        """Whether validation F1 has not risen for the spec's number of epochs."""
        return self.epoch - self.best_epoch >= self.spec.schedule.early_stopping

    @property
    def done(self) -> bool:
        """Whether there is no epoch left to train."""
        return self.epoch >= self.spec.epochs or (self.epoch > 0 and self.stopped_early)

    @property
    def batch_size(self) -> int:
        """Blocks a step."""
        return self.spec.drawn(len(self.train))[1]

    @property
    def dtype(self) -> torch.dtype:
        """Of the large matrix products."""
        return getattr(torch, self.spec.precision)

    def prepare(self, kept: Kept | None = None) -> Kept:
        """Compute the features that are kept, or take those of another run on the same backbone and blocks.

        Raises Cancelled if that is asked for meanwhile.
        """
        if self.kept is None:
            self.kept = kept or self._keep()
        return self.kept

    def _keep(self) -> Kept:
        if not self.keep:
            return Kept(None, None)
        with autocast(self.dtype, self.device):
            train = keep_features(self.model, self.train, self.augment, self.raise_if_cancelled)
            val = keep_features(self.model, self.val, None, self.raise_if_cancelled)
        return Kept(train, val)

    def raise_if_cancelled(self) -> None:
        """Raises Cancelled if the run was asked to end."""
        if self.cancelled():
            raise Cancelled(message("The run was cancelled."))

    def draw_epoch(self) -> Tensor:
        """The training blocks of the next epoch, (steps, batch) int64."""
        steps, batch = self.spec.drawn(len(self.train))
        return self.sampler.epoch(steps * batch, self.generator).view(steps, batch)

    def end_epoch(
        self, running: Scores, clean: Scores, val: Scores, probabilities: Tensor, seconds: float, rate: float
    ) -> EpochRecord:
        """Take in what an epoch gave and set the rates of the next.

        running: while training; clean: on `clean_rows`; probabilities: (N_val, C). seconds: of the epoch; rate: blocks
        a second while training. Raises RunError, and stays as it was, if the training or validation loss is not finite.
        """
        number = self.epoch + 1
        _check_finite("training", running, number)
        _check_finite("validation", val, number)
        rates = {group["name"]: group["lr"] for group in self.optimiser.param_groups}
        self.epoch, self.val_probabilities = number, probabilities
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
            val_ece=expected_calibration_error(probabilities, self.val.labels),
            learning_rates=rates,
            seconds=seconds,
            samples_per_second=rate,
        )

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
        """Go on from `state_dict` of a trainer of the same spec, data, frozen weights and form of the model.

        Raises RunError if the optimiser's state fits other weights.
        """
        self.model.load_state_dict(self.model.state_dict() | state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        for group in self.optimiser.param_groups:
            group["capturable"] = self._on_cuda  # a run may go on elsewhere
        # The optimiser itself would go on with the wrong numbers.
        if any(of["exp_avg"].shape != parameter.shape for parameter, of in self.optimiser.state.items()):
            raise RunError(message("The resume point is of another version of the Lab. Start the run anew."))
        self.schedule.load_state_dict(state["schedule"])
        self.generator.set_state(state["generator"].cpu())
        self.model.dropout.generator.set_state(state["dropout_generator"].cpu())
        self.epoch, self.best_epoch, self.best_f1 = state["epoch"], state["best_epoch"], state["best_f1"]


def autocast(dtype: torch.dtype, device: torch.device) -> torch.autocast:
    """The large matrix products in `dtype`; with float32 nothing changes."""
    return torch.autocast(device.type, dtype, enabled=dtype != torch.float32)


def _check_finite(what: str, scores: Scores, epoch: int) -> None:
    if not math.isfinite(scores.loss):
        raise RunError(
            message(
                "The {what} loss became {loss} in epoch {epoch}. Lower the learning rates (optimiser.*_lr) "
                "and start again.",
                what=what,
                loss=str(scores.loss),
                epoch=epoch,
            )
        )
