"""Frozen parts of a backbone on 1×1 maps, as functions of rows (M, C) with their gradients written out.

There a residual block is a few matrix products, squeeze-excitation is two, and spatial attention one number a row. What
a frozen part has to give back is the gradient of its input alone: written out, that is the same products with the same
matrices, and a third of the memory traffic of what autograd would record.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from timm.layers import SEModule
from timm.layers.cbam import SpatialAttn
from timm.models.resnet import BasicBlock, Bottleneck
from torch import Tensor, nn

from av1core.models.backbone import LAYERS, Backbone
from av1core.models.fast_forms import FoldedBatchNorm2d
from av1core.models.small_maps import MatrixConv2d


class Affine(NamedTuple):
    """x·matrixᵀ + shift of rows x. matrix: (C_out, C_in). shift: (C_out,) or None.

    back: the matrix once more, for the gradient's product with it. Its columns lie side by side in memory, so that this
    product is of the same kind as that of x, where a row's result does not depend on how many rows there are.
    """

    matrix: Tensor
    shift: Tensor | None
    back: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """x: (M, C_in) → (M, C_out)."""
        return F.linear(x, self.matrix, self.shift)


class FrozenRows:
    """The parts of a backbone from a layer on, in their fast form and frozen: rows (M, C) → rows, part by part."""

    def __init__(self, backbone: Backbone, layers: Sequence[str], dtype: torch.dtype):
        """layers: those of LAYERS to serve, see `serves`. dtype: of the rows; float32, or bfloat16 for speed."""
        self.blocks: dict[str, list[tuple[list[Affine], Affine | None]]] = {}
        self.gates: dict[str, tuple[Affine, Affine] | None] = {}
        for layer in layers:
            blocks = getattr(backbone, layer)
            self.blocks[layer] = [
                (
                    [_affine(convolution, dtype) for convolution in _convolutions(block)],
                    _affine(_shortcut(block), dtype) if block.downsample is not None else None,
                )
                for block in blocks
            ]
            se = backbone.se[layer]
            self.gates[layer] = (_affine(se.fc1, dtype), _affine(se.fc2, dtype)) if isinstance(se, SEModule) else None
        self.attention: tuple[Tensor, float] | None = None
        if isinstance(backbone.attention, SpatialAttn):
            self.attention = _attention(backbone.attention)

    def run(self, rows: Tensor, layer: str) -> Tensor:
        """A residual layer with its gate: (M, C_in) → (M, C_out)."""
        for chain, shortcut in self.blocks[layer]:
            rows = _Block.apply(rows, chain, shortcut)
        gate = self.gates[layer]
        return rows if gate is None else _Gate.apply(rows, *gate)

    def attend(self, rows: Tensor) -> Tensor:
        """Spatial attention over the one position that there is: (M, C) → (M, C)."""
        return rows if self.attention is None else _Attention.apply(rows, *self.attention)


def serves(backbone: Backbone, before: str, layers: Sequence[str]) -> bool:
    """Whether all that follows the part `before`, namely these layers, is of the kind that is written out.

    So it is for frozen layers of a backbone in its fast form that are given 1×1 maps.
    """
    if before not in LAYERS:
        return False
    last = getattr(backbone, before)[-1]
    if not isinstance(last, BasicBlock | Bottleneck):
        return False
    convolution = _convolutions(last)[-1]
    blocks = [block for layer in layers for block in getattr(backbone, layer)]
    gates = [backbone.se[layer] for layer in layers]
    return (
        isinstance(convolution, MatrixConv2d)
        and convolution.outputs == (1, 1)
        and all(_plain(block) for block in blocks)
        and all(isinstance(gate, SEModule | nn.Identity) for gate in gates)
    )


def _plain(block: nn.Module) -> bool:
    if not isinstance(block, BasicBlock | Bottleneck) or block.se is not None or block.drop_path is not None:
        return False
    convolutions = [*_convolutions(block), *([] if block.downsample is None else [_shortcut(block)])]
    dense = all(isinstance(c, MatrixConv2d) and c.matrix is not None and c.groups == 1 for c in convolutions)
    # Any other normalisation or activation, as some backbones have them, is not written out.
    known = MatrixConv2d | FoldedBatchNorm2d | nn.ReLU | nn.AvgPool2d | nn.Identity
    steps = [module for module in block.modules() if not list(module.children())]
    pools = (block.drop_block, block.aa)
    return dense and all(isinstance(s, known) for s in steps) and all(isinstance(p, nn.Identity) for p in pools)


def _convolutions(block: BasicBlock | Bottleneck) -> list[nn.Module]:
    return [block.conv1, block.conv2, *([block.conv3] if isinstance(block, Bottleneck) else [])]


def _shortcut(block: BasicBlock | Bottleneck) -> nn.Module:
    """Its one convolution; the pooling that some have before it does nothing to a 1×1 map."""
    return next(module for module in block.downsample if isinstance(module, nn.Conv2d))


def _affine(convolution: MatrixConv2d, dtype: torch.dtype) -> Affine:
    matrix, shift = convolution.matrix.to(dtype), convolution.shift
    return Affine(matrix, None if shift is None else shift.to(dtype), matrix.mT.contiguous().mT)


def _attention(attention: SpatialAttn) -> tuple[Tensor, Tensor]:
    """Weights (2,) of a row's mean and maximum before the gate, and the constant beside them."""
    matrix, norm = attention.conv.conv.matrix, attention.conv.bn
    scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
    return (matrix[0] * scale).detach(), (norm.bias - norm.running_mean * scale).detach()


