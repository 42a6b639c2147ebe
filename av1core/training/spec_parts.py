"""The parts of a run spec: backbone, adapters, loss, augmentation, optimiser, schedule.

Each is frozen and refuses unknown keys. Descriptions are what the dashboard's form says about a field.
"""

import math
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
LayerName = Literal["layer1", "layer2", "layer3", "layer4"]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BackboneSpec(Part):
    """The network of Stage 1. A later stage uses the backbone of its Stage-1 run."""

    name: str = Field("resnet18", description="A ResNet of timm, such as resnet10t, resnet18, resnet18d or resnet26d.")
    squeeze_excitation: bool = Field(True, description="Channel gates after each residual layer.")
    spatial_attention: bool = Field(True, description="A spatial gate before pooling.")
    stem: Literal["imagenet", "keep"] = Field(
        "imagenet",
        description="imagenet halves the map twice before the first layer; keep does not, so that later maps are four "
        "times as wide and high, and attention and 3×3 kernels have something to look at.",
    )
    pretrained: str = Field(
        "",
        description="Where the backbone starts: empty is at random, timm fetches its ImageNet weights, and a path is a "
        "local file of such weights (.safetensors or .pth).",
    )


class AdapterSpec(Part):
    """How a later stage uses the frozen backbone of Stage 1: Conv-Adapters, BatchNorm's mode, and what may thaw."""

    scheme: Literal[
        "thesis", "conv_parallel", "conv_sequential", "residual_parallel", "residual_sequential", "none"
    ] = Field(
        "thesis",
        description="thesis: one adapter after each layer; the others are the paper's, inside every residual block "
        "(Chen 2022); none: only the head trains, and what is unfrozen.",
    )
    reduction: Literal[1, 2, 4, 8] = Field(4, description="Reduction γ: the bottleneck has C/γ channels.")
    layers: tuple[LayerName, ...] = Field(("layer3", "layer4"), description="The layers that have adapters.")
    batchnorm: Literal["train", "eval"] = Field(
        "eval", description="Mode of the frozen backbone's BatchNorm while the adapters train."
    )
    unfrozen: tuple[Literal["stem", "layer1", "layer2", "layer3", "layer4"], ...] = Field(
        (), description="Parts of the backbone that train too, at the backbone's learning rate."
    )

    @field_validator("layers", "unfrozen")
    @classmethod
    def _in_order(cls, parts: tuple[str, ...]) -> tuple[str, ...]:
        # One order, so that one choice has one hash.
        return tuple(part for part in ("stem", *get_args(LayerName)) if part in parts)

    @field_validator("layers")
    @classmethod
    def _somewhere(cls, layers: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not layers and info.data.get("scheme") != "none":
            raise ValueError("choose at least one layer, or the scheme 'none'")
        return layers


class LossSpec(Part):
    """The loss, its class weights and label smoothing; each acts with every loss but where it says so."""

    name: Literal["cross_entropy", "focal", "poly", "poly_focal", "asymmetric", "arcface"] = Field(
        "focal",
        description="Cross-entropy; focal (Lin 2017); Poly-1 on either (Leng 2022); asymmetric (Ridnik 2021); ArcFace "
        "(Deng 2019), whose head compares directions.",
    )
    beta: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.9999,
        description="β of the class weights by effective number of blocks (Cui 2019); 0 is unweighted. With "
        "class-balanced sampling it corrects the mix a second time, noticeably where a class has fewer than about "
        "1/(1−β) blocks.",
    )
    gamma: NotNegative = Field(2.0, description="Focusing exponent γ of the focal losses.")
    smoothing: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.0, description="Label smoothing: the share of the label that is spread over all classes. Not with asymmetric."
    )
    epsilon: Annotated[float, Field(ge=-1, allow_inf_nan=False)] = Field(
        1.0, description="ε of the Poly losses: the weight of 1 − p of the true class."
    )
    gamma_positive: NotNegative = Field(0.0, title="γ₊", description="Asymmetric: exponent of the true class.")
    gamma_negative: NotNegative = Field(4.0, title="γ₋", description="Asymmetric: exponent of the other classes.")
    scale: Positive = Field(16.0, description="ArcFace: s, the length of the normalised features.")
    margin: Annotated[float, Field(ge=0, lt=math.pi / 2)] = Field(
        0.3, description="ArcFace: m, the angle in radians added to the true class in training."
    )

    @field_validator("smoothing")
    @classmethod
    def _smooths_once(cls, smoothing: float, info: ValidationInfo) -> float:
        if smoothing and info.data.get("name") == "asymmetric":
            raise ValueError("the asymmetric loss spreads a share of the label already; leave smoothing at 0")
        return smoothing

    @field_validator("name", mode="before")
    @classmethod
    def _one_name_a_loss(cls, name: str) -> str:
        # Class weights were once part of the name; runs trained then stay readable.
        return "focal" if name == "class_balanced_focal" else name


