"""Classification metrics from a confusion matrix that is gathered on the device, and calibration from probabilities."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Scores:
    """Metrics of one pass; macro-F1 is the plain mean of the per-class F1. All but loss and confusion lie in [0, 1].

    A class that never occurs has recall 0, one that is never predicted has precision 0. loss: the mean over the blocks.
    confusion: C rows of C counts, rows true, columns predicted.
    """

    loss: float
    f1: float
    accuracy: float
    f1_per_class: tuple[float, ...]
    precision_per_class: tuple[float, ...]
    recall_per_class: tuple[float, ...]
    confusion: tuple[tuple[int, ...], ...]


class ScoreKeeper:
    """Adds up losses and confusion matrices of S runs on the device; reads them once, at the end."""

    def __init__(self, runs: int, classes: int, device: torch.device):
        self.classes = classes
        self.confusion = torch.zeros(runs, classes * classes, dtype=torch.int64, device=device)
        self.loss = torch.zeros(runs, dtype=torch.float64, device=device)

    def add(self, logits: Tensor, labels: Tensor, losses: Tensor) -> None:
        """logits (S, N, C), labels (S, N), losses (S,): the mean of each run's N blocks."""
        flat = labels * self.classes + logits.detach().argmax(2)
        # bincount would wait for the device, to learn the largest value.
        self.confusion.scatter_add_(1, flat, torch.ones_like(flat))
        self.loss += losses.detach().double() * labels.shape[1]

    def keep(self, runs: list[int]) -> None:
        """Go on with some of the runs, by their places."""
        self.confusion, self.loss = self.confusion[runs], self.loss[runs]

    def scores(self) -> list[Scores]:
        """The metrics of each run's blocks so far; at least one."""
        matrices = self.confusion.view(-1, self.classes, self.classes).cpu()
        return [_scores(matrix, loss) for matrix, loss in zip(matrices, self.loss.tolist(), strict=True)]


def _scores(confusion: Tensor, loss: float) -> Scores:
    blocks = int(confusion.sum())
    hits = confusion.diagonal()
    true, predicted = confusion.sum(1), confusion.sum(0)
    f1 = share(2 * hits, true + predicted)
    return Scores(
        loss=loss / blocks,
        f1=float(f1.mean()),
        accuracy=float(hits.sum()) / blocks,
        f1_per_class=tuple(f1.tolist()),
        precision_per_class=tuple(share(hits, predicted).tolist()),
        recall_per_class=tuple(share(hits, true).tolist()),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
    )


def share(part: Tensor, whole: Tensor) -> Tensor:
    """part / whole of counts, and 0 where the whole is 0: float64 of their shape."""
    return part.double() / whole.clamp(min=1)


def expected_calibration_error(probabilities: Tensor, labels: Tensor, bins: int = 15) -> float:
    """Σ_b n_b/N · |accuracy_b − confidence_b|, b a bin of the top probability (Guo et al. 2017, arXiv 1706.04599).

    probabilities: (N, C) in [0, 1]. labels: (N,) int64. Bin b of M is ((b − 1)/M, b/M]. Returns a value in [0, 1].
    """
    confidence, predicted = probabilities.double().max(1)
    bin_of_block = (confidence * bins).ceil().long().clamp(1, bins)
    # n_b cancels, which leaves the sum of what each block is off by.
    excess = (predicted == labels).double() - confidence
    members = bin_of_block == torch.arange(1, bins + 1, device=labels.device)[:, None]
    return float((members.double() @ excess).abs().sum() / len(labels))
