"""Several adapted models on one frozen backbone, side by side: what they share at once, what is their own in one go.

It serves models whose fixed part (`StageModel.fixed`) ends on 1×1 maps: there an adapter of the thesis is two matrix
products, a BatchNorm and one factor a channel, and those of S models are batched matrix products. Each model's numbers
are those that it would have alone, since no operation mixes models, and a batched product computes each of its matrices
as it would a single one.
"""

from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from av1core.models.adapter import ConvAdapter
from av1core.models.backbone import PARTS
from av1core.models.heads import CosineHead
from av1core.models.rows import FrozenRows, serves
from av1core.models.stage import StageModel


class Single:
    """One model of any kind behind the interface of `SideBySide`."""

    def __init__(self, model: StageModel):
        self.models = [model]

    def train(self, mode: bool) -> None:
        """As nn.Module.train."""
        self.models[0].train(mode)

    def finish(self, features: Tensor, qindex: Tensor) -> Tensor:
        """features: (1, N, C, H, W), qindex: (1, N) → logits (1, N, classes)."""
        return self.models[0].finish(features[0], qindex[0])[None]

    def clear_gradients(self) -> None:
        """Before a backward pass."""
        for parameter in self.models[0].parameters():
            parameter.grad = None

    def hand_out_gradients(self) -> None:
        """After a backward pass; here they are where they belong."""


class SideBySide:
    """S models in their fast form, whose trainable parameters become slices of stacked ones, in place.

    An optimiser of a model's own parameters goes on working; `hand_out_gradients` gives them their gradients.
    """

    def __init__(self, models: Sequence[StageModel], dtype: torch.dtype = torch.float32):
        """models: alike in all but the values of their trainable parameters; the first one's backbone serves all.

        dtype: of the large matrix products; statistics, weights and logits are float32 in any case.
        """
        self.models, self.dtype = list(models), dtype
        shared = self.models[0]
        self.fixed, self.rest, self.training = shared.fixed, PARTS[len(shared.fixed) :], True
        self.frozen = FrozenRows(shared.backbone, self.rest, dtype)
        self.adapters = {
            part: _Adapters([model.adapters[part] for model in self.models]) for part in shared.adapters
        }  # fmt: skip
        heads = [model.head for model in self.models]
        self.cosine_scale = heads[0].scale if isinstance(heads[0], CosineHead) else None
        self.head_weight = Stacked([head.weight for head in heads])
        self.head_bias = None if heads[0].bias is None else Stacked([head.bias for head in heads])

    def train(self, mode: bool) -> None:
        """As nn.Module.train; the shared backbone is in eval mode either way."""
        self.training = mode
        for model in self.models:
            model.train(mode)

    def finish(self, features: Tensor, qindex: Tensor) -> Tensor:
        """features: (S, N, C, 1, 1), qindex: (S, N) → logits (S, N, classes), as `StageModel.finish` of each."""
        rows = features.flatten(2).to(self.dtype)
        for part in (*self.fixed[-1:], *self.rest):
            if part in self.rest:
                rows = self.frozen.run(rows.flatten(0, 1), part).unflatten(0, rows.shape[:2])
            if part in self.adapters:
                rows = self.adapters[part](rows, self.training)
        pooled = self.frozen.attend(rows.flatten(0, 1)).unflatten(0, rows.shape[:2]).float()
        if self.training and any(model.dropout.p for model in self.models):
            pooled = pooled * torch.stack([model.dropout.mask(pooled[0]) for model in self.models])
        pooled = self.models[0].with_qindex(pooled, qindex)
        weight = self.head_weight.values
        if self.cosine_scale is not None:
            return self.cosine_scale * torch.bmm(F.normalize(pooled, dim=2), F.normalize(weight, dim=2).mT)
        logits = torch.bmm(pooled, weight.mT)
        return logits if self.head_bias is None else logits + self.head_bias.values[:, None]

    def clear_gradients(self) -> None:
        """Before a backward pass."""
        for stacked in self._stacked():
            stacked.values.grad = None

    def hand_out_gradients(self) -> None:
        """After a backward pass: each parameter gets its slice."""
        for stacked in self._stacked():
            for parameter, gradient in zip(stacked.parameters, stacked.values.grad.unbind(), strict=True):
                parameter.grad = gradient

    def _stacked(self) -> Iterator["Stacked"]:
        for adapter in self.adapters.values():
            yield from adapter.stacked
        yield self.head_weight
        if self.head_bias is not None:
            yield self.head_bias


class Stacked:
    """One parameter of S models: `values` (S, …) is a leaf, and each model's own parameter is a slice of it."""

    def __init__(self, parameters: Sequence[nn.Parameter]):
        self.parameters = list(parameters)
        self.values = torch.stack([parameter.detach() for parameter in parameters]).requires_grad_()
        for parameter, part in zip(parameters, self.values.detach(), strict=True):
            parameter.data = part


