"""The run spec: the one frozen, validated, hashable object that describes a training run.

The dashboard's form, the command line and the queue all submit this object. It needs no torch, so that pages can build
and read specs at once.
"""

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from av1core.errors import SpecError

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
StageName = Literal["stage1", "stage2"]


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BackboneSpec(_Spec):
    """The network of Stage 1. A later stage uses the backbone of its Stage-1 run."""

    name: str = Field("resnet18", description="A ResNet of timm.")
    squeeze_excitation: bool = Field(True, description="Channel gates after each residual layer.")
    spatial_attention: bool = Field(True, description="A spatial gate before pooling.")


class AdapterSpec(_Spec):
    """Conv-Adapters after layer3 and layer4 of the frozen backbone."""

    reduction: Literal[1, 2, 4, 8] = Field(4, description="Reduction γ: the bottleneck has C/γ channels.")
    batchnorm: Literal["train", "eval"] = Field(
        "eval", description="Mode of the frozen backbone's BatchNorm while the adapters train."
    )


class LossSpec(_Spec):
    """Class-balanced focal loss (Cui 2019; Lin 2017). gamma 0 is class-balanced cross-entropy, beta 0 unweighted."""

    name: Literal["class_balanced_focal"] = "class_balanced_focal"
    beta: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.9999,
        description="β of the effective number of blocks. With class-balanced sampling it corrects the mix a second "
        "time, noticeably where a class has fewer than about 1/(1−β) blocks.",
    )
    gamma: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(2.0, description="Focusing exponent γ.")


