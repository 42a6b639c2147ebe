"""The run spec: the one frozen, validated, hashable object that describes a training run.

The dashboard's form, the command line and the queue all submit this object. It needs no torch, so that pages can build
and read specs at once.
"""

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError, model_validator

from av1core.errors import SpecError
from av1core.training.spec_parts import (
    AdapterSpec,
    AugmentationSpec,
    BackboneSpec,
    LossSpec,
    OptimiserSpec,
    Part,
    ScheduleSpec,
)

StageName = Literal["stage1", "stage2", "stage3_rect", "stage3_ab"]

MOST_NAME = 80
"""Characters of a run's name."""


class RunSpec(Part):
    """Everything that decides a run's history on a given machine."""

    name: Annotated[str, Field(min_length=1, max_length=MOST_NAME)] = Field(
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
    adapter: AdapterSpec | None = Field(None, description="The adapters (Stages 2 and 3).")
    qindex_input: bool = Field(
        False, title="qindex input", description="Give the head the block's qindex beside the backbone's features."
    )
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
    precision: Literal["float32", "bfloat16"] = Field(
        "float32",
        description="Of the large matrix products in training and evaluation. bfloat16 is faster where the device has "
        "units for it, and rounds to three digits; weights, statistics and losses stay float32.",
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

    def drawn(self, train_blocks: int) -> tuple[int, int]:
        """Steps of an epoch and blocks a step, of so many training blocks: whole batches only, for BatchNorm's sake."""
        blocks = self.epoch_blocks or train_blocks
        batch = min(self.batch_size, blocks) or 1
        return blocks // batch, batch

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
    return leaves(spec.model_dump(mode="json"))


def leaves(values: dict[str, Any]) -> dict[str, Any]:
    """The leaves of nested dictionaries by dotted key."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            found |= {f"{key}.{child}": leaf for child, leaf in leaves(value).items()}
        else:
            found[key] = value
    return found
