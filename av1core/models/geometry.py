"""How large a backbone's maps are for a block size, and how many of its weights can act there at all.

A tap of a kernel that only ever meets zero padding adds nothing and has no gradient: on 1×1 maps that is eight of the
nine taps of a 3×3 kernel.
"""

import copy
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn

from av1core.errors import SpecError
from av1core.models.backbone import LAYERS, PARTS, Backbone
from av1core.models.small_maps import met_taps
from av1core.models.stage import StageModel
from av1core.translation import message


@dataclass(frozen=True)
class LayerGeometry:
    """A part of a backbone: the height and width of its map (the stem's is the one before pooling), and its weights.

    weights: of its convolutions, without gates and biases. live_weights: how many of them can ever meet data.
    """

    layer: str
    height: int
    width: int
    weights: int
    live_weights: int

    @property
    def spatial(self) -> bool:
        """Whether the map has more than one position."""
        return self.height * self.width > 1


def geometry(model: StageModel | Backbone, block_size: int) -> tuple[LayerGeometry, ...]:
    """The stem and the residual layers in order, for blocks of block_size × block_size. The model is not touched.

    RuntimeError, of torch, if a pooling of the backbone cannot take maps as small as these.
    """
    # A copy without data: shapes alone pass through it, and hooks on the model itself would fire in other threads.
    backbone = copy.deepcopy(model.backbone if isinstance(model, StageModel) else model).to("meta").eval()
    sizes: dict[str, tuple[int, int]] = {}
    totals = {part: [0, 0] for part in PARTS}

    def measure(part: str, _module: nn.Module, _inputs: tuple[Tensor], output: Tensor) -> None:
        sizes[part] = tuple(output.shape[2:])

    def count(part: str, convolution: nn.Conv2d, inputs: tuple[Tensor], _output: Tensor) -> None:
        totals[part][0] += convolution.weight.numel()
        totals[part][1] += convolution.weight.shape[:2].numel() * _met_area(convolution, inputs[0].shape[2:])

    layers = {layer: getattr(backbone, layer) for layer in LAYERS}
    for part, module in ({"stem": backbone.act1} | layers).items():
        module.register_forward_hook(partial(measure, part))
    for part, module in ({"stem": nn.ModuleList([backbone.conv1, backbone.maxpool])} | layers).items():
        for convolution in module.modules():
            if isinstance(convolution, nn.Conv2d):
                convolution.register_forward_hook(partial(count, part))
    dtype = next(backbone.parameters()).dtype
    with torch.no_grad():
        backbone(torch.zeros(1, 1, block_size, block_size, device="meta", dtype=dtype))
    return tuple(LayerGeometry(part, *sizes[part], *totals[part]) for part in PARTS)


def backbone_geometry(name: str, stem: Literal["imagenet", "keep"], block_size: int) -> tuple[LayerGeometry, ...]:
    """`geometry` of a backbone that need not be built: name and stem, as of Backbone, decide it.

    Raises SpecError that names the field if timm has no such ResNet, or if that one cannot take such small blocks.
    """
    with torch.device("meta"):
        backbone = Backbone(name, stem=stem)
    try:
        return geometry(backbone, block_size)
    except RuntimeError as error:
        # Blurred and average pooling need more than one position.
        raise SpecError(
            message(
                "backbone.name: {name} needs larger maps than the stem {stem} leaves of "
                "{block_size}×{block_size} blocks. Try the stem 'keep', or 'resnet18'.",
                name=name,
                stem=repr(stem),
                block_size=block_size,
            )
        ) from error


def _met_area(convolution: nn.Conv2d, size: tuple[int, int]) -> int:
    axes = zip(size, convolution.kernel_size, convolution.stride, convolution.padding, strict=True)
    rows, cols = (len(met_taps(*axis)) for axis in axes)
    return rows * cols
