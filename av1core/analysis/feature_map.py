"""A map of blocks in two dimensions: near each other where a layer's features are alike."""

import importlib.util
from dataclasses import dataclass

import numpy as np
import pandas as pd

from av1core.analysis.predictions import Predictions
from av1core.dataset.folder import Dataset

PCA, UMAP = "pca", "umap"

WAYS = {PCA: "PCA", UMAP: "UMAP"}

MOST_POINTS = 2000

COLUMNS = ("row", "x", "y", "true", "predicted", "decided", "qindex", "source")


@dataclass(frozen=True, eq=False)
class FeatureMap:
    """points: a row a block, of COLUMNS: `row` of the block table, x and y, the classes, "right" or "wrong", the qindex
    and the source's name. explained: shares of the variance along x and y, in %; none for UMAP, which has no axes."""

    points: pd.DataFrame
    explained: tuple[float, float] | None


def orders(dataset: Dataset, predictions: Predictions) -> dict[str, list]:
    """All the values that points can have, in order, by the column that they are told apart by."""
    classes, blocks = list(predictions.stage.classes), dataset.blocks
    sources = [dataset.sources[index].name for index in np.unique(blocks.source[predictions.block])]
    qindexes = np.unique(blocks.qindex[predictions.block]).tolist()
    return {
        "true": classes, "predicted": classes, "decided": ["right", "wrong"], "qindex": qindexes, "source": sources
    }  # fmt: skip


def ways() -> list[str]:
    """The projections on offer, out of WAYS: UMAP where the package umap-learn is installed."""
    return [PCA, UMAP] if importlib.util.find_spec("umap") else [PCA]


def feature_map(
    features: np.ndarray, rows: np.ndarray, dataset: Dataset, predictions: Predictions, way: str = PCA
) -> FeatureMap:
    """Features, float (N, F), of N ≥ 2 blocks on two axes. rows: int64 (N,), of those blocks in the block table.

    The first two principal components of the centred features, each turned so that its largest block is positive; or
    UMAP with seed 0 (McInnes et al. 2018, arXiv 1802.03426). RunError if the run has not predicted all of the blocks.
    """
    place, explained = _principal(features) if way == PCA else (_umap(features), None)
    found = predictions.of(rows)
    classes, sources = np.array(predictions.stage.classes), np.array([source.name for source in dataset.sources])
    values = (
        rows, *place.T, classes[found.label], classes[found.predicted], np.where(found.right, "right", "wrong"),
        dataset.blocks.qindex[rows], sources[dataset.blocks.source[rows]],
    )  # fmt: skip
    return FeatureMap(pd.DataFrame(dict(zip(COLUMNS, values, strict=True))), explained)


def _principal(features: np.ndarray) -> tuple[np.ndarray, tuple[float, float]]:
    """float64 (N, 2), and the two shares of the variance in %."""
    values = np.asarray(features, np.float64)
    values = values - values.mean(0)
    left, lengths, _ = np.linalg.svd(values, full_matrices=False)
    place, variances = np.zeros((len(values), 2)), np.zeros(2)
    kept = min(2, len(lengths))
    place[:, :kept], variances[:kept] = left[:, :kept] * lengths[:kept], lengths[:kept] ** 2
    place *= np.where(place[np.abs(place).argmax(0), [0, 1]] < 0, -1, 1)
    first, second = 100 * variances / max((lengths**2).sum(), np.finfo(float).tiny)
    return place, (float(first), float(second))


def _umap(features: np.ndarray) -> np.ndarray:
    from umap import UMAP as Projection

    return np.asarray(Projection(n_components=2, random_state=0).fit_transform(features), np.float64)
