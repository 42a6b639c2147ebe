"""Backbones as a finished Stage-1 run leaves them: no BatchNorm is at its start, where residual branches are off."""

import copy
from functools import cache

import torch
from torch import nn

from av1core.models.backbone import Backbone
from av1core.models.initialise import initialise
from av1core.models.schemes import Scheme, make_adapters
from av1core.models.stage import StageModel

BLOCK_SCHEMES = ("conv_parallel", "conv_sequential", "residual_parallel", "residual_sequential")
SCHEMES = ("thesis", *BLOCK_SCHEMES)


@torch.no_grad()
def trained(module: nn.Module, seed: int = 0) -> nn.Module:
    """The module with weights, BatchNorm scales, shifts and statistics drawn from the seed, in place."""
    generator = torch.Generator().manual_seed(seed)
    initialise(module, generator)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.weight.uniform_(0.5, 1.5, generator=generator)
            part.bias.normal_(0, 0.2, generator=generator)
            part.running_mean.normal_(0, 0.2, generator=generator)
            part.running_var.uniform_(0.5, 1.5, generator=generator)
    return module


@cache
def _trained_backbone(name: str, gates: bool, stem: str) -> Backbone:
    return trained(Backbone(name, gates, gates, stem))


def adapted(
    scheme: Scheme = "thesis",
    name: str = "resnet10t",
    *,
    layers: tuple[str, ...] = ("layer3", "layer4"),
    reduction: int = 4,
    stem: str = "imagenet",
    gates: bool = True,
    unfrozen: tuple[str, ...] = (),
    **options,
) -> StageModel:
    """A later stage's model of three classes on a trained backbone, its adapters as at the start of a run."""
    backbone = copy.deepcopy(_trained_backbone(name, gates, stem))
    model = StageModel(
        backbone, 3, adapters=make_adapters(backbone, scheme, layers, reduction), unfrozen=unfrozen, **options
    )
    initialise(model.adapters, torch.Generator().manual_seed(1))
    initialise(model.head, torch.Generator().manual_seed(2))
    return model
