"""The fast form of a stage model for one block size: the same function, up to rounding, and the same checkpoints.

What it changes is taken back by `to_plain`: small-map convolutions become matrix products, the BatchNorms of frozen
parts in eval mode are folded into the convolutions before them, and feature maps keep their channels side by side in
memory.
"""

import copy
from collections.abc import Iterable, Iterator
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from av1core.models.backbone import PARTS
from av1core.models.block_adapter import BlockAdapter
from av1core.models.small_maps import MatrixConv2d, folded, use_matrix, use_ordinary
from av1core.models.stage import StageModel


class RowBatchNorm2d(nn.BatchNorm2d):
    """BatchNorm2d over the map as one column of positions, for which its kernels are fast whatever the map's size."""

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, C, H, W) → the same shape."""
        if self.training:
            self.num_batches_tracked.add_(1)
        return _RowBatchNorm.apply(
            x, self.weight, self.bias, self.running_mean, self.running_var, self.training, self.momentum, self.eps
        )


class _RowBatchNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias, mean, variance, training, momentum, eps) -> Tensor:
        column = _column(x)
        # No view of another tensor, since what comes next may work in place.
        out = torch.empty(x.shape, dtype=x.dtype, device=x.device, memory_format=torch.channels_last)
        saved = [torch.empty(x.shape[1] if training else 0, dtype=weight.dtype, device=x.device) for _ in range(2)]
        torch.native_batch_norm(
            column, weight, bias, mean, variance, training, momentum, eps, out=(_column(out), *saved)
        )  # fmt: skip
        ctx.training, ctx.eps = training, eps
        ctx.save_for_backward(column, weight, mean, variance, *saved)
        return out

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        column, weight, mean, variance, *of_batch = ctx.saved_tensors
        wanted = list(ctx.needs_input_grad[:3])
        of_x, of_weight, of_bias = torch.ops.aten.native_batch_norm_backward(
            _column(gradient), column, weight, mean, variance, *of_batch, ctx.training, ctx.eps, wanted
        )  # fmt: skip
        return of_x if of_x is None else _map(of_x, gradient.shape), of_weight, of_bias, *5 * [None]


def _column(x: Tensor) -> Tensor:
    """(N, C, H, W) → (1, C, N·H·W, 1), a view where channels lie side by side in memory."""
    return x.permute(0, 2, 3, 1).reshape(1, -1, 1, x.shape[1]).permute(0, 3, 1, 2)


def _map(column: Tensor, shape: torch.Size) -> Tensor:
    """The inverse of `_column`."""
    n, c, h, w = shape
    return column.permute(0, 2, 3, 1).reshape(n, h, w, c).permute(0, 3, 1, 2)


class FoldedBatchNorm2d(nn.BatchNorm2d):
    """A frozen BatchNorm whose work the convolution before it does; its state stays for checkpoints."""

    def forward(self, x: Tensor) -> Tensor:
        """The identity."""
        return x


class FoldedConv2d(nn.Conv2d):
    """A frozen convolution that has taken in the BatchNorm after it."""

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, C_in, H, W) → (N, C_out, H', W')."""
        return F.conv2d(x, self.kernel, self.shift, self.stride, self.padding, self.dilation, self.groups)


@torch.no_grad()
def to_fast(model: StageModel, block_size: int) -> StageModel:
    """Give the model its fast form for blocks of block_size × block_size, in place.

    Load weights first: what is folded is as it is now. Parameters that train are then those that act, see MatrixConv2d.
    """
    sizes = input_sizes(model, block_size)
    pairs = dict(_folding(model))
    for convolution, size in sizes.items():
        norm = pairs.get(convolution)
        if use_matrix(convolution, size, norm) or norm is None:
            continue
        scale, shift = folded(convolution, norm)
        convolution.__class__ = FoldedConv2d
        kernel = (convolution.weight * scale[:, None, None, None]).contiguous(memory_format=torch.channels_last)
        convolution.register_buffer("kernel", kernel, persistent=False)
        convolution.register_buffer("shift", shift, persistent=False)
    absorbed = set(pairs.values())
    for module in model.modules():
        if type(module) is nn.BatchNorm2d:
            module.__class__ = FoldedBatchNorm2d if module in absorbed else RowBatchNorm2d
    return model.to(memory_format=torch.channels_last)


def to_inference(model: StageModel, block_size: int) -> StageModel:
    """Freeze the whole model in eval mode and give it its fast form, in place. It cannot be trained or saved any more.

    Every BatchNorm after a convolution is folded into it, those of parts that were trained too.
    """
    model.requires_grad_(False)
    model.unfrozen, model.batchnorm = (), "eval"
    return to_fast(model.eval(), block_size)


@torch.no_grad()
def to_plain(model: StageModel) -> StageModel:
    """Take `to_fast` back, in place, with the weights as they are now."""
    for module in model.modules():
        if isinstance(module, MatrixConv2d):
            use_ordinary(module)
        elif isinstance(module, FoldedConv2d):
            del module.kernel, module.shift
            module._non_persistent_buffers_set.clear()
            module.__class__ = nn.Conv2d
        elif isinstance(module, RowBatchNorm2d | FoldedBatchNorm2d):
            module.__class__ = nn.BatchNorm2d
    return model.to(memory_format=torch.contiguous_format)


def input_sizes(model: StageModel, block_size: int) -> dict[nn.Conv2d, tuple[int, int]]:
    """(height, width) of the map that each plain convolution is given, for blocks of block_size × block_size.

    Those with a dilation, or a padding given by name, are left out.
    """
    # A copy without data: shapes alone pass through it.
    shapes = copy.deepcopy(model).to("meta").eval()
    sizes: dict[str, tuple[int, int]] = {}
    for name, module in shapes.named_modules():
        if type(module) is nn.Conv2d and module.dilation == (1, 1) and not isinstance(module.padding, str):
            module.register_forward_pre_hook(lambda _, inputs, name=name: sizes.update({name: inputs[0].shape[2:]}))
    dtype = next(shapes.parameters()).dtype
    shapes(torch.zeros(2, 1, block_size, block_size, device="meta", dtype=dtype), torch.zeros(2, device="meta"))
    return {model.get_submodule(name): tuple(size) for name, size in sizes.items()}


def _folding(model: StageModel) -> Iterator[tuple[nn.Conv2d, nn.BatchNorm2d]]:
    """The frozen convolutions whose output a BatchNorm in eval mode takes, and nothing else, with that BatchNorm."""
    if model.batchnorm == "train":
        return
    adapters = dict(model.adapters)
    for part in PARTS:
        adapter = adapters.get(part)
        inside = isinstance(adapter, nn.ModuleList) and any(isinstance(a, BlockAdapter) and a.inside for a in adapter)
        # An adapter on a convolution adds to what BatchNorm is given.
        if part in model.unfrozen or inside:
            continue
        for container in model.backbone.part(part).modules():
            yield from _pairs(container.children())


def _pairs(modules: Iterable[nn.Module]) -> Iterator[tuple[nn.Conv2d, nn.BatchNorm2d]]:
    """Convolutions directly before a BatchNorm; a deep stem's last one is inside a Sequential."""
    for before, module in pairwise(modules):
        last = before[-1] if isinstance(before, nn.Sequential) and len(before) else before
        if type(module) is nn.BatchNorm2d and type(last) is nn.Conv2d:
            yield last, module
