"""The Stage-1 backbone: a timm ResNet on one luma channel with squeeze-excitation and spatial attention.

Squeeze-excitation (Hu et al. 2018, arXiv 1709.01507) follows each residual layer; CBAM's spatial attention (Woo et al.
2018, arXiv 1807.06521) weighs the last map before pooling.
"""

from collections.abc import Mapping

import timm
import torch
from timm.layers import SEModule
from timm.layers.cbam import SpatialAttn
from torch import Tensor, nn

from av1core.errors import SpecError

LAYERS = ("layer1", "layer2", "layer3", "layer4")
"""The residual layers in order."""


class Backbone(nn.Module):
    """Luma blocks (N, 1, S, S) in [0, 1] → pooled features (N, `features`)."""

    def __init__(self, name: str, squeeze_excitation: bool = True, spatial_attention: bool = True):
        """name: a timm ResNet, without pretrained weights. Raises SpecError if timm does not know it as one."""
        super().__init__()
        try:
            net = timm.create_model(name, pretrained=False, in_chans=1, num_classes=0)
        except RuntimeError as error:
            raise SpecError(f"backbone.name: timm has no model {name!r}. Try 'resnet18'.") from error
        if not isinstance(net, timm.models.ResNet):
            raise SpecError(f"backbone.name: {name!r} is not a ResNet of timm. Try 'resnet18'.")
        self.conv1, self.bn1, self.act1, self.maxpool = net.conv1, net.bn1, net.act1, net.maxpool
        self.channels: dict[str, int] = {}
        for layer, info in zip(LAYERS, net.feature_info[1:], strict=True):
            setattr(self, layer, getattr(net, layer))
            self.channels[layer] = info["num_chs"]
        self.se = nn.ModuleDict(
            {layer: SEModule(self.channels[layer]) if squeeze_excitation else nn.Identity() for layer in LAYERS}
        )
        self.attention = SpatialAttn() if spatial_attention else nn.Identity()
        self.features = self.channels[LAYERS[-1]]

    def forward(self, x: Tensor, adapters: Mapping[str, nn.Module] | None = None) -> Tensor:
        """x: (N, 1, S, S) float in [0, 1]. adapters: modules to apply after the layers that they are named for."""
        x = self.maxpool(self.act1(self.bn1(self.conv1(x))))
        for layer in LAYERS:
            x = self.se[layer](getattr(self, layer)(x))
            if adapters is not None and layer in adapters:
                x = adapters[layer](x)
        return self.attention(x).mean((2, 3))

    @torch.no_grad()
    def initialise(self, generator: torch.Generator) -> None:
        """Start each residual block as its shortcut: the last BatchNorm's scale is zero, as in timm."""
        for module in self.modules():
            zero_last = getattr(module, "zero_init_last", None)
            if callable(zero_last):
                zero_last()
