from typing import get_args

import numpy as np
import pytest

from av1core.partition import (
    BLOCK_SIZES,
    MODEL_SIZE,
    NODE_SIZES,
    OUTSIDE,
    STAGES,
    Mirror,
    Partition,
    Stage,
    mirrored,
    sub_blocks,
)

MIRRORS = get_args(Mirror)


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


def drawing(partition: Partition) -> np.ndarray:
    """int (16, 16): each sub-block in a value of its own."""
    image = np.empty((MODEL_SIZE, MODEL_SIZE), int)
    for value, (row, col, height, width) in enumerate(sub_blocks(partition, MODEL_SIZE)):
        image[row : row + height, col : col + width] = value
    return image


def edges(image: np.ndarray) -> tuple[list, list]:
    """Between which neighbours, side by side and one above the other, the value changes."""
    return (np.diff(image, axis=1) != 0).tolist(), (np.diff(image, axis=0) != 0).tolist()


@pytest.mark.parametrize("mirror", MIRRORS)
@pytest.mark.parametrize("partition", Partition)
def test_the_mirrored_partition_has_the_edges_of_the_mirrored_picture(partition, mirror):
    picture = {"horizontal": np.fliplr, "vertical": np.flipud, "transpose": np.transpose}[mirror](drawing(partition))
    assert edges(picture) == edges(drawing(mirrored(partition, mirror)))
    assert mirrored(mirrored(partition, mirror), mirror) == partition


def test_flips_exchange_a_and_b_across_their_axis_and_transposition_every_horz_with_its_vert():
    moved = {mirror: {kind.name: mirrored(kind, mirror).name for kind in Partition} for mirror in MIRRORS}
    changed = {mirror: {a: b for a, b in names.items() if a != b} for mirror, names in moved.items()}
    assert changed["horizontal"] == {"VERT_A": "VERT_B", "VERT_B": "VERT_A"}
    assert changed["vertical"] == {"HORZ_A": "HORZ_B", "HORZ_B": "HORZ_A"}
    exchange = {"HORZ": "VERT", "VERT": "HORZ"}
    turned = {
        kind.name: kind.name.replace(kind.name[:4], exchange.get(kind.name[:4], kind.name[:4])) for kind in Partition
    }
    assert moved["transpose"] == turned


@pytest.mark.parametrize("mirror", MIRRORS)
@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
def test_a_mirrored_block_has_the_permuted_class(stage, mirror):
    permutation = np.array(stage.permutation(mirror))
    seen = [kind for kind in Partition if stage.labels(np.array(kind)) != OUTSIDE]
    images = [mirrored(kind, mirror) for kind in seen]
    assert np.array_equal(permutation[stage.labels(np.array(seen))], stage.labels(np.array(images)))
    assert sorted(permutation) == list(range(len(stage.classes)))
    assert np.array_equal(permutation[permutation], np.arange(len(stage.classes)))


def test_a_stage_that_tears_mirror_images_apart_has_no_permutation():
    torn = Stage("torn", "Torn", ("a", "b"), ((Partition.HORZ_A, Partition.HORZ), (Partition.HORZ_B,)))
    with pytest.raises(ValueError):
        torn.permutation("vertical")
