"""Classification metrics from a confusion matrix, gathered on the device."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Scores:
    """Metrics of one pass. F1 and accuracy lie in [0, 1]; macro-F1 is the plain mean of the per-class F1."""

    loss: float
    f1: float
    accuracy: float
    f1_per_class: tuple[float, ...]


class ScoreKeeper:
    """Adds up losses and a confusion matrix on the device; reads them once, at the end."""

    def __init__(self, classes: int, device: torch.device):
        self.classes = classes
        self.confusion = torch.zeros(classes * classes, dtype=torch.int64, device=device)
        self.loss = torch.zeros((), dtype=torch.float64, device=device)

    def add(self, logits: Tensor, labels: Tensor, loss: Tensor) -> None:
        """logits (N, C), labels (N,), loss: the batch's mean."""
        flat = labels * self.classes + logits.detach().argmax(1)
        self.confusion += torch.bincount(flat, minlength=self.classes**2)
        self.loss += loss.detach().double() * len(labels)

    def scores(self) -> Scores:
        """The metrics of everything added so far; at least one block."""
        confusion = self.confusion.view(self.classes, self.classes)
        blocks = int(confusion.sum())
        per_class = f1_per_class(confusion)
        return Scores(
            loss=float(self.loss) / blocks,
            f1=float(per_class.mean()),
            accuracy=float(confusion.diagonal().sum()) / blocks,
            f1_per_class=tuple(per_class.tolist()),
        )


def f1_per_class(confusion: Tensor) -> Tensor:
    """2·TP / (2·TP + FP + FN) of each class, 0 where the class neither occurs nor is predicted.

    confusion: (C, C) counts, rows true, columns predicted. Returns float64 (C,).
    """
    hits = confusion.diagonal().double()
    denominator = confusion.sum(0) + confusion.sum(1)
    return torch.where(denominator > 0, 2 * hits / denominator.clamp(min=1), torch.zeros_like(hits))
