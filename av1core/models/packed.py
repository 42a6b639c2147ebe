"""Weights of a model in few bytes, for one that is shipped: without what never acts, and rounded where asked.

On the small maps of 16×16 blocks most taps of a ResNet's last layers only ever meet padding (see `small_maps`): they
are left out, and read as zeros. That changes no output. Rounding does: to float16, or to 255 levels with one scale an
output channel, as in weight-only quantisation (Krishnamoorthi 2018, arXiv 1806.08342). A model of rounded weights is
another one, to be scored again.
"""

import json
from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from av1core.models.fast_forms import input_sizes
from av1core.models.small_maps import met_taps
from av1core.models.stage import StageModel

PACKED = "packed"
"""The entry of a file's metadata that tells which weights are packed, and how."""

_SCALE = ".scale"
_LARGE = 4096
"""Weights of a convolution beyond which they are rounded: the small ones would save nothing."""

_LEVELS = 127


Rounding = Literal["none", "float16", "int8"]


def pack(
    model: StageModel, state: Mapping[str, Tensor], block_size: int, rounding: Rounding = "none"
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors to store in place of `state`, and the metadata with which `unpack` reads them.

    model: in its plain form, whose names `state` has; blocks are block_size × block_size. A large convolution is stored
    as (O, I, taps, taps), rounded as asked: as float16, or as int8 with a float32 scale (O,). All else stays as it is.
    """
    packed, kernels = dict(state), {}
    names = {module: name for name, module in model.named_modules()}
    for convolution, size in input_sizes(model, block_size).items():
        name = f"{names[convolution]}.weight"
        if name not in state or state[name].numel() <= _LARGE:
            continue
        rows, cols = _acting(convolution, size)
        packed[name] = weight = state[name][:, :, rows][:, :, :, cols].contiguous()
        kernels[name] = {"kernel": list(convolution.kernel_size), "rows": rows, "cols": cols}
        if rounding == "float16":
            packed[name] = weight.half()
        elif rounding == "int8":
            scale = weight.abs().amax((1, 2, 3)).clamp_min(torch.finfo(torch.float32).tiny) / _LEVELS
            packed[name] = (weight / scale[:, None, None, None]).round().to(torch.int8).contiguous()
            packed[name + _SCALE] = scale
    return packed, {PACKED: json.dumps(kernels)}


def unpack(tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None) -> dict[str, Tensor]:
    """The state as it was given to `pack`, up to rounding; tensors without packed weights are returned as they are.

    metadata: as `pack` gave it, or None. Weights that were packed are float32 again.
    """
    kernels = json.loads((metadata or {}).get(PACKED, "{}"))
    state = {name: tensor for name, tensor in tensors.items() if name.removesuffix(_SCALE) not in kernels}
    for name, of in kernels.items():
        weight = tensors[name].float()
        if name + _SCALE in tensors:
            weight = weight * tensors[name + _SCALE][:, None, None, None]
        full = weight.new_zeros(*weight.shape[:2], *of["kernel"])
        rows, cols = (torch.tensor(of[axis]) for axis in ("rows", "cols"))
        full[:, :, rows[:, None], cols] = weight
        state[name] = full
    return state


def _acting(convolution: nn.Conv2d, size: tuple[int, int]) -> tuple[list[int], list[int]]:
    axes = zip(size, convolution.kernel_size, convolution.stride, convolution.padding, strict=True)
    rows, cols = (met_taps(*axis) for axis in axes)
    return rows, cols
