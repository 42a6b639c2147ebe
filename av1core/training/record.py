"""The record of one epoch: a line of history.jsonl and a row of the index. It needs no torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class EpochRecord:
    """What one epoch measured; F1, accuracy, precision, recall and ECE lie in [0, 1], epochs count from 1.

    `train_*` is as the thesis computes it: while the weights change, dropout on, blocks as sampled and augmented, a
    mixed block scored by the label of its larger share, ArcFace's margin in the loss. `train_*_clean` is after the
    epoch, eval mode, natural class mix, never augmented, on as many blocks as validation has: the one to compare with
    `val_*`.

    val_confusion: counts, rows true, columns predicted. val_ece: expected calibration error over 15 bins.
    learning_rates: those that the epoch used, by part of the model. seconds: of the whole epoch with its evaluations.
    samples_per_second: training blocks a second, without the evaluations.
    """

    epoch: int
    train_loss: float
    train_f1: float
    train_accuracy: float
    train_f1_per_class: tuple[float, ...]
    train_loss_clean: float
    train_f1_clean: float
    train_accuracy_clean: float
    train_f1_per_class_clean: tuple[float, ...]
    val_loss: float
    val_f1: float
    val_accuracy: float
    val_f1_per_class: tuple[float, ...]
    val_precision_per_class: tuple[float, ...]
    val_recall_per_class: tuple[float, ...]
    val_confusion: tuple[tuple[int, ...], ...]
    val_ece: float
    learning_rates: dict[str, float]
    seconds: float
    samples_per_second: float
