import numpy as np
import pytest

from av1core.dataset.blocks import stage_blocks
from av1core.dataset.counts import class_mix, node_counts, picture_pixels, type_shares
from av1core.dataset.folder import whole_nodes
from av1core.partition import NODE_SIZES, STAGES, Partition


@pytest.fixture(scope="module")
def counts(dataset):
    return node_counts(dataset)


def test_every_node_is_counted_once(dataset, counts):
    assert counts["nodes"].sum() == len(dataset.blocks)
    for qindex in dataset.qindexes:
        assert counts[counts["qindex"] == qindex]["nodes"].sum() == (dataset.blocks.qindex == qindex).sum()


def test_the_nodes_that_end_the_tree_decide_on_every_pixel(dataset, counts):
    """The pictures' trees have no undivided 128×128 block, so that nodes of 8 to 64 cover them all."""
    assert counts["decided"].sum() == picture_pixels(dataset)
    per_qindex = sum(source.height * source.width for source in dataset.sources)
    assert picture_pixels(dataset) == len(dataset.qindexes) * per_qindex


@pytest.mark.parametrize("stage", STAGES)
def test_the_mix_by_side_is_that_of_the_training_blocks(dataset, counts, stage):
    mix = class_mix(counts, stage, "side").set_index(["side", "class"])["nodes"]
    for side in ("train", "val"):
        expected = np.bincount(stage_blocks(dataset, STAGES[stage], side).labels)
        assert [mix[side, name] for name in STAGES[stage].classes] == expected.tolist()


def test_the_mix_by_size_counts_whole_nodes_of_each_size(dataset, counts):
    mix = class_mix(counts, "stage1", "size")
    whole = whole_nodes(dataset.blocks, dataset.sources) & (dataset.blocks.partition < Partition.HORZ_4)
    assert mix.groupby("size")["nodes"].sum().to_dict() == {
        size: (whole & (dataset.blocks.size == size)).sum() for size in NODE_SIZES
    }


def test_shares_of_a_row_are_one(counts):
    mix = class_mix(counts, "stage2", "source")
    assert np.allclose(mix.groupby("source")["share"].sum(), 1)


def test_shares_of_types_are_of_all_nodes_and_of_all_pixels(dataset, counts):
    shares = type_shares(counts, picture_pixels(dataset))
    assert shares["share_of_nodes"].sum() == pytest.approx(1)
    assert shares["share_of_pixels"].sum() == pytest.approx(1)
    splits = shares[(shares["partition"] == "SPLIT") & (shares["size"] > 8)]
    assert len(splits) and (splits["share_of_pixels"] == 0).all()
