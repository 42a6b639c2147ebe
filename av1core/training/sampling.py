"""Which training blocks an epoch sees, drawn on the device without a loader."""

from typing import Literal

import torch
from torch import Tensor

Sampling = Literal["class_balanced", "natural"]


class Sampler:
    """Draws the block indices of one epoch from a generator.

    `class_balanced` draws a class uniformly and then a block of it, with replacement; `natural` shuffles the blocks and
    starts over when they are used up.
    """

    def __init__(self, labels: Tensor, classes: int, kind: Sampling):
        """labels: (N,) int64, every class present."""
        self.kind = kind
        self.order = torch.argsort(labels, stable=True)
        self.counts = torch.bincount(labels, minlength=classes)
        self.starts = torch.cumsum(self.counts, 0) - self.counts

    def epoch(self, blocks: int, generator: torch.Generator) -> Tensor:
        """Indices (blocks,) int64 on the labels' device."""
        device = self.order.device
        if self.kind == "class_balanced":
            classes = torch.randint(len(self.counts), (blocks,), device=device, generator=generator)
            # float64: float32 could not tell the blocks of a class of more than 2^24 apart.
            within = torch.rand(blocks, device=device, dtype=torch.float64, generator=generator)
            return self.order[self.starts[classes] + (within * self.counts[classes]).long()]
        rounds = -(-blocks // len(self.order))
        shuffled = [torch.randperm(len(self.order), device=device, generator=generator) for _ in range(rounds)]
        return torch.cat(shuffled)[:blocks]
