"""Learning rates by epoch: a linear warm-up, then constant until F1 stops rising, or half a cosine down to nothing."""

import math
from typing import Any, Literal

from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau


class Schedule:
    """Sets the rates of an optimiser's groups for each epoch, all by the same factor.

    Warm-up (Goyal et al. 2017, arXiv 1706.02677): in epoch e of the first W the factor is e/(W + 1), so that the next
    epoch has the full rates. After it, `plateau` is torch's ReduceLROnPlateau on validation F1, which sees no epoch of
    the warm-up; `cosine` (Loshchilov and Hutter 2017, arXiv 1608.03983, without restarts) has (1 + cos πk/n)/2 in the
    k-th of the n remaining epochs, k from 0, and reaches 0 at the end of the last: none is spent at a rate of 0.
    """

    def __init__(
        self,
        optimiser: Optimizer,
        name: Literal["plateau", "cosine"],
        *,
        epochs: int,
        warmup_epochs: int = 0,
        factor: float = 0.5,
        patience: int = 5,
    ):
        """The groups' rates are the full ones, and are set to those of the first epoch.

        epochs: of the whole run. factor, patience: of the plateau; after more than `patience` epochs without a better
        F1 the rates are multiplied by the factor, in (0, 1).
        """
        self.optimiser, self.name = optimiser, name
        self.epochs, self.warmup_epochs = epochs, warmup_epochs
        self.rates = [group["lr"] for group in optimiser.param_groups]
        self.done = 0
        self._scale(self._factor())
        self.plateau = ReduceLROnPlateau(optimiser, mode="max", factor=factor, patience=patience)

    def step(self, val_f1: float) -> None:
        """End an epoch, which had the given validation F1, 0–1, and set the rates of the next."""
        self.done += 1
        if self.name == "plateau" and self.done > self.warmup_epochs:
            self.plateau.step(val_f1)
        else:
            self._scale(self._factor())

    def _factor(self) -> float:
        """Of the epoch after those done, in warm-up or on the cosine."""
        if self.done <= self.warmup_epochs:
            return (self.done + 1) / (self.warmup_epochs + 1)
        left = self.epochs - self.warmup_epochs
        return (1 + math.cos(math.pi * (self.done - self.warmup_epochs) / left)) / 2

    def _scale(self, factor: float) -> None:
        for group, rate in zip(self.optimiser.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs beside the optimiser's own state, which holds the rates."""
        return {"done": self.done, "plateau": self.plateau.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from the state of a schedule made with the same arguments."""
        self.done = state["done"]
        self.plateau.load_state_dict(state["plateau"])