class AugmentationSpec(_Spec):
    """What changes the training blocks of every batch, on the device; the labels follow. Nothing is on by default.

    Validation and the like-for-like train F1 are never augmented. With any of it on, a block's features change every
    epoch, so even those of a frozen backbone cannot be computed once and kept.
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

    @field_validator("mixup_alpha", "cutmix_alpha")
    @classmethod
    def _drawable(cls, alpha: float) -> float:
        # Below, the gamma variates that λ is made of underflow together, and λ is 1/2 where it should be near 0 or 1.
        if 0 < alpha < 0.01:
            raise ValueError("α is 0 (off) or at least 0.01")
        return alpha


class OptimiserSpec(_Spec):
    """AdamW (Loshchilov and Hutter 2019), one learning rate a part of the model."""

    backbone_lr: Positive = Field(3e-4, description="Learning rate of the backbone where it trains.")
    adapter_lr: Positive = Field(1e-3, description="Learning rate of the adapters.")
    head_lr: Positive = Field(1e-4, description="Learning rate of the head.")
    weight_decay: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        0.01, description="Decoupled weight decay."
    )


class ScheduleSpec(_Spec):
    """When learning rates fall and when the run stops, both by validation macro-F1."""

    factor: Annotated[float, Field(gt=0, lt=1)] = Field(0.5, description="Factor on a plateau.")
    patience: Annotated[int, Field(ge=0)] = Field(5, description="Epochs without a better F1 before it falls.")
    early_stopping: Annotated[int, Field(ge=1)] = Field(15, description="Epochs without a better F1 before the end.")


class RunSpec(_Spec):
    """Everything that decides a run's history on a given machine."""

    name: Annotated[str, Field(min_length=1, max_length=80)] = Field(
        "Run", description="What tables and charts call it."
    )
    stage: StageName = Field("stage1", description="The decision to learn.")
    dataset: str = Field("data/photos", description="The dataset folder.")
    split: Literal["dataset", "source", "frame", "block"] = Field(
        "dataset",
        description="Which blocks validate: as the dataset says, or 20 % drawn anew with seed 42: by source, by frame, "
        "or by block as the thesis did, where blocks of one picture are on both sides.",
    )
    stage1_run: str | None = Field(
        None, title="Stage-1 run", description="The finished Stage-1 run whose backbone is frozen."
    )
    backbone: BackboneSpec | None = Field(None, description="The backbone to train (Stage 1 only).")
    adapter: AdapterSpec | None = Field(None, description="The adapters (Stage 2 only).")
    loss: LossSpec = LossSpec()
    augmentation: AugmentationSpec = AugmentationSpec()
    optimiser: OptimiserSpec = OptimiserSpec()
    schedule: ScheduleSpec = ScheduleSpec()
    sampling: Literal["class_balanced", "natural"] = Field("class_balanced", description="How batches are drawn.")
    dropout: Annotated[float, Field(ge=0, lt=1)] = Field(0.2, description="Dropout before the head.")
    batch_size: Annotated[int, Field(ge=2, le=65536)] = Field(128, description="Blocks a step.")
    epochs: Annotated[int, Field(ge=1, le=10000)] = Field(100, description="At most this many epochs.")
    epoch_blocks: Annotated[int, Field(ge=2)] | None = Field(
        None, title="Blocks per epoch", description="Training blocks drawn an epoch; empty: as many as there are."
    )
    seed: Annotated[int, Field(ge=0, lt=2**31)] = Field(
        0, description="Seed of weights, sampling, augmentation and dropout."
    )

    @model_validator(mode="before")
    @classmethod
    def _default_parts(cls, values: Any) -> Any:
        if isinstance(values, dict):
            part = "backbone" if values.get("stage", "stage1") == "stage1" else "adapter"
            if values.get(part) is None:
                values = {**values, part: {}}
        return values

    @model_validator(mode="after")
    def _parts_fit_stage(self) -> "RunSpec":
        if self.stage == "stage1":
            if self.adapter is not None:
                raise ValueError("adapter: Stage 1 trains the backbone itself; remove the adapter")
            if self.stage1_run is not None:
                raise ValueError("stage1_run: only later stages start from a Stage-1 run; remove it")
        elif self.backbone is not None:
            raise ValueError("backbone: a later stage uses the backbone of its Stage-1 run; remove it")
        return self

    @property
    def experiment(self) -> str:
        """Hash shared by the seeds of one recipe: of every field but name and seed, 12 hex digits."""
        return self._hash({"name", "seed"})

    @property
    def hash(self) -> str:
        """Hash of every field but the name, 12 hex digits."""
        return self._hash({"name"})

    def _hash(self, exclude: set[str]) -> str:
        canonical = json.dumps(self.model_dump(mode="json", exclude=exclude), sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def parse_spec(values: dict[str, Any]) -> RunSpec:
    """Validate a nested dictionary. Raises SpecError that names each wrong or unknown key."""
    try:
        return RunSpec.model_validate(values)
    except ValidationError as error:
        raise SpecError("\n".join(_explain(problem) for problem in error.errors())) from None


def _explain(problem: Any) -> str:
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        parent = _spec_class(problem["loc"][:-1])
        return f"{key}: unknown key. The keys here are {', '.join(parent.model_fields)}."
    message = problem["msg"].removeprefix("Value error, ")
    return f"{key}: {message} (got {problem['input']!r})." if key else f"{message}."


def _spec_class(path: tuple[Any, ...]) -> type[BaseModel]:
    parts = {
        "backbone": BackboneSpec,
        "adapter": AdapterSpec,
        "loss": LossSpec,
        "augmentation": AugmentationSpec,
        "optimiser": OptimiserSpec,
        "schedule": ScheduleSpec,
    }
    return parts.get(path[0], RunSpec) if path else RunSpec


def with_overrides(values: dict[str, Any], overrides: dict[str, Any]) -> dict[str, Any]:
    """A copy of nested `values` with dotted keys replaced, such as {"adapter.reduction": 2}."""
    result = json.loads(json.dumps(values))
    for key, value in overrides.items():
        target = result
        *parents, last = key.split(".")
        for parent in parents:
            if not isinstance(target.get(parent), dict):
                target[parent] = {}
            target = target[parent]
        target[last] = value
    return result


def flatten(spec: RunSpec) -> dict[str, Any]:
    """The spec's leaves by dotted key, as tables and comparisons of specs show them."""
    leaves: dict[str, Any] = {}

    def walk(prefix: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, child in value.items():
                walk(f"{prefix}.{key}" if prefix else key, child)
        else:
            leaves[prefix] = value

    walk("", spec.model_dump(mode="json"))
    return leaves
