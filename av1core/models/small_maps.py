"""Exact matrix forms of convolutions on the tiny feature maps of 16×16 blocks.

A stride-32 network turns a 16×16 block into 2×2 maps in layer2 and 1×1 maps from layer3 on. Where every output position
of a convolution sees every input position that it uses, the convolution *is* one matrix product over the kernel taps
that meet data; the other taps only ever meet zero padding. Convolution libraries are slow on such maps, the more so for
weight gradients. The taps that never act are no parameter of the matrix form: they need no gradient and no optimiser
state, and keep the values that they began with (an optimiser's weight decay would only shrink them). State dictionaries
keep the names, shapes and values of the ordinary convolution, so checkpoints are interchangeable.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def met_taps(size: int, kernel: int, stride: int, padding: int) -> list[int]:
    """The taps of one kernel axis that meet data at some output position; the others only ever meet padding.

    size, kernel, stride, padding: in pixels of one axis, dilation 1.
    """
    return sorted({tap for taps in _taps(size, kernel, stride, padding) for tap in taps if tap is not None})


def _taps(size: int, kernel: int, stride: int, padding: int) -> list[list[int | None]]:
    """For each output position, the tap that meets each input position; None where none does."""
    starts = range(-padding, size + padding - kernel + 1, stride)
    taps = [[position - start for position in range(size)] for start in starts]
    return [[tap if 0 <= tap < kernel else None for tap in row] for row in taps]


def full_axis(size: int, kernel: int, stride: int, padding: int) -> list[list[int]] | None:
    """As `_taps`, of the input positions that are used, where every output sees every one of them; else None."""
    taps = _taps(size, kernel, stride, padding)
    used = [position for position in range(size) if any(row[position] is not None for row in taps)]
    # The positions that a stride leaves out must be the last ones, so that the rest can be cut off.
    if used != list(range(len(used))) or any(None in row[: len(used)] for row in taps):
        return None
    return [row[: len(used)] for row in taps]


class _Spread(torch.autograd.Function):
    """Taps (T, O, I) → the matrix (P·O, Q·I) that holds, for output p and input q, the tap that `table[p, q]` names."""

    @staticmethod
    def forward(ctx, taps: Tensor, table: Tensor) -> Tensor:
        ctx.shape, ctx.table = taps.shape, table
        outputs, inputs = table.shape
        return taps[table].permute(0, 2, 1, 3).reshape(outputs * taps.shape[1], inputs * taps.shape[2])

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:
        (count, out, inside), (outputs, inputs) = ctx.shape, ctx.table.shape
        of_pairs = gradient.view(outputs, out, inputs, inside).transpose(1, 2).reshape(outputs * inputs, -1)
        # A product with zeros and ones adds in a fixed order on every device.
        met = ctx.table.flatten() == torch.arange(count, device=gradient.device)[:, None]
        return (met.to(gradient.dtype) @ of_pairs).view(ctx.shape), None


class MatrixConv2d(nn.Conv2d):
    """A Conv2d for maps of one size as a matrix product; made of an ordinary one by `use_matrix`.

    A trainable weight holds the live taps alone: (O, T·I) where the output has one position, else (T, O, I). A frozen
    one stays as it is beside its matrix, into which a BatchNorm in eval mode may be folded.
    """

    size: tuple[int, int]
    used: tuple[int, int]
    outputs: tuple[int, int]

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, C_in, H, W) of the size it was made for → (N, C_out, H', W'), equal to nn.Conv2d up to rounding.

        ValueError for maps of another size.
        """
        if x.shape[2:] != self.size:
            raise ValueError(f"made for maps of {self.size}, and this one is {tuple(x.shape[2:])}")
        # Rows of positions, each with its channels side by side: a view where channels come last in memory.
        rows = x[:, :, : self.used[0], : self.used[1]].permute(0, 2, 3, 1).flatten(1)
        matrix, shift = self._matrix()
        if self.groups == 1:
            out = F.linear(rows, matrix, shift)
        else:
            inputs = matrix.view(self.groups, -1, self.in_channels // self.groups).transpose(0, 1)
            out = (rows.view(len(x), -1, self.groups, inputs.shape[2]) * inputs).sum((1, 3))
            out = out if shift is None else out + shift
        return out.view(len(x), *self.outputs, self.out_channels).permute(0, 3, 1, 2)

    def _matrix(self) -> tuple[Tensor, Tensor | None]:
        if self.matrix is not None:
            return self.matrix, self.shift
        places = len(self.table)
        matrix = self.weight if places == 1 else _Spread.apply(self.weight, self.table)
        return matrix, self.bias if self.bias is None or places == 1 else self.bias.repeat(places)

    def _live(self, weight: Tensor) -> Tensor:
        """The taps of an ordinary weight (O, I, K, K) that act, in this form's layout."""
        live = weight.flatten(2)[:, :, self.taps]
        if len(self.table) == 1:
            return live.transpose(1, 2).flatten(1)
        return live.permute(2, 0, 1).contiguous()

    def _ordinary(self) -> Tensor:
        """The ordinary weight (O, I, K, K)."""
        if self.matrix is not None:
            return self.weight
        whole, weight = self.whole.clone(memory_format=torch.contiguous_format), self.weight.detach()
        if len(self.table) == 1:
            live = weight.view(len(weight), len(self.taps), -1).transpose(1, 2)
        else:
            live = weight.permute(1, 2, 0)
        whole.flatten(2)[:, :, self.taps] = live
        return whole

    def _save_to_state_dict(self, destination, prefix, keep_vars) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[f"{prefix}weight"] = self._ordinary().detach()

    def _load_from_state_dict(self, state_dict, prefix, *rest) -> None:
        key = f"{prefix}weight"
        if self.matrix is None and key in state_dict:
            self.whole.copy_(state_dict[key])
            state_dict[key] = self._live(self.whole)
        super()._load_from_state_dict(state_dict, prefix, *rest)


def use_matrix(convolution: nn.Conv2d, size: tuple[int, int], norm: nn.BatchNorm2d | None = None) -> bool:
    """Give an ordinary Conv2d its matrix form for maps of this height and width, in place, where it has one.

    Its dilation must be 1 and its padding given in pixels. norm: a BatchNorm in eval mode that follows a frozen
    convolution and is folded into it. Returns whether it was done.
    The frozen are as they were when this was called: load weights before.
    """
    sides = zip(size, convolution.kernel_size, convolution.stride, convolution.padding, strict=True)
    rows, cols = (full_axis(*side) for side in sides)
    dense = convolution.groups == 1
    single = rows is not None and cols is not None and len(rows) * len(cols) == 1
    if rows is None or cols is None or not (dense or (single and convolution.groups == convolution.out_channels)):
        return False
    across = convolution.kernel_size[1]
    table = [[r * across + c for r in row for c in col] for row in rows for col in cols]
    taps = sorted({tap for row in table for tap in row})
    device = convolution.weight.device
    convolution.__class__ = MatrixConv2d
    convolution.size, convolution.used = tuple(size), (len(rows[0]), len(cols[0]))
    convolution.outputs = (len(rows), len(cols))
    buffers = {
        "taps": torch.tensor(taps, device=device),
        "table": torch.tensor([[taps.index(tap) for tap in row] for row in table], device=device),
        "whole": None,
        "matrix": None,
        "shift": None,
    }
    for name, buffer in buffers.items():
        convolution.register_buffer(name, buffer, persistent=False)
    weight = convolution.weight
    if weight.requires_grad:
        convolution.whole = weight.detach().clone()
        convolution.weight = nn.Parameter(convolution._live(weight.detach()))
    else:
        scale, shift = folded(convolution, norm)
        places = len(table)
        live = convolution._live(weight if scale is None else weight * scale[:, None, None, None])
        convolution.matrix = live if places == 1 else _Spread.apply(live, convolution.table)
        convolution.shift = None if shift is None else shift.repeat(places)
    return True


def use_ordinary(convolution: MatrixConv2d) -> None:
    """Take `use_matrix` back, in place; a BatchNorm that was folded in has to act again."""
    ordinary = convolution._ordinary()
    if convolution.matrix is None:
        convolution.weight = nn.Parameter(ordinary)
    for name in ("taps", "table", "whole", "matrix", "shift"):
        del convolution._buffers[name]
        convolution._non_persistent_buffers_set.discard(name)
    del convolution.size, convolution.used, convolution.outputs
    convolution.__class__ = nn.Conv2d


@torch.no_grad()
def folded(convolution: nn.Conv2d, norm: nn.BatchNorm2d | None) -> tuple[Tensor | None, Tensor | None]:
    """Scale of a convolution's weight, and bias, both (O,), that make it one with the BatchNorm in eval mode after it.

    None stands for a scale of 1 and for no bias.
    """
    if norm is None:
        return None, convolution.bias
    scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
    bias = 0 if convolution.bias is None else convolution.bias
    return scale, norm.bias + (bias - norm.running_mean) * scale
