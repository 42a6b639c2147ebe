"""The AV1 partition vocabulary: types, node sizes, the hierarchy's stages and the geometry of each type.

Partition types and block sizes are numbered as in the AV1 specification (section 6.10.4, "Decode partition
semantics"). This is the only copy of these tables.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

import numpy as np

OUTSIDE = -1
"""Label of a block that a stage does not see."""

NODE_SIZES = (8, 16, 32, 64)
"""Sides in pixels of the tree nodes that a dataset stores."""

MODEL_SIZE = 16
"""Side in pixels of the blocks that the hierarchy predicts."""

MI_SIZE = 4
"""Side in pixels of AV1's mode-info unit."""


LUMA_MAX = 1023
"""Largest luma value: the Lab keeps every picture at 10 bits."""


class Partition(IntEnum):
    """How a square node is cut, numbered as in the bitstream."""

    NONE = 0
    HORZ = 1
    VERT = 2
    SPLIT = 3
    HORZ_A = 4
    HORZ_B = 5
    VERT_A = 6
    VERT_B = 7
    HORZ_4 = 8
    VERT_4 = 9


Mirror = Literal["horizontal", "vertical", "transpose"]
"""A reflection of a square block: left and right change places, top and bottom do, or rows and columns do."""

BLOCK_SIZES: tuple[tuple[int, int], ...] = (
    (4, 4), (4, 8), (8, 4), (8, 8), (8, 16), (16, 8), (16, 16), (16, 32), (32, 16), (32, 32), (32, 64),
    (64, 32), (64, 64), (64, 128), (128, 64), (128, 128), (4, 16), (16, 4), (8, 32), (32, 8), (16, 64), (64, 16),
)  # fmt: skip
"""(width, height) in pixels of each BLOCK_SIZE number."""


@dataclass(frozen=True)
class Stage:
    """One decision of the hierarchy: its classes, and the partition types that fall into each."""

    name: str
    title: str
    classes: tuple[str, ...]
    members: tuple[tuple[Partition, ...], ...]

    def labels(self, partitions: np.ndarray) -> np.ndarray:
        """Class index of each partition type, int8, OUTSIDE where the stage does not see the block.

        partitions: integers 0–9 of any shape.
        """
        table = np.full(len(Partition), OUTSIDE, np.int8)
        for index, types in enumerate(self.members):
            table[list(types)] = index
        return table[partitions]

    def class_of(self, partition: "Partition") -> str | None:
        """Name of the class that a partition type falls into, or None if the stage does not see it."""
        return next((name for name, kinds in zip(self.classes, self.members, strict=True) if partition in kinds), None)

    def permutation(self, mirror: Mirror) -> tuple[int, ...]:
        """The class of each class's mirror image: a block of class c, mirrored, is of class `permutation(mirror)[c]`.

        Raises ValueError for a stage that has a class without such an image.
        """
        images = (set(self.labels(np.array([mirrored(kind, mirror) for kind in kinds]))) for kinds in self.members)
        return tuple(int(image) for (image,) in images)


_RECT = (Partition.HORZ, Partition.VERT)
_AB = (Partition.HORZ_A, Partition.HORZ_B, Partition.VERT_A, Partition.VERT_B)

STAGES: dict[str, Stage] = {
    stage.name: stage
    for stage in (
        Stage("stage1", "Stage 1", ("NONE", "PARTITION"), ((Partition.NONE,), (Partition.SPLIT, *_RECT, *_AB))),
        Stage("stage2", "Stage 2", ("SPLIT", "RECT", "AB"), ((Partition.SPLIT,), _RECT, _AB)),
        Stage("stage3_rect", "Stage 3 RECT", ("HORZ", "VERT"), tuple((p,) for p in _RECT)),
        Stage("stage3_ab", "Stage 3 AB", tuple(p.name for p in _AB), tuple((p,) for p in _AB)),
    )
}
"""The hierarchy. HORZ_4 and VERT_4 lie outside it."""


def sub_blocks(partition: Partition, size: int) -> tuple[tuple[int, int, int, int], ...]:
    """The blocks that a partition cuts a node into, as (row, col, height, width) in pixels from its corner.

    size: side of the node in pixels, 8 to 128. SPLIT gives the four child nodes.
    """
    half, quarter = size // 2, size // 4
    match partition:
        case Partition.NONE:
            return ((0, 0, size, size),)
        case Partition.HORZ:
            return ((0, 0, half, size), (half, 0, half, size))
        case Partition.VERT:
            return ((0, 0, size, half), (0, half, size, half))
        case Partition.SPLIT:
            return tuple((row, col, half, half) for row in (0, half) for col in (0, half))
        case Partition.HORZ_A:
            return ((0, 0, half, half), (0, half, half, half), (half, 0, half, size))
        case Partition.HORZ_B:
            return ((0, 0, half, size), (half, 0, half, half), (half, half, half, half))
        case Partition.VERT_A:
            return ((0, 0, half, half), (half, 0, half, half), (0, half, size, half))
        case Partition.VERT_B:
            return ((0, 0, size, half), (0, half, half, half), (half, half, half, half))
        case Partition.HORZ_4:
            return tuple((row * quarter, 0, quarter, size) for row in range(4))
        case Partition.VERT_4:
            return tuple((0, col * quarter, size, quarter) for col in range(4))


def mirrored(partition: Partition, mirror: Mirror) -> Partition:
    """The partition whose sub-blocks are the mirror images of this one's."""
    size = MODEL_SIZE
    images = set()
    for row, col, height, width in sub_blocks(partition, size):
        match mirror:
            case "horizontal":
                images.add((row, size - col - width, height, width))
            case "vertical":
                images.add((size - row - height, col, height, width))
            case "transpose":
                images.add((col, row, width, height))
    return next(kind for kind in Partition if set(sub_blocks(kind, size)) == images)