class _Block(torch.autograd.Function):
    """relu(x·Wₙ…relu(x·W₁) + shortcut(x)) of frozen matrices."""

    @staticmethod
    def forward(ctx, x: Tensor, chain: list[Affine], shortcut: Affine | None) -> Tensor:
        hidden = [chain[0](x).relu_()]
        for affine in chain[1:-1]:
            hidden.append(affine(hidden[-1]).relu_())
        last = chain[-1]
        out = x + last.shift if shortcut is None else shortcut(x).add_(last.shift)
        out.addmm_(hidden[-1], last.matrix.t()).relu_()
        ctx.chain, ctx.shortcut = chain, shortcut
        ctx.save_for_backward(out, *hidden)
        return out

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        out, *hidden = ctx.saved_tensors
        gradient = torch.ops.aten.threshold_backward(gradient, out, 0)
        inside = gradient
        for affine, passed in zip(reversed(ctx.chain[1:]), reversed(hidden), strict=True):
            inside = torch.ops.aten.threshold_backward(inside @ affine.back, passed, 0)
        through = gradient if ctx.shortcut is None else gradient @ ctx.shortcut.back
        return through.addmm_(inside, ctx.chain[0].back), None, None


class _Gate(torch.autograd.Function):
    """x · sigmoid(relu(x·W₁)·W₂) of frozen matrices: squeeze-excitation of one position."""

    @staticmethod
    def forward(ctx, x: Tensor, squeeze: Affine, excite: Affine) -> Tensor:
        hidden = squeeze(x).relu_()
        gate = excite(hidden).sigmoid_()
        ctx.matrices = squeeze.back, excite.back
        ctx.save_for_backward(x, hidden, gate)
        return x * gate

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, hidden, gate = ctx.saved_tensors
        squeeze, excite = ctx.matrices
        of_gate = torch.ops.aten.sigmoid_backward(gradient * x, gate)
        of_hidden = torch.ops.aten.threshold_backward(of_gate @ excite, hidden, 0)
        return (gradient * gate).addmm_(of_hidden, squeeze), None, None


_COPIES = 32
"""Numbers that a CPU's elementwise kernels take at once, or a multiple of that."""


class _Attention(torch.autograd.Function):
    """x · sigmoid(w₀·mean(x) + w₁·max(x) + b), over the channels of each row."""

    @staticmethod
    def forward(ctx, x: Tensor, weights: Tensor, constant: Tensor) -> Tensor:
        largest = x.amax(1, keepdim=True)
        before = weights[0] * x.mean(1, keepdim=True) + weights[1] * largest + constant
        # Of copies side by side: the last few numbers of a tensor are computed by other code, and a row's place among
        # all rows would tell in its last bit.
        gate = before.expand(-1, _COPIES).contiguous().sigmoid_()[:, :1].to(x.dtype)
        ctx.weights = weights
        ctx.save_for_backward(x, largest, gate)
        return x * gate

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, largest, gate = ctx.saved_tensors
        of_gate = (gradient * x).sum(1, keepdim=True)
        before = torch.ops.aten.sigmoid_backward(of_gate, gate)
        # As autograd has it: channels that share the maximum share its gradient.
        top = (x == largest).to(x.dtype)
        to_top = (before * ctx.weights[1] / top.sum(1, keepdim=True)).to(x.dtype)
        inside = torch.addcmul((before * ctx.weights[0] / x.shape[1]).to(x.dtype), top, to_top)
        return inside.addcmul_(gradient, gate), None, None
