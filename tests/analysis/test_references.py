from dataclasses import replace

import numpy as np
import pytest

from av1core.analysis.references import (
    FEATURES,
    block_features,
    common_split,
    drawn,
    fit_logistic,
    trivial_references,
)
from av1core.dataset.blocks import stage_blocks
from av1core.dataset.folder import Dataset
from av1core.dataset.split import list_split, side_mask
from av1core.partition import STAGES, Partition
from av1core.runs.folder import RunFolder

STAGE1 = STAGES["stage1"]


@pytest.fixture(scope="module")
def dataset(tiny):
    return Dataset.open(tiny)


def with_partitions(dataset: Dataset, partition: np.ndarray) -> Dataset:
    return replace(dataset, blocks=replace(dataset.blocks, partition=partition.astype(np.int8)))


def with_qindex(dataset: Dataset, qindex: np.ndarray) -> Dataset:
    return replace(dataset, blocks=replace(dataset.blocks, qindex=qindex.astype(np.int16)))


def by_name(dataset: Dataset, stage=STAGE1, **values) -> dict:
    return {reference.name: reference for reference in trivial_references(dataset, stage, **values)}


@pytest.mark.parametrize("stage", STAGES.values(), ids=str)
def test_majority_by_formula(dataset, stage):
    """With a share p of the majority class, its F1 is 2p / (1 + p) and every other class has 0."""
    reference = by_name(dataset, stage)["Majority class"]
    train, val = (stage_blocks(dataset, stage, side).labels for side in ("train", "val"))
    share = (val == np.bincount(train).argmax()).mean()
    assert reference.accuracy == pytest.approx(share)
    assert reference.val_f1 == pytest.approx(2 * share / (1 + share) / len(stage.classes))
    assert sum(value > 0 for value in reference.f1_per_class) == 1


def test_features_are_what_they_are_called():
    pixels = np.random.default_rng(0).integers(0, 1024, (5, 16, 16)).astype(np.uint16)
    table = block_features(pixels, np.arange(5) * 50)
    luma = pixels.astype(np.float64)

    def logged(name: str) -> np.ndarray:
        return np.expm1(table[:, FEATURES.index(name)].astype(np.float64))

    halves = {"top": luma[:, :8], "bottom": luma[:, 8:], "left": luma[:, :, :8], "right": luma[:, :, 8:]}
    quadrants = {f"{v} {h}": halves[v][:, :, :8] if h == "left" else halves[v][:, :, 8:]
                 for v in ("top", "bottom") for h in ("left", "right")}  # fmt: skip
    for name, part in {"": luma, **halves, **quadrants}.items():
        np.testing.assert_allclose(logged(f"variance {name}".strip()), part.var((1, 2)), rtol=1e-4)
    np.testing.assert_allclose(logged("horizontal gradient"), np.abs(np.diff(luma, axis=2)).mean((1, 2)), rtol=1e-4)
    np.testing.assert_allclose(logged("vertical gradient"), np.abs(np.diff(luma, axis=1)).mean((1, 2)), rtol=1e-4)
    for first, second in (("top", "bottom"), ("left", "right")):
        difference = np.abs(halves[first].mean((1, 2)) - halves[second].mean((1, 2)))
        np.testing.assert_allclose(logged(f"mean {first} − {second}"), difference, rtol=1e-3, atol=1e-3)
    assert table[:, FEATURES.index("qindex")].tolist() == [0, 50, 100, 150, 200]


def test_a_flat_block_has_no_statistics_at_any_luma():
    flat = np.repeat(np.array([0, 517, 1023], np.uint16), 256).reshape(3, 16, 16)
    assert not block_features(flat, np.zeros(3))[:, :-1].any()


def test_what_variance_or_qindex_tells_is_found(dataset):
    # The synthetic NONE has one grey; every other type has several.
    assert by_name(dataset)["Logistic regression, block statistics"].val_f1 == pytest.approx(1)
    is_none = dataset.blocks.partition == Partition.NONE
    told = with_qindex(dataset, np.where(is_none, 80, 220))
    assert by_name(told)["Logistic regression, qindex alone"].val_f1 == pytest.approx(1)


def test_one_qindex_tells_nothing(dataset):
    assert list(by_name(dataset)) == ["Majority class", "Logistic regression, block statistics"]
    two = with_qindex(dataset, np.arange(len(dataset.blocks)) % 2 * 100)
    assert [reference.features for reference in trivial_references(two, STAGE1)] == [
        (), ("qindex",), FEATURES[:-1], FEATURES,
    ]  # fmt: skip


def test_the_same_arguments_give_the_same_scores(dataset):
    stage = STAGES["stage3_ab"]
    assert trivial_references(dataset, stage) == trivial_references(dataset, stage)


def test_fitting_never_sees_the_validation_side(dataset):
    val = np.flatnonzero(side_mask(dataset, "val"))
    partition = dataset.blocks.partition.copy()
    partition[val] = np.random.default_rng(1).permutation(partition[val])
    before, after = by_name(dataset), by_name(with_partitions(dataset, partition))
    for name, reference in before.items():
        assert after[name].train_f1 == reference.train_f1
    name = "Logistic regression, block statistics"
    assert after[name].val_f1 < before[name].val_f1


def test_another_split_is_another_reference(dataset):
    names = [source.name for source in dataset.sources]
    blocks = dataset.blocks
    # In the first picture the labels say the contrary of what the pixels do.
    contrary = np.where(blocks.partition == Partition.NONE, Partition.SPLIT, Partition.NONE)
    mixed = with_partitions(dataset, np.where(blocks.source == 0, contrary, blocks.partition))
    first, last = (
        by_name(mixed, split=list_split(names, [name]))["Logistic regression, block statistics"]
        for name in (names[0], names[-1])
    )
    assert first.train_f1 == pytest.approx(1) and first.val_f1 == 0
    assert last.train_f1 < 0.8


def test_classes_weigh_alike_whatever_their_number():
    random = np.random.default_rng(0)
    labels = (np.arange(4000) % 20 == 0).astype(int)
    features = random.normal(labels * 1.0, 1, 4000)[:, None]
    predicted = fit_logistic(features, labels).predict(features)
    recalls = [(predicted[labels == label] == label).mean() for label in (0, 1)]
    assert recalls[0] == pytest.approx(recalls[1], abs=0.08)


def test_drawing_keeps_order_and_pairs(dataset):
    blocks = stage_blocks(dataset, STAGE1, "train")
    some = drawn(blocks, 50, seed=3)
    assert len(some) == 50 and (np.diff(some.rows) > 0).all()
    places = np.searchsorted(blocks.rows, some.rows)
    assert (blocks.labels[places] == some.labels).all() and (blocks.pixels[places] == some.pixels).all()
    assert drawn(blocks, len(blocks), seed=3) is blocks


def test_runs_of_one_split_have_it_in_common(trained, dataset):
    folders = [RunFolder(trained.runs_dir / run) for run in (trained.stage1, trained.stage2)]
    assert common_split(folders, dataset) == dataset.split
    other = list_split([source.name for source in dataset.sources], [dataset.sources[0].name])
    resplit = replace(dataset, description=replace(dataset.description, split=other))
    assert common_split(folders, resplit) is None
    changed = replace(dataset, description=replace(dataset.description, fingerprint="other"))
    assert common_split(folders, changed) is None
