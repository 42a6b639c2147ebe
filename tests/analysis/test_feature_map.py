import sys
from types import ModuleType

import numpy as np
import pytest
from sklearn.decomposition import PCA as Reference

from av1core.analysis.feature_map import COLUMNS, PCA, UMAP, feature_map, orders, ways
from av1core.analysis.predictions import Predictions
from av1core.dataset.folder import Dataset
from av1core.partition import STAGES

STAGE1 = STAGES["stage1"]


@pytest.fixture(scope="module")
def dataset(tiny):
    return Dataset.open(tiny)


@pytest.fixture
def predictions(dataset):
    block = np.arange(len(dataset.blocks))[::-1]  # in any order
    label = STAGE1.labels(dataset.blocks.partition[block]).astype(np.int64)
    wrong = block % 3 == 0
    predicted = np.where(wrong, 1 - label, label)
    return Predictions(STAGE1, block, label, np.eye(2, dtype=np.float32)[predicted])


ROWS = np.arange(5, 200, 4)


def test_the_axes_are_the_principal_components(dataset, predictions):
    features = np.random.default_rng(0).normal(4, [5, 3, 1, 1], (len(ROWS), 4))
    found = feature_map(features, ROWS, dataset, predictions)
    reference = Reference(2).fit(features)
    place = found.points[["x", "y"]].to_numpy()
    np.testing.assert_allclose(np.abs(place), np.abs(reference.transform(features)), atol=1e-8)
    np.testing.assert_allclose(found.explained, 100 * reference.explained_variance_ratio_)
    assert (place[np.abs(place).argmax(0), [0, 1]] > 0).all()
    np.testing.assert_allclose(feature_map(-features, ROWS, dataset, predictions).points["x"].abs(), abs(place[:, 0]))


def test_each_point_is_told_what_it_is(dataset, predictions):
    points = feature_map(np.ones((len(ROWS), 3)), ROWS, dataset, predictions).points
    assert list(points) == list(COLUMNS) and points["row"].tolist() == ROWS.tolist()
    assert (points["decided"] == np.where(ROWS % 3 == 0, "wrong", "right")).all()
    assert ((points["true"] == points["predicted"]) == (points["decided"] == "right")).all()
    true = STAGE1.labels(dataset.blocks.partition[ROWS])
    assert points["true"].tolist() == [STAGE1.classes[label] for label in true]
    assert points["source"].tolist() == [dataset.sources[index].name for index in dataset.blocks.source[ROWS]]
    for by, order in orders(dataset, predictions).items():
        assert set(points[by]) <= set(order)


def test_features_that_do_not_differ_or_are_one_number_have_a_place(dataset, predictions):
    same = feature_map(np.ones((len(ROWS), 3)), ROWS, dataset, predictions)
    assert not same.points[["x", "y"]].to_numpy().any() and same.explained == (0, 0)
    one = feature_map(ROWS[:, None], ROWS, dataset, predictions)
    assert one.explained == pytest.approx((100, 0)) and not one.points["y"].any()


def test_umap_is_offered_where_it_is_installed(dataset, predictions, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert ways() == [PCA]
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    assert ways() == [PCA, UMAP]

    class Projection:
        def __init__(self, n_components, random_state):
            assert (n_components, random_state) == (2, 0)

        def fit_transform(self, features):
            return features[:, :2] * 2

    package = ModuleType("umap")
    package.UMAP = Projection
    monkeypatch.setitem(sys.modules, "umap", package)
    features = np.random.default_rng(0).normal(size=(len(ROWS), 3))
    found = feature_map(features, ROWS, dataset, predictions, UMAP)
    assert found.explained is None and np.allclose(found.points[["x", "y"]], features[:, :2] * 2)