class AugmentationSpec(Part):
    """What changes the training blocks of every batch, on the device; the labels follow. Nothing is on by default.

    Validation and the like-for-like train F1 are never augmented. With MixUp, CutMix or RandAugment on, a block's
    features change every epoch, so even those of a frozen backbone cannot be computed once and kept; with flips and
    transposition alone they are kept once for each way that a block can lie.
    """

    flips: bool = Field(
        False,
        description="Mirror half of the blocks left to right, and half top to bottom; HORZ_A/HORZ_B and VERT_A/VERT_B "
        "change places. AV1 predicts from the left and from above, so a mirrored block need not be cut quite so.",
    )
    transposition: bool = Field(
        False, description="Exchange rows and columns of half of the blocks; every HORZ becomes its VERT."
    )
    mixup_alpha: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        0.0,
        title="MixUp α",
        description="Blend each block with another by λ ~ Beta(α, α), labels too (Zhang 2018). 0 is off.",
    )
    cutmix_alpha: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        0.0,
        title="CutMix α",
        description="Paste a box of another block, its share 1 − λ, λ ~ Beta(α, α), labels in proportion (Yun 2019). "
        "0 is off. The box adds edges of its own. With MixUp on too, each batch has one of them.",
    )
    randaugment_operations: Annotated[int, Field(ge=0, le=8)] = Field(
        0,
        title="RandAugment operations",
        description="Changes of the luma in a row, drawn for each block (Cubuk 2020). None moves a pixel. 0 is off.",
    )
    randaugment_magnitude: Annotated[int, Field(ge=0, le=10)] = Field(
        5, title="RandAugment magnitude", description="Strength of each change, 0 (none) to 10."
    )

    @property
    def on(self) -> bool:
        """Whether anything changes the training blocks."""
        return self.flips or self.transposition or self.makes_new_luma

    @property
    def makes_new_luma(self) -> bool:
        """Whether a block may get pixels that no mirror of it has."""
        return bool(self.randaugment_operations or self.mixup_alpha or self.cutmix_alpha)

    @field_validator("mixup_alpha", "cutmix_alpha")
    @classmethod
    def _drawable(cls, alpha: float) -> float:
        # Below, the gamma variates that λ is made of underflow together, and λ is 1/2 where it should be near 0 or 1.
        if 0 < alpha < 0.01:
            raise ValueError("α is 0 (off) or at least 0.01")
        return alpha


class OptimiserSpec(Part):
    """AdamW (Loshchilov and Hutter 2019), one learning rate a part of the model."""

    backbone_lr: Positive = Field(3e-4, description="Learning rate of the backbone, or of its unfrozen parts.")
    adapter_lr: Positive = Field(1e-3, description="Learning rate of the adapters.")
    head_lr: Positive = Field(1e-4, description="Learning rate of the head.")
    weight_decay: NotNegative = Field(0.01, description="Decoupled weight decay.")


class ScheduleSpec(Part):
    """How learning rates change, and when the run stops."""

    name: Literal["plateau", "cosine"] = Field(
        "plateau",
        description="plateau lowers the rates when val macro-F1 stops rising; cosine lowers them to the last epoch.",
    )
    warmup_epochs: Annotated[int, Field(ge=0)] = Field(
        0, description="Epochs at the start over which the rates rise linearly to their values."
    )
    factor: Annotated[float, Field(gt=0, lt=1)] = Field(0.5, description="Factor on a plateau.")
    patience: Annotated[int, Field(ge=0)] = Field(5, description="Epochs without a better F1 before it falls.")
    early_stopping: Annotated[int, Field(ge=1)] = Field(15, description="Epochs without a better F1 before the end.")
