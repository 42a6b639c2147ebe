import numpy as np
import pytest

from av1core.partition import BLOCK_SIZES, NODE_SIZES, OUTSIDE, STAGES, Partition, sub_blocks


@pytest.mark.parametrize("size", (*NODE_SIZES, 128))
@pytest.mark.parametrize("partition", Partition)
def test_sub_blocks_tile_the_node(partition, size):
    covered = np.zeros((size, size), int)
    for row, col, height, width in sub_blocks(partition, size):
        covered[row : row + height, col : col + width] += 1
    assert (covered == 1).all()


@pytest.mark.parametrize("partition", [kind for kind in Partition if kind < Partition.HORZ_4])
def test_sub_blocks_are_av1_block_sizes(partition):
    assert {(width, height) for _, _, height, width in sub_blocks(partition, 16)} <= set(BLOCK_SIZES)


def test_each_stage_sees_what_the_stage_before_hands_on():
    kinds = np.array(Partition)
    seen = {name: set(kinds[stage.labels(kinds) != OUTSIDE]) for name, stage in STAGES.items()}
    assert seen["stage1"] == set(Partition) - {Partition.HORZ_4, Partition.VERT_4}
    assert seen["stage2"] == seen["stage1"] - {Partition.NONE}
    assert seen["stage3_rect"] | seen["stage3_ab"] == seen["stage2"] - {Partition.SPLIT}
    assert not seen["stage3_rect"] & seen["stage3_ab"]


@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
def test_labels_cover_every_class(stage):
    labels = stage.labels(np.arange(len(Partition)))
    assert set(labels.tolist()) - {OUTSIDE} == set(range(len(stage.classes)))
    assert len(stage.classes) == len(stage.members)
