"""Trivial references: what a stage's classes give away without a network. They stand beside every result.

Majority class, and logistic regressions on qindex alone, on statistics of the block's luma, and on both. Each is fitted
on the training side and scored on the validation side of one split, on the natural class mix, as every run is. The
regressions weigh the classes alike (class_weight "balanced"), because macro-F1 does and the presets train so: fitted on
the natural mix they would hardly predict a rare class and be an easy reference to beat. Nothing is tuned on validation.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from av1core.analysis.confusion import accuracy, confusion_matrix, f1_per_class
from av1core.dataset.blocks import StageBlocks, stage_blocks
from av1core.dataset.folder import Dataset
from av1core.dataset.record import Split
from av1core.dataset.split import resolve_split
from av1core.partition import MODEL_SIZE, Stage
from av1core.runs.folder import RunFolder
from av1core.translation import message

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

MOST_FITTED = 50_000
"""Training blocks that a reference is fitted to; of more, as many are drawn by the seed."""

STATISTICS = (
    "variance", "horizontal gradient", "vertical gradient",
    "variance top", "variance bottom", "variance left", "variance right",
    "variance top left", "variance top right", "variance bottom left", "variance bottom right",
    "mean top − bottom", "mean left − right",
)  # fmt: skip
"""Of the luma of a block, each as log(1 + |value|): variances, mean absolute gradients, differences of halves."""

FEATURES = (*STATISTICS, "qindex")

_CHUNK = 32_768
_HALF = MODEL_SIZE // 2


@dataclass(frozen=True)
class Reference:
    """One reference's scores, in [0, 1], of a stage on one split.

    val_f1, train_f1: macro-F1 on the validation side and on the training blocks that it was fitted to, both on their
    natural class mix. accuracy, f1_per_class: on the validation side, classes in the stage's order. features: names
    out of FEATURES; none for the majority class.
    """

    name: str
    features: tuple[str, ...]
    val_f1: float
    train_f1: float
    accuracy: float
    f1_per_class: tuple[float, ...]


def trivial_references(
    dataset: Dataset, stage: Stage, split: Split | None = None, seed: int = 0
) -> tuple[Reference, ...]:
    """The references of a stage on the dataset's own split or another; the same arguments give the same scores.

    Where all training blocks have one qindex, those that use it say nothing and are left out. DatasetError as
    `stage_blocks`.
    """
    train, val = (stage_blocks(dataset, stage, side, split) for side in ("train", "val"))
    train = drawn(train, MOST_FITTED, seed)
    majority = np.bincount(train.labels).argmax()
    constant = [np.full(len(side), majority) for side in (train, val)]
    references = [_scored(message("Majority class"), (), stage, train, val, *constant)]
    tables = [block_features(side.pixels, side.qindex) for side in (train, val)]
    choices = {message("Logistic regression, block statistics"): STATISTICS}
    if len(np.unique(train.qindex)) > 1:
        choices = {
            message("Logistic regression, qindex alone"): ("qindex",),
            **choices,
            message("Logistic regression, block statistics and qindex"): FEATURES,
        }
    for name, features in choices.items():
        columns = list(map(FEATURES.index, features))
        model = fit_logistic(tables[0][:, columns], train.labels)
        predicted = [model.predict(table[:, columns]) for table in tables]
        references.append(_scored(name, features, stage, train, val, *predicted))
    return tuple(references)


def common_split(folders: Iterable[RunFolder], dataset: Dataset) -> Split | None:
    """The split that all of these runs validated on, or None if they differ or the dataset has changed since.

    RunError if a run's files are damaged; DatasetError as `resolve_split`.
    """
    specs = {folder: folder.spec().split for folder in folders}
    resolved = {choice: resolve_split(dataset, choice) for choice in set(specs.values())}
    for folder, choice in specs.items():
        record, split = folder.provenance(), resolved[choice]
        now = (dataset.fingerprint, split.method, split.val)
        if record is None or (record.dataset_fingerprint, record.split, record.val_sources) != now:
            return None
    return next(iter(resolved.values())) if len(set(resolved.values())) == 1 else None


def fit_logistic(features: np.ndarray, labels: np.ndarray) -> "Pipeline":
    """A standardising, class-balanced multinomial logistic regression. features: float (N, F). labels: int (N,).

    Scikit-learn's, with its L2 penalty of C = 1. ValueError if the labels are of one class alone.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=1000)).fit(
        features, labels
    )


def block_features(pixels: np.ndarray, qindex: np.ndarray) -> np.ndarray:
    """FEATURES of blocks, float32 (N, F). pixels: uint16 (N, 16, 16), values 0–1023. qindex: integers (N,)."""
    chunks = [_statistics(pixels[start : start + _CHUNK]) for start in range(0, len(pixels), _CHUNK)]
    statistics = np.concatenate(chunks) if chunks else np.empty((0, len(STATISTICS)), np.float32)
    return np.column_stack([statistics, qindex.astype(np.float32)])


def drawn(blocks: StageBlocks, most: int, seed: int) -> StageBlocks:
    """At most so many of the blocks, drawn without regard to their class, in their order."""
    if len(blocks) <= most:
        return blocks
    chosen = np.sort(np.random.default_rng(seed).permutation(len(blocks))[:most])
    columns = (blocks.rows, blocks.pixels, blocks.labels, blocks.qindex, blocks.source)
    return StageBlocks(*(column[chosen] for column in columns))


def _statistics(pixels: np.ndarray) -> np.ndarray:
    luma = pixels.astype(np.float32)
    luma -= luma.mean((1, 2), keepdims=True)  # so that a small variance is no difference of two large numbers
    # Axes: block, upper or lower half, row, left or right half, column.
    quarters = luma.reshape(-1, 2, _HALF, 2, _HALF)
    mean, square = (values.mean((2, 4)) for values in (quarters, quarters**2))
    variances = [
        np.maximum(square.mean(axes) - mean.mean(axes) ** 2, 0).reshape(len(luma), -1) for axes in ((1, 2), 2, 1, ())
    ]
    across = np.abs(np.diff(luma, axis=2)).mean((1, 2))
    down = np.abs(np.diff(luma, axis=1)).mean((1, 2))
    halves = [mean[:, 0].mean(1) - mean[:, 1].mean(1), mean[:, :, 0].mean(1) - mean[:, :, 1].mean(1)]
    table = np.column_stack([variances[0], across, down, *variances[1:], *halves])
    return np.log1p(np.abs(table))


def _scored(name, features, stage: Stage, train: StageBlocks, val: StageBlocks, of_train, of_val) -> Reference:
    classes = len(stage.classes)
    confusion = confusion_matrix(val.labels, of_val, classes)
    return Reference(
        name=name,
        features=features,
        val_f1=float(f1_per_class(confusion).mean()),
        train_f1=float(f1_per_class(confusion_matrix(train.labels, of_train, classes)).mean()),
        accuracy=accuracy(confusion),
        f1_per_class=tuple(f1_per_class(confusion).tolist()),
    )
