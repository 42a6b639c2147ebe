from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from av1core.dataset.folder import Dataset
from av1core.dataset.record import Source
from av1core.dataset.split import (
    SplitAudit,
    audit,
    choose_split,
    describe_split,
    list_split,
    resolve_split,
    side_mask,
    split_by_source,
    write_split,
)
from av1core.dataset.tables import Blocks
from av1core.errors import DatasetError
from av1core.partition import STAGES, Partition

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


def test_a_split_by_frame_keeps_frames_whole_and_parts_sources():
    blocks, sources = every_kind(3)
    count = 10 * len(KINDS)
    frame = np.tile(np.arange(count, dtype=np.int32) // len(KINDS), 3)
    blocks = replace(blocks, frame=frame)
    sources = tuple(replace(source, numbers=tuple(range(10))) for source in sources)
    split = choose_split(blocks, sources, method="frame")
    assert split.method == "frame" and len(set(split.val_frames)) == 6
    assert len({name for name, _ in split.val_frames}) > 1


def test_the_thesis_split_draws_a_fifth_of_the_blocks_with_seed_42(dataset):
    split = choose_split(dataset.blocks, dataset.sources, method="block")
    val = side_mask(dataset, "val", split)
    assert (split.method, split.seed, split.val_fraction) == ("block", 42, 0.2)
    assert val.sum() == round(0.2 * len(val))
    assert (val == side_mask(dataset, "val", split)).all()
    assert not (val == side_mask(dataset, "val", replace(split, seed=43))).all()
    assert (val ^ side_mask(dataset, "train", split)).all()


def test_a_run_may_ask_for_another_split(dataset):
    assert resolve_split(dataset, "dataset") is resolve_split(dataset, "source") is dataset.split
    assert resolve_split(dataset, "block").method == "block"


def test_a_listed_split_has_exactly_those_sources():
    split = list_split(["a", "b", "c"], ["c", "a"])
    assert (split.method, split.val) == ("list", ("a", "c"))
    for wrong, message in ((["d"], '"d"; there are a, b, c'), ([], "some of"), (["a", "b", "c"], "not all")):
        with pytest.raises(DatasetError, match=message):
            list_split(["a", "b", "c"], wrong)


def test_mosaics_have_no_frames_to_split_by():
    blocks, sources = every_kind(3)
    with pytest.raises(DatasetError, match="by source or by block"):
        choose_split(blocks, [replace(source, mosaic=True) for source in sources], method="frame")


@pytest.mark.parametrize("method", ["source", "frame", "block"])
def test_a_written_split_is_read_again(copy, method):
    dataset = Dataset.open(copy)
    split = choose_split(dataset.blocks, dataset.sources, method=method)
    assert write_split(dataset, split).split == split
    assert Dataset.open(copy).fingerprint == dataset.fingerprint
    assert describe_split(split).lower().startswith(f"by {method}")


def test_the_audit_finds_a_scene_on_both_sides(dataset):
    assert audit(dataset) == SplitAudit((), 0, len(dataset.sources))
    description = dataset.description
    names = {source.name for source in dataset.sources}
    for changes in ({"group": "scene"}, {"sha256": "the same"}):
        paired = tuple(replace(source, **changes) for source in description.sources)
        assert set(audit(replace(dataset, description=replace(description, sources=paired))).sources) == names


def test_the_audit_of_the_thesis_split_finds_every_frame(dataset):
    found = audit(dataset, choose_split(dataset.blocks, dataset.sources, method="block"))
    assert len(found.sources) == found.frames == found.all_frames == len(dataset.sources)


def test_the_shipped_dataset_has_every_class_of_every_stage_on_both_sides():
    dataset = Dataset.open(Path(__file__).parents[2] / "data" / "photos")
    assert audit(dataset) == SplitAudit((), 0, 19)
    shares = []
    for stage in STAGES.values():
        labels = stage.labels(dataset.blocks.partition)
        for index in range(len(stage.classes)):
            is_class = (labels == index) & dataset.model_blocks
            shares.append((is_class & side_mask(dataset, "val")).sum() / is_class.sum())
    assert min(shares) > 0.1 and max(shares) < 0.35
