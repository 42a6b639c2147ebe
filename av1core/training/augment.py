"""Augmentation of training batches on the device: mirrors, photometric changes, MixUp and CutMix; the labels follow.

Mirrors act on the integer pixels, where they are exact; what computes new luma acts on the network's input. Every
number is drawn from the generator that is passed in, and nothing waits for the device.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from av1core.models.stage import to_input
from av1core.partition import Mirror, Stage
from av1core.training.randaugment import randaugment
from av1core.training.spec_parts import AugmentationSpec


@dataclass(frozen=True)
class Batch:
    """Network inputs (N, 1, S, S) float32 in [0, 1] and labels (N,) int64.

    Of mixed blocks also the labels of the blocks mixed in, (N,) int64, and the weight of `labels`, (N,) float32 in
    [0, 1]; the other label has what is left of 1.
    """

    inputs: Tensor
    labels: Tensor
    other_labels: Tensor | None = None
    weight: Tensor | None = None

    @staticmethod
    def stacked(batches: Sequence["Batch"]) -> "Batch":
        """The batches of S runs as one whose tensors are (S, N, …)."""
        parts = zip(*(batch._parts for batch in batches), strict=True)
        return Batch(*(None if part[0] is None else torch.stack(part) for part in parts))

    def of_runs(self, first: int, last: int) -> "Batch":
        """The part of some runs of a batch whose tensors are (S, N, …), as one batch of their blocks."""
        return Batch(*(None if part is None else part[first:last].flatten(0, 1) for part in self._parts))

    @property
    def _parts(self) -> tuple[Tensor | None, ...]:
        return self.inputs, self.labels, self.other_labels, self.weight

    @property
    def dominant(self) -> Tensor:
        """The label of each block's larger share, (N,) int64."""
        if self.weight is None:
            return self.labels
        return torch.where(self.weight >= 0.5, self.labels, self.other_labels)

    def loss(self, loss: Callable[[Tensor, Tensor], Tensor], logits: Tensor) -> Tensor:
        """λ·L(y₁) + (1 − λ)·L(y₂) of each block, (N,). loss: maps logits (N, C) and labels (N,) to (N,)."""
        values = loss(logits, self.labels)
        if self.weight is None:
            return values
        return self.weight * values + (1 - self.weight) * loss(logits, self.other_labels)


class Augmenter:
    """Makes a batch of gathered blocks as an AugmentationSpec says; with everything off it draws nothing."""

    def __init__(self, spec: AugmentationSpec, stage: Stage, device: torch.device):
        """stage: whose classes the labels index. device: where the blocks are."""
        self.spec = spec
        wanted: dict[Mirror, bool] = {
            "horizontal": spec.flips,
            "vertical": spec.flips,
            "transpose": spec.transposition,
        }
        self.mirrors = {
            mirror: torch.tensor(stage.permutation(mirror), device=device) for mirror, on in wanted.items() if on
        }

    @property
    def makes_new_luma(self) -> bool:
        """Whether a block may get pixels that no mirror of it has."""
        return self.spec.makes_new_luma

    def draw_variant(self, count: int, generator: torch.Generator) -> Tensor:
        """Which mirrors each of `count` blocks gets, each with probability 1/2: int64 (count,), a bit a mirror."""
        variant = torch.zeros(count, dtype=torch.int64, device=generator.device)
        for bit in range(len(self.mirrors)):
            variant |= (torch.rand(count, device=generator.device, generator=generator) < 0.5).long() << bit
        return variant

    def mirror_pixels(self, pixels: Tensor, variant: Tensor) -> Tensor:
        """Blocks (N, S, S) with the mirrors that `variant` (N,) names."""
        for bit, mirror in enumerate(self.mirrors):
            chosen = (variant >> bit & 1).bool()[:, None, None]
            pixels = torch.where(chosen, mirrored_pixels(pixels, mirror), pixels)
        return pixels

    def mirror_labels(self, labels: Tensor, variant: Tensor) -> Tensor:
        """The labels (…) of blocks with the mirrors that `variant` (…) names."""
        for bit, permutation in enumerate(self.mirrors.values()):
            labels = torch.where((variant >> bit & 1).bool(), permutation[labels], labels)
        return labels

    def __call__(self, pixels: Tensor, labels: Tensor, generator: torch.Generator) -> Batch:
        """pixels int16 (N, S, S) in 0–1023, labels int64 (N,), generator on their device. The tensors stay."""
        spec = self.spec
        if self.mirrors:
            variant = self.draw_variant(len(labels), generator)
            pixels, labels = self.mirror_pixels(pixels, variant), self.mirror_labels(labels, variant)
        inputs = to_input(pixels)
        if spec.randaugment_operations:
            inputs = randaugment(inputs, spec.randaugment_operations, spec.randaugment_magnitude, generator)
        if spec.mixup_alpha or spec.cutmix_alpha:
            return mixed(inputs, labels, spec.mixup_alpha, spec.cutmix_alpha, generator)
        return Batch(inputs, labels)


