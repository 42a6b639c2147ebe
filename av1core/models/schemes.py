"""The adapters that a frozen backbone is given, by scheme."""

from collections.abc import Collection
from typing import Literal

from torch import nn

from av1core.models.adapter import ConvAdapter
from av1core.models.backbone import LAYERS, Backbone
from av1core.models.block_adapter import BlockAdapter, BlockScheme

Scheme = Literal["thesis", "none"] | BlockScheme


def make_adapters(backbone: Backbone, scheme: Scheme, layers: Collection[str], reduction: int) -> nn.ModuleDict:
    """Adapters by layer: one ConvAdapter after it (`thesis`), or a list with a BlockAdapter for each residual block.

    layers: some of `LAYERS`. reduction: γ. They live outside the backbone, whose state keeps its names. Raises
    SpecError if the scheme or γ does not fit the backbone.
    """
    adapters = nn.ModuleDict()
    if scheme == "none":
        return adapters
    for layer in (layer for layer in LAYERS if layer in layers):
        if scheme == "thesis":
            adapters[layer] = ConvAdapter(backbone.channels[layer], reduction)
        else:
            blocks = getattr(backbone, layer)
            adapters[layer] = nn.ModuleList(BlockAdapter(block, scheme, reduction) for block in blocks)
    return adapters
