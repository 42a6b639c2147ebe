"""Exact linear forms of convolutions on the tiny feature maps of 16×16 blocks.

A stride-32 network turns a 16×16 block into 1×1 maps from layer3 on. Where the output of a convolution is a single
position, the convolution *is* a linear layer over the kernel taps that meet data; the other taps only ever meet zero
padding. The linear form avoids the slow weight gradient of convolution libraries on such maps. Names, shapes and values
of the weights stay those of the ordinary convolution, so checkpoints are interchangeable.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def met_taps(size: int, kernel: int, stride: int, padding: int) -> list[int]:
    """The taps of one kernel axis that meet data at some output position; the others only ever meet padding.

    size, kernel, stride, padding: in pixels of one axis, dilation 1.
    """
    starts = range(-padding, size + padding - kernel + 1, stride)
    return [tap for tap in range(kernel) if any(0 <= start + tap < size for start in starts)]


def live_taps(size: int, kernel: int, stride: int, padding: int) -> slice | None:
    """The taps that meet data if the output is one position wide; None if it is wider, or leaves data out.

    size, kernel, stride, padding: as in `met_taps`.
    """
    outputs = (size + 2 * padding - kernel) // stride + 1
    if outputs != 1 or padding + size > kernel:
        return None
    return slice(padding, padding + size)


class _LiveTaps(torch.autograd.Function):
    """weight[:, :, rows, cols] whose gradient is scattered at once; autograd would fill and copy it twice."""

    @staticmethod
    def forward(ctx, weight: Tensor, rows: slice, cols: slice) -> Tensor:
        ctx.shape, ctx.taps = weight.shape, (rows, cols)
        return weight[:, :, rows, cols].contiguous()

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None, None]:
        whole = gradient.new_zeros(ctx.shape)
        whole[:, :, *ctx.taps] = gradient
        return whole, None, None


class SmallMapConv2d(nn.Conv2d):
    """A Conv2d that computes single-position outputs as a linear layer; every other input as usual."""

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, C_in, H, W) → (N, C_out, H', W'), equal to nn.Conv2d up to rounding."""
        taps = self._taps(x.shape[2], x.shape[3])
        if taps is None:
            return super().forward(x)
        weight = _LiveTaps.apply(self.weight, *taps)
        if self.groups == 1:
            return F.linear(x.flatten(1), weight.flatten(1), self.bias)[:, :, None, None]
        out = (x.reshape(len(x), self.groups, -1) * weight.flatten(1)).sum(2)
        return (out if self.bias is None else out + self.bias)[:, :, None, None]

    def _taps(self, height: int, width: int) -> tuple[slice, slice] | None:
        # One group, or one output channel a group: depth-wise, and the grouped ones of the adapters.
        if self.dilation != (1, 1) or self.padding_mode != "zeros" or self.groups not in (1, self.out_channels):
            return None
        sides = zip((height, width), self.kernel_size, self.stride, self.padding, strict=True)
        rows, cols = (live_taps(*side) for side in sides)
        return None if rows is None or cols is None else (rows, cols)


def use_small_maps(model: nn.Module) -> nn.Module:
    """Give every plain Conv2d of a built model its small-map form, in place. Parameters are untouched."""
    return _swap(model, nn.Conv2d, SmallMapConv2d)


def restore_convolutions(model: nn.Module) -> nn.Module:
    """Take `use_small_maps` back, in place."""
    return _swap(model, SmallMapConv2d, nn.Conv2d)


def _swap(model: nn.Module, old: type[nn.Module], new: type[nn.Module]) -> nn.Module:
    for module in model.modules():
        if type(module) is old and not isinstance(getattr(module, "padding", None), str):
            module.__class__ = new
    return model
