"""The places of a stage model where a map can be read, in the order of the forward pass."""

from dataclasses import dataclass

import torch
from torch import nn

from av1core.models.backbone import LAYERS
from av1core.models.stage import StageModel
from av1core.models.undisturbed import undisturbed


@dataclass(frozen=True)
class Layer:
    """A module whose output is a map (N, `channels`, `height`, `width`) for blocks of one size.

    name: "stem" (after BatchNorm and ReLU, before pooling), "layer1" to "layer4" (after the channel gate), and
    "layer3 adapter" where an adapter follows the layer. module: its dotted name in the model.
    """

    name: str
    module: str
    channels: int
    height: int
    width: int

    @property
    def spatial(self) -> bool:
        """Whether the map has more than one position."""
        return self.height * self.width > 1


def model_layers(model: StageModel, block_size: int) -> tuple[Layer, ...]:
    """The layers for blocks of block_size × block_size, found by one forward pass."""
    places = {"stem": "backbone.act1"}
    for layer in LAYERS:
        places[layer] = f"backbone.se.{layer}"
        if layer in model.adapters and not isinstance(model.adapters[layer], nn.ModuleList):
            places[f"{layer} adapter"] = f"adapters.{layer}"
    shapes: dict[str, torch.Size] = {}
    device = next(model.parameters()).device
    with undisturbed(model), torch.no_grad():
        for name, module in places.items():
            model.get_submodule(module).register_forward_hook(
                lambda _module, _inputs, output, name=name: shapes.update({name: output.shape})
            )
        model(torch.zeros(1, 1, block_size, block_size, device=device), torch.zeros(1, device=device))
    return tuple(Layer(name, module, *shapes[name][1:]) for name, module in places.items())