class _Adapters:
    """The thesis's adapter of S models on rows (S, N, C), see ConvAdapter."""

    def __init__(self, adapters: Sequence[ConvAdapter]):
        names = ("down.weight", "bn.weight", "bn.bias", "depthwise.weight", "up.weight", "alpha")
        self.stacked = [Stacked([adapter.get_parameter(name) for adapter in adapters]) for name in names]
        self.norms = [adapter.bn for adapter in adapters]
        buffers = {name: [getattr(norm, name) for norm in self.norms] for name in ("running_mean", "running_var")}
        self.running_mean, self.running_var = (torch.stack(values) for values in buffers.values())
        for name, values in zip(buffers, (self.running_mean, self.running_var), strict=True):
            for norm, part in zip(self.norms, values, strict=True):
                setattr(norm, name, part)

    def __call__(self, rows: Tensor, training: bool) -> Tensor:
        values = [stacked.values for stacked in self.stacked]
        eps = self.norms[0].eps
        if not training:
            down, weight, bias, depthwise, up, alpha = values
            scale = weight * torch.rsqrt(self.running_var + eps)
            hidden = torch.bmm(rows, down.to(rows.dtype).mT).float()
            hidden = torch.addcmul((bias - self.running_mean * scale)[:, None], hidden, scale[:, None]).relu_()
            hidden = hidden.mul_(depthwise.mT).relu_().mul_(alpha[:, None, None])
            return torch.baddbmm(rows, hidden.to(rows.dtype), up.to(rows.dtype).mT)
        out, mean, variance = _Adapter.apply(rows, *values, eps)
        momentum, blocks = self.norms[0].momentum, rows.shape[1]
        self.running_mean.lerp_(mean, momentum)
        self.running_var.lerp_(variance * (blocks / (blocks - 1)), momentum)
        for norm in self.norms:
            norm.num_batches_tracked += 1
        return out


class _Adapter(torch.autograd.Function):
    """x + α·up(relu(d·relu(BatchNorm(down(x))))) in train mode, and the mean and variance (S, hidden) of each model.

    Written out, since what autograd would record passes through memory twice as often.
    """

    @staticmethod
    def forward(ctx, rows, down, weight, bias, depthwise, up, alpha, eps) -> tuple[Tensor, Tensor, Tensor]:
        normed = torch.bmm(rows, down.to(rows.dtype).mT).float()
        mean = normed.mean(1)
        normed -= mean[:, None]
        variance = normed.square().mean(1)
        deviation = torch.rsqrt(variance + eps)
        normed *= deviation[:, None]
        first = torch.addcmul(bias[:, None], normed, weight[:, None]).relu_()
        second = (first * depthwise.mT).relu_()
        out = torch.baddbmm(rows, (second * alpha[:, None, None]).to(rows.dtype), up.to(rows.dtype).mT)
        ctx.save_for_backward(rows, down, weight, depthwise, up, alpha, normed, deviation, first, second)
        ctx.mark_non_differentiable(mean, variance)
        return out, mean, variance

    @staticmethod
    def backward(ctx, gradient: Tensor, _mean: Tensor, _variance: Tensor) -> tuple[Tensor | None, ...]:
        rows, down, weight, depthwise, up, alpha, normed, deviation, first, second = ctx.saved_tensors
        dtype, alpha = gradient.dtype, alpha[:, None, None]
        of_up = torch.bmm(gradient.mT, (second * alpha).to(dtype)).float()
        inside = torch.bmm(gradient, up.to(dtype)).float()
        of_alpha = (inside * second).sum((1, 2))
        inside = torch.ops.aten.threshold_backward(inside.mul_(alpha), second, 0)
        of_depthwise = (inside * first).sum(1)[:, :, None]
        inside = torch.ops.aten.threshold_backward(inside.mul_(depthwise.mT), first, 0)
        of_bias, of_weight = inside.sum(1), (inside * normed).sum(1)
        blocks = rows.shape[1]
        inside -= (of_bias / blocks)[:, None]
        inside -= normed * (of_weight / blocks)[:, None]
        inside = inside.mul_((deviation * weight)[:, None]).to(dtype)
        of_down = torch.bmm(inside.mT, rows).float()
        of_rows = torch.baddbmm(gradient, inside, down.to(dtype)) if ctx.needs_input_grad[0] else None
        return of_rows, of_down, of_weight, of_bias, of_depthwise, of_up, of_alpha, None


def make_network(models: Sequence[StageModel], dtype: torch.dtype) -> Single | SideBySide:
    """What computes the models' logits from their features.

    models: as of SideBySide; one alone where that cannot compute it. dtype: as of SideBySide.
    """
    return SideBySide(models, dtype) if can_stand_side_by_side(models[0]) else Single(models[0])


def can_stand_side_by_side(model: StageModel) -> bool:
    """Whether `SideBySide` can compute a model, which is so only in its fast form."""
    fixed = getattr(model, "fixed", ())
    if not fixed or model.unfrozen:
        return False
    adapters = model.adapters.values()
    return all(isinstance(a, ConvAdapter) for a in adapters) and serves(model.backbone, fixed[-1], PARTS[len(fixed) :])
