"""The Stage-1 backbone: a timm ResNet on one luma channel with squeeze-excitation and spatial attention.

Squeeze-excitation (Hu et al. 2018, arXiv 1709.01507) follows each residual layer; CBAM's spatial attention (Woo et al.
2018, arXiv 1807.06521) weighs the last map before pooling.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

import timm
import torch
from timm.layers import SEModule
from timm.layers.cbam import SpatialAttn
from torch import Tensor, nn

from av1core.errors import SpecError
from av1core.models.max_pool import RepeatableMaxPool2d
from av1core.translation import message

LAYERS = ("layer1", "layer2", "layer3", "layer4")
"""The residual layers in order."""

PARTS = ("stem", *LAYERS)
"""The parts that freeze and thaw as one."""


class ResidualLayer(nn.Sequential):
    """The residual blocks of one layer, under timm's names, each of which may have an adapter."""

    def forward(self, x: Tensor, adapters: nn.ModuleList | None = None) -> Tensor:
        """x: (N, C_in, H, W) → (N, C_out, H', W'). adapters: one for each block, called as `adapter(block, x)`."""
        if adapters is None:
            return super().forward(x)
        for block, adapter in zip(self, adapters, strict=True):
            x = adapter(block, x)
        return x


class Backbone(nn.Module):
    """Luma blocks (N, 1, S, S) in [0, 1] → pooled features (N, `features`).

    `channels` has the number of channels that each layer puts out.
    """

    def __init__(
        self,
        name: str,
        squeeze_excitation: bool = True,
        spatial_attention: bool = True,
        stem: Literal["imagenet", "keep"] = "imagenet",
    ):
        """name: a timm ResNet, without pretrained weights. Raises SpecError if timm does not know it as one.

        stem: `imagenet` halves the map twice before layer1; `keep` leaves it as large as the block.
        """
        super().__init__()
        try:
            # Any other name, such as one with a slash, timm would look for on the network.
            if not timm.is_model(name):
                raise RuntimeError(f"Unknown model ({name})")
            net = timm.create_model(name, pretrained=False, in_chans=1, num_classes=0)
        except RuntimeError as error:
            raise SpecError(
                message("backbone.name: timm has no model {name}. Try 'resnet18'.", name=repr(name))
            ) from error
        if not isinstance(net, timm.models.ResNet):
            raise SpecError(message("backbone.name: {name} is not a ResNet of timm. Try 'resnet18'.", name=repr(name)))
        self.conv1, self.bn1, self.act1, self.maxpool = net.conv1, net.bn1, net.act1, _repeatable(net.maxpool)
        if stem == "keep":
            _keep_size(self.conv1)
            self.maxpool = nn.Identity()
        self.channels: dict[str, int] = {}
        for layer, info in zip(LAYERS, net.feature_info[1:], strict=True):
            setattr(self, layer, ResidualLayer(*getattr(net, layer)))
            self.channels[layer] = info["num_chs"]
        self.se = nn.ModuleDict(
            {layer: SEModule(self.channels[layer]) if squeeze_excitation else nn.Identity() for layer in LAYERS}
        )
        self.attention = SpatialAttn() if spatial_attention else nn.Identity()
        self.features = self.channels[LAYERS[-1]]

    def forward(self, x: Tensor, adapters: Mapping[str, nn.Module] | None = None) -> Tensor:
        """x: (N, 1, S, S) float in [0, 1] → (N, `features`).

        adapters: by layer, a module to apply after it, or a ModuleList with one for each of its residual blocks.
        """
        return self.pool(self.run(x, PARTS, adapters))

    def run(self, x: Tensor, parts: Iterable[str], adapters: Mapping[str, nn.Module] | None = None) -> Tensor:
        """The map (N, C', H', W') that some of PARTS, one after the other, make of the map that the first takes.

        adapters: as in `forward`; those of other parts are not applied.
        """
        adapters = dict(adapters or {})
        for part in parts:
            if part == "stem":
                x = self.maxpool(self.act1(self.bn1(self.conv1(x))))
                continue
            adapter = adapters.get(part)
            inside = isinstance(adapter, nn.ModuleList)
            x = self.se[part](getattr(self, part)(x, adapter if inside else None))
            if adapter is not None and not inside:
                x = adapter(x)
        return x

    def pool(self, x: Tensor) -> Tensor:
        """The last map (N, C, H, W), weighed by spatial attention → (N, C)."""
        return self.attention(x).mean((2, 3))

    def part(self, name: str) -> nn.ModuleList:
        """The modules of one of PARTS. A layer's gate is part of it, and spatial attention is part of layer4."""
        if name == "stem":
            return nn.ModuleList([self.conv1, self.bn1, self.maxpool])
        gates = [self.se[name], self.attention] if name == LAYERS[-1] else [self.se[name]]
        return nn.ModuleList([getattr(self, name), *gates])

    @torch.no_grad()
    def initialise(self, generator: torch.Generator) -> None:
        """Start each residual block as its shortcut: the last BatchNorm's scale is zero, as in timm."""
        for module in self.modules():
            zero_last = getattr(module, "zero_init_last", None)
            if callable(zero_last):
                zero_last()


def _repeatable(pool: nn.Module) -> nn.Module:
    """Anti-aliased stems have another pooling, which stays."""
    return RepeatableMaxPool2d(pool.kernel_size, pool.stride, pool.padding) if type(pool) is nn.MaxPool2d else pool


def _keep_size(stem: nn.Module) -> None:
    """Give stride 1 to the convolution that halves the map: the only one, or the first of three in a deep stem."""
    for convolution in stem.modules():
        if isinstance(convolution, nn.Conv2d):
            convolution.stride = (1, 1)