def mirrored_pixels(pixels: Tensor, mirror: Mirror) -> Tensor:
    """Blocks (…, S, S) mirrored as `av1core.partition.mirrored` mirrors their partitions."""
    match mirror:
        case "horizontal":
            return pixels.flip(-1)
        case "vertical":
            return pixels.flip(-2)
        case "transpose":
            return pixels.transpose(-2, -1)


def mixed(inputs: Tensor, labels: Tensor, mixup_alpha: float, cutmix_alpha: float, generator: torch.Generator) -> Batch:
    """Mix each block with the one before it in the batch, by MixUp, by CutMix, or by one of them for the whole batch.

    inputs: (N, 1, S, S), labels: (N,), in an order drawn at random, so that the neighbour is a random partner and no
    block is its own. λ is drawn for each block, not once a batch as in the papers: it costs the same on a device and
    mixes every batch to many degrees. alphas: at least 0.01, or 0 for off; one of them is on.
    """
    shares = []
    if mixup_alpha:
        shares.append(beta(len(labels), mixup_alpha, generator).view(-1, 1, 1, 1).expand_as(inputs))
    if cutmix_alpha:
        shares.append(outside_boxes(beta(len(labels), cutmix_alpha, generator), inputs.shape[-1], generator))
    share = shares[0]
    if len(shares) == 2:
        share = torch.where(torch.rand((), device=inputs.device, generator=generator) < 0.5, *shares)
    return Batch(inputs.roll(1, 0).lerp(inputs, share), labels, labels.roll(1), share.mean((1, 2, 3)))


def beta(count: int, alpha: float, generator: torch.Generator) -> Tensor:
    """λ ~ Beta(α, α) of MixUp (Zhang et al. 2018, arXiv 1710.09412), (count,) float32 in [0, 1], α at least 0.01.

    torch.distributions takes no generator; the sampler beneath it does.
    """
    # λ = x / (x + y) of gamma variates, which CUDA draws in this type; in float32 both underflow for a small α, and λ
    # is then 1/2.
    alphas = torch.full((count, 2), alpha, dtype=torch.float64, device=generator.device)
    return torch._sample_dirichlet(alphas, generator)[:, 0].float()


def outside_boxes(share: Tensor, side: int, generator: torch.Generator) -> Tensor:
    """1 outside and 0 inside a random box of each block (CutMix: Yun et al. 2019, arXiv 1905.04899).

    share: λ (N,) in [0, 1]. The box is a square of side · √(1 − λ), rounded down to pixels, around a pixel drawn
    uniformly, and ends at the block's edge: the mean of the result is the share that is really left. Returns
    (N, 1, side, side) float32.
    """
    length = (side * (1 - share).sqrt()).long()
    centre = torch.randint(side, (2, len(share)), device=share.device, generator=generator)
    first = centre - length // 2
    place = torch.arange(side, device=share.device)
    inside = (place >= first[..., None]) & (place < (first + length)[..., None])
    return (~(inside[0, :, None, :, None] & inside[1, :, None, None, :])).float()
