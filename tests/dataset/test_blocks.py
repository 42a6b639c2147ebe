from dataclasses import replace

import numpy as np
import pytest

from av1core.dataset.blocks import gather_pixels, stage_blocks
from av1core.dataset.folder import Dataset
from av1core.errors import DatasetError
from av1core.partition import NODE_SIZES, STAGES, Partition


@pytest.mark.parametrize("size", NODE_SIZES)
def test_gathering_equals_slicing_in_any_order(dataset, size):
    blocks = dataset.blocks
    rows = np.random.default_rng(0).permutation(np.flatnonzero(blocks.size == size))[:200]
    pixels = gather_pixels(dataset, rows, size)
    assert pixels.shape == (len(rows), size, size) and pixels.dtype == np.uint16
    for index, row in enumerate(rows):
        luma = np.pad(dataset.luma(int(blocks.source[row])), 64, mode="edge")[64:, 64:]
        top, left = blocks.row[row], blocks.col[row]
        assert (pixels[index] == luma[top : top + size, left : left + size]).all()


def test_blocks_over_the_border_are_kept_and_not_trained_on(dataset):
    of_size = dataset.blocks.size == 16
    assert 0 < dataset.model_blocks.sum() < of_size.sum()
    blocks = dataset.blocks
    for row in np.flatnonzero(of_size & ~dataset.model_blocks):
        source = dataset.sources[blocks.source[row]]
        assert blocks.row[row] + 16 > source.height or blocks.col[row] + 16 > source.width


def test_each_frame_is_decoded_once(dataset, monkeypatch):
    asked = []
    read = Dataset.luma
    monkeypatch.setattr(Dataset, "luma", lambda self, *place: asked.append(place) or read(self, *place))
    gather_pixels(dataset, np.flatnonzero(dataset.blocks.size == 16)[::-1])
    assert sorted(asked) == [(index, 0) for index in range(len(dataset.sources))]


def test_blocks_of_another_size_are_a_mistake_of_the_caller(dataset):
    with pytest.raises(ValueError, match="16×16"):
        gather_pixels(dataset, np.flatnonzero(dataset.blocks.size == 8)[:3])


def test_gathering_nothing_gives_nothing(dataset):
    assert gather_pixels(dataset, np.array([], np.int64)).shape == (0, 16, 16)


@pytest.mark.parametrize("side", ["train", "val"])
@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
def test_a_stage_sees_its_classes_on_one_side(dataset, stage, side):
    blocks = stage_blocks(dataset, stage, side)
    count = len(blocks)
    assert blocks.pixels.shape == (count, 16, 16) and blocks.pixels.max() <= 1023
    kinds = {name: str(column.dtype) for name, column in vars(blocks).items()}
    assert kinds == {
        "rows": "int64",
        "pixels": "uint16",
        "labels": "int64",
        "qindex": "int16",
        "source": "int16",
    }
    assert set(blocks.labels.tolist()) == set(range(len(stage.classes)))
    table = dataset.blocks
    assert (table.size[blocks.rows] == 16).all()
    assert (stage.labels(table.partition[blocks.rows]) == blocks.labels).all()
    names = {dataset.sources[index].name for index in np.unique(blocks.source)}
    assert names <= set(dataset.split.val) if side == "val" else not names & set(dataset.split.val)


def test_both_sides_together_are_all_blocks_of_a_stage(dataset):
    rows = [stage_blocks(dataset, STAGES["stage1"], side).rows for side in ("train", "val")]
    assert len(np.intersect1d(*rows)) == 0
    assert len(np.union1d(*rows)) == dataset.model_blocks.sum()


def test_a_lacking_class_is_named_with_its_side(dataset):
    partition = np.where(dataset.blocks.partition == Partition.HORZ, Partition.VERT, dataset.blocks.partition)
    without = replace(dataset, blocks=replace(dataset.blocks, partition=partition.astype(np.int8)))
    with pytest.raises(DatasetError, match="train side of the dataset small lacks HORZ, so Stage 3 RECT"):
        stage_blocks(without, STAGES["stage3_rect"], "train")


def test_an_empty_side_is_named(dataset):
    empty = replace(dataset, blocks=replace(dataset.blocks, size=np.full_like(dataset.blocks.size, 8)))
    with pytest.raises(DatasetError, match=r"val side .* lacks any block"):
        stage_blocks(empty, STAGES["stage1"], "val")
