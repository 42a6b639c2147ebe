"""The model of one stage: a backbone, adapters, and a head."""

from collections.abc import Collection, Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from av1core.errors import RunError
from av1core.models.backbone import PARTS, Backbone
from av1core.models.heads import CosineHead
from av1core.models.initialise import SeededDropout
from av1core.partition import LUMA_MAX
from av1core.translation import message

QINDEX_MAX = 255

Mode = Literal["train", "eval"]


def to_input(pixels: Tensor) -> Tensor:
    """Integer 10-bit luma (N, S, S) → network input (N, 1, S, S), float32 in [0, 1]."""
    return pixels.unsqueeze(1).float() / LUMA_MAX


class StageModel(nn.Module):
    """Luma blocks (N, 1, S, S) in [0, 1], and their qindex if it is an input → logits (N, classes).

    A frozen part of the backbone has no trainable parameter, and `train()` puts it into the BatchNorm mode that it was
    given, whichever way it is called.
    """

    def __init__(
        self,
        backbone: Backbone,
        classes: int,
        *,
        adapters: nn.ModuleDict | None = None,
        unfrozen: Collection[str] = PARTS,
        batchnorm: Mode = "eval",
        dropout: float = 0.0,
        qindex_input: bool = False,
        cosine_scale: float | None = None,
    ):
        """adapters: of `make_adapters` for this backbone. unfrozen: the parts of the backbone that train.

        batchnorm: mode of the frozen parts while training. dropout: of the features before the head, in [0, 1).
        qindex_input: the head is given qindex / 255 beside the features. cosine_scale: s of a cosine head; None is a
        linear one.
        """
        super().__init__()
        self.backbone = backbone
        self.adapters = nn.ModuleDict() if adapters is None else adapters
        self.dropout = SeededDropout(dropout)
        features = backbone.features + qindex_input
        linear = cosine_scale is None
        self.head = nn.Linear(features, classes) if linear else CosineHead(features, classes, cosine_scale)
        self.unfrozen, self.batchnorm, self.qindex_input = tuple(unfrozen), batchnorm, qindex_input
        backbone.requires_grad_(False)
        for part in self.unfrozen:
            backbone.part(part).requires_grad_(True)
        self.train()

    def forward(self, x: Tensor, qindex: Tensor | None = None) -> Tensor:
        """x: (N, 1, S, S) float in [0, 1] → (N, classes).

        qindex: (N,) of any number type in 0–255; ignored unless it is an input of this model. Raises RunError if it is
        missing then.
        """
        return self.finish(self.features(x), qindex)

    @property
    def fixed(self) -> tuple[str, ...]:
        """The leading parts of the backbone whose output for a block stays the same while this model trains.

        They are frozen, with BatchNorm in eval mode, and no adapter acts before their end.
        """
        fixed: list[str] = []
        adapters = dict(self.adapters)
        for part in PARTS if self.batchnorm == "eval" else ():
            adapter = adapters.get(part)
            if part in self.unfrozen or isinstance(adapter, nn.ModuleList):
                break
            fixed.append(part)
            if adapter is not None:
                break
        return tuple(fixed)

    def features(self, x: Tensor) -> Tensor:
        """What the fixed parts make of x: a map (N, C, H, W), before any adapter; x itself where nothing is fixed."""
        return self.backbone.run(x, self.fixed)

    def finish(self, features: Tensor, qindex: Tensor | None = None) -> Tensor:
        """The logits (N, classes) of what `features` gave. qindex and RunError: as in `forward`."""
        fixed = self.fixed
        if fixed and fixed[-1] in self.adapters:
            features = self.adapters[fixed[-1]](features)
        pooled = self.backbone.pool(self.backbone.run(features, PARTS[len(fixed) :], self.adapters))
        return self.head(self.with_qindex(self.dropout(pooled), qindex))

    def with_qindex(self, pooled: Tensor, qindex: Tensor | None) -> Tensor:
        """What the head takes: the pooled features (…, C), with qindex (…) / 255 beside them if it is an input.

        Raises RunError if it is one and missing.
        """
        if not self.qindex_input:
            return pooled
        if qindex is None:
            raise RunError(message("qindex_input: this model needs the qindex of each block beside its pixels."))
        return torch.cat([pooled, qindex.to(pooled)[..., None] / QINDEX_MAX], -1)

    def train(self, mode: bool = True) -> "StageModel":
        """As nn.Module.train, but BatchNorm of the frozen parts keeps the mode it was given."""
        super().train(mode)
        self.backbone.train(mode and self.batchnorm == "train")
        for part in self.unfrozen:
            self.backbone.part(part).train(mode)
        return self

    def trainable(self) -> Mapping[str, list[nn.Parameter]]:
        """The trainable parameters by part: `backbone`, `adapter`, `head`; parts without any are left out."""
        parts = {"backbone": self.backbone, "adapter": self.adapters, "head": self.head}
        groups = {name: [p for p in part.parameters() if p.requires_grad] for name, part in parts.items()}
        return {name: parameters for name, parameters in groups.items() if parameters}

    def own_state(self) -> dict[str, Tensor]:
        """What this run made and a frozen backbone's file does not hold: trainable weights and every buffer.

        BatchNorm's running statistics of a frozen backbone are included, since train mode changes them. The tensors are
        copies, which further training leaves as they are.
        """
        frozen = {name for name, parameter in self.named_parameters() if not parameter.requires_grad}
        return {name: tensor.clone() for name, tensor in self.state_dict().items() if name not in frozen}

    def backbone_state(self) -> dict[str, Tensor]:
        """The backbone's weights and buffers under their full names."""
        return {name: tensor for name, tensor in self.state_dict().items() if name.startswith("backbone.")}
