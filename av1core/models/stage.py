"""The model of one stage: a backbone, Conv-Adapters where the backbone is frozen, and a linear head."""

from collections.abc import Mapping
from typing import Literal

from torch import Tensor, nn

from av1core.models.adapter import ConvAdapter
from av1core.models.backbone import Backbone
from av1core.models.initialise import SeededDropout
from av1core.partition import LUMA_MAX

ADAPTED_LAYERS = ("layer3", "layer4")
"""The layers that the thesis's adapters follow."""

Mode = Literal["train", "eval"]


def to_input(pixels: Tensor) -> Tensor:
    """Integer 10-bit luma (N, S, S) → network input (N, 1, S, S), float32 in [0, 1]."""
    return pixels.unsqueeze(1).float() / LUMA_MAX


class StageModel(nn.Module):
    """Luma blocks (N, 1, S, S) in [0, 1] → logits (N, classes).

    With adapters the backbone is frozen: it has no trainable parameter, and `train()` puts it into the BatchNorm mode
    that the spec names, whichever way it is called.
    """

    def __init__(
        self,
        backbone: Backbone,
        classes: int,
        *,
        reduction: int | None = None,
        batchnorm: Mode = "eval",
        dropout: float = 0.0,
    ):
        """reduction: γ of the adapters; None trains the backbone itself. batchnorm: mode of a frozen backbone.

        dropout: before the head, in [0, 1).
        """
        super().__init__()
        self.backbone = backbone
        self.adapters = nn.ModuleDict()
        if reduction is not None:
            for layer in ADAPTED_LAYERS:
                self.adapters[layer] = ConvAdapter(backbone.channels[layer], reduction)
        self.dropout = SeededDropout(dropout)
        self.head = nn.Linear(backbone.features, classes)
        self.batchnorm = batchnorm
        self.frozen = reduction is not None
        backbone.requires_grad_(not self.frozen)
        self.train()

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, 1, S, S) float in [0, 1] → (N, classes)."""
        return self.head(self.dropout(self.backbone(x, self.adapters)))

    def train(self, mode: bool = True) -> "StageModel":
        """As nn.Module.train, but BatchNorm of a frozen backbone keeps the mode it was given."""
        super().train(mode)
        if self.frozen:
            self.backbone.train(mode and self.batchnorm == "train")
        return self

    def trainable(self) -> Mapping[str, list[nn.Parameter]]:
        """The trainable parameters by part: `backbone`, `adapter`, `head`; parts without any are left out."""
        parts = {"backbone": self.backbone, "adapter": self.adapters, "head": self.head}
        groups = {name: [p for p in part.parameters() if p.requires_grad] for name, part in parts.items()}
        return {name: parameters for name, parameters in groups.items() if parameters}

    def own_state(self) -> dict[str, Tensor]:
        """What this run made and a frozen backbone's file does not hold: trainable weights and every buffer.

        BatchNorm's running statistics of a frozen backbone are included, since train mode changes them.
        """
        frozen = {name for name, parameter in self.named_parameters() if not parameter.requires_grad}
        return {name: tensor for name, tensor in self.state_dict().items() if name not in frozen}

    def backbone_state(self) -> dict[str, Tensor]:
        """The backbone's weights and buffers under their full names."""
        return {name: tensor for name, tensor in self.state_dict().items() if name.startswith("backbone.")}
