"""Scores from a confusion matrix in NumPy, for tables that need no torch. F1 and accuracy lie in [0, 1]."""

import numpy as np


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """int64 (classes, classes) counts, rows true, columns predicted, from class indices: integers (N,)."""
    flat = labels.astype(np.int64) * classes + predicted
    return np.bincount(flat, minlength=classes**2).reshape(classes, classes)


def f1_per_class(confusion: np.ndarray) -> np.ndarray:
    """2·TP / (2·TP + FP + FN) of each class, float64 (C,); 0 where the class neither occurs nor is predicted.

    confusion: (C, C) counts, rows true, columns predicted.
    """
    denominator = confusion.sum(0) + confusion.sum(1)
    return 2 * confusion.diagonal() / np.maximum(denominator, 1)


def accuracy(confusion: np.ndarray) -> float:
    """Share of the blocks on the diagonal of counts (C, C), in [0, 1]; NaN of none."""
    blocks = confusion.sum()
    return float(confusion.diagonal().sum() / blocks) if blocks else float("nan")
