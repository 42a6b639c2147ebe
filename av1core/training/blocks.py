"""The blocks of a run on its device, and the features of a frozen backbone that are computed once and kept."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from av1core.dataset.blocks import StageBlocks
from av1core.models.stage import StageModel, to_input
from av1core.training.augment import Augmenter

EVALUATION_BATCH = 512
"""Blocks that pass through a network at once where nothing is learnt from them."""

MOST_FEATURES = 4 << 30
"""Bytes of features that are kept at most; a run that has more computes them anew in each step."""


@dataclass(frozen=True)
class BlockTensors:
    """N blocks on the training device: pixels int16 (N, S, S) in 0–1023, labels int64 (N,), qindex int16 (N,)."""

    pixels: Tensor
    labels: Tensor
    qindex: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, chosen: Tensor | slice) -> "BlockTensors":
        """The blocks of those indices."""
        return BlockTensors(self.pixels[chosen], self.labels[chosen], self.qindex[chosen])


def to_device(blocks: StageBlocks, device: torch.device) -> BlockTensors:
    """The blocks as tensors of that device; pixels as int16, which every device can index."""
    arrays = (blocks.pixels.astype(np.int16), blocks.labels, blocks.qindex)
    return BlockTensors(*(torch.from_numpy(array).to(device) for array in arrays))


@dataclass(frozen=True)
class Features:
    """What the fixed part of a model makes of N blocks, in V mirrored variants: maps (V, N, H, W, C), channels last.

    Variant v has the mirrors whose bits are set in v, see `Augmenter.mirror_pixels`; variant 0 has none.
    """

    maps: Tensor

    def gather(self, chosen: Tensor, variant: Tensor | int = 0) -> Tensor:
        """chosen: indices (…) int64, variant: of each, or of all → (…, C, H, W), channels last in memory."""
        return self.maps[variant, chosen].movedim(-1, -3)


@torch.no_grad()
def keep_features(
    model: StageModel, blocks: BlockTensors, augment: Augmenter | None, cancelled: Callable[[], None] = lambda: None
) -> Features | None:
    """The features of all blocks, or None where they change while the model trains, or take over MOST_FEATURES bytes.

    model: in the form that it trains in; its mode stays, since the fixed part has only one. augment: of the training
    blocks; mirrors alone lead to as many variants as they have combinations. cancelled: called now and then, may raise.
    """
    if not model.fixed or (augment is not None and augment.makes_new_luma):
        return None
    variants = [0] if augment is None else range(2 ** len(augment.mirrors))
    first = model.features(to_input(blocks.pixels[:1]))
    _, channels, height, width = first.shape
    shape = (len(variants), len(blocks), height, width, channels)
    if first.element_size() * torch.Size(shape).numel() > MOST_FEATURES:
        return None
    maps = torch.empty(shape, dtype=first.dtype, device=first.device)
    for variant, start in itertools.product(variants, range(0, len(blocks), EVALUATION_BATCH)):
        cancelled()
        part = slice(start, start + EVALUATION_BATCH)
        pixels = blocks.pixels[part]
        if augment is not None:
            pixels = augment.mirror_pixels(pixels, torch.full((len(pixels),), variant, device=pixels.device))
        maps[variant, part] = model.features(to_input(pixels)).permute(0, 2, 3, 1)
    return Features(maps)
