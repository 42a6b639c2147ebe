from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from av1core.dataset.folder import Blocks, Dataset
from av1core.dataset.record import Source
from av1core.dataset.split import audit, side_mask, split_by_source
from av1core.errors import DatasetError
from av1core.partition import MODEL_SIZE, STAGES, Partition

KINDS = np.array([kind for kind in Partition if kind < Partition.HORZ_4], np.int8)


def sources_of(groups):
    return tuple(
        Source(f"s{index}", f"frames/s{index}.tif", (0,), 999, 999, "", "", "", "", "", "", group)
        for index, group in enumerate(groups)
    )


def blocks_of(partitions):
    """16×16 blocks: partitions[i] are the types that source i has."""
    source = np.repeat(np.arange(len(partitions), dtype=np.int16), [len(kinds) for kinds in partitions])
    zero = np.zeros(len(source), np.int32)
    size = np.full(len(source), 16, np.int16)
    return Blocks(source, zero, zero, zero, size, size, np.concatenate(partitions))


def every_kind(count, groups=None):
    return blocks_of([np.tile(KINDS, 10)] * count), sources_of(groups or [f"g{index}" for index in range(count)])


def test_the_share_is_near_what_was_asked():
    assert len(split_by_source(*every_kind(10), val_fraction=0.2)) == 2
    assert len(split_by_source(*every_kind(10), val_fraction=0.4)) == 4


def test_the_same_seed_gives_the_same_split_and_another_seed_another():
    splits = [split_by_source(*every_kind(12), seed=seed) for seed in (1, 1, 2, 3)]
    assert splits[0] == splits[1]
    assert len(set(splits)) > 1


@pytest.mark.parametrize("seed", range(5))
def test_views_of_one_scene_stay_together(seed):
    names = split_by_source(*every_kind(8, ["pair", "a", "pair", "b", "c", "d", "e", "f"]), seed=seed)
    assert ("s0" in names) == ("s2" in names)


@pytest.mark.parametrize("kind", KINDS.tolist())
def test_a_class_of_two_sources_is_on_both_sides(kind):
    others = KINDS[kind != KINDS]
    blocks = blocks_of([np.tile(KINDS if index in (2, 6) else others, 10) for index in range(8)])
    val = split_by_source(blocks, sources_of("abcdefgh"))
    assert len({"s2", "s6"} & set(val)) == 1


def test_a_missing_class_is_named():
    without = KINDS[KINDS != Partition.VERT_A]
    with pytest.raises(DatasetError, match="No picture has VERT_A"):
        split_by_source(blocks_of([without] * 4), sources_of("abcd"))
    with pytest.raises(DatasetError, match="Only b has VERT_A"):
        split_by_source(blocks_of([without, KINDS, without]), sources_of("abc"))
    assert split_by_source(blocks_of([without] * 4), sources_of("abcd"), stages=[STAGES["stage2"]])


def test_one_scene_cannot_be_split():
    with pytest.raises(DatasetError, match="at least two"):
        split_by_source(*every_kind(2, ["pair", "pair"]))


def with_split(dataset, **changes):
    description = dataset.description
    return replace(dataset, description=replace(description, split=replace(description.split, **changes)))


def test_every_block_is_on_one_side(dataset):
    train, val = side_mask(dataset, "train"), side_mask(dataset, "val")
    assert (train ^ val).all()
    assert train.any() and val.any()
    assert {dataset.sources[index].name for index in np.unique(dataset.blocks.source[val])} == set(dataset.split.val)


def test_a_dataset_without_a_split_says_what_to_do(dataset):
    with pytest.raises(DatasetError, match=r"small has no .*: build from more pictures"):
        side_mask(with_split(dataset, method="none", note="build from more pictures"), "train")


def test_an_unknown_side_is_a_mistake_of_the_caller(dataset):
    with pytest.raises(ValueError, match="test"):
        side_mask(dataset, "test")


def test_the_audit_finds_a_scene_on_both_sides(dataset):
    assert audit(dataset) == []
    description = dataset.description
    paired = tuple(replace(source, group="scene") for source in description.sources)
    torn = replace(dataset, description=replace(description, sources=paired))
    assert set(audit(torn)) == {source.name for source in paired}


def test_the_shipped_dataset_has_every_class_of_every_stage_on_both_sides():
    dataset = Dataset.open(Path(__file__).parents[2] / "data" / "photos")
    assert audit(dataset) == []
    shares = []
    for stage in STAGES.values():
        labels = stage.labels(dataset.blocks.partition)
        for index in range(len(stage.classes)):
            is_class = (labels == index) & (dataset.blocks.size == MODEL_SIZE)
            shares.append((is_class & side_mask(dataset, "val")).sum() / is_class.sum())
    assert min(shares) > 0.1 and max(shares) < 0.35
