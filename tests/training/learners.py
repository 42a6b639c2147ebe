"""Trainers on the tiny dataset; of a later stage, on a frozen backbone whose features tell its patterns apart."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import torch
from torch import nn

from av1core.dataset.blocks import stage_blocks
from av1core.dataset.folder import Dataset
from av1core.models.backbone import Backbone
from av1core.models.fast_forms import to_fast
from av1core.models.stage import to_input
from av1core.partition import MODEL_SIZE, STAGES
from av1core.runs.checkpoint import build_model
from av1core.training.blocks import BlockTensors, to_device
from av1core.training.record import EpochRecord
from av1core.training.spec import parse_spec
from av1core.training.spec_parts import BackboneSpec
from av1core.training.trainer import Trainer
from tests.models.trained import trained
from tests.synthetic import stage1_values, stage2_values

CPU = torch.device("cpu")


@cache
def sides(dataset: Path, stage: str) -> tuple[BlockTensors, BlockTensors]:
    """The training and the validation blocks of a stage."""
    opened = Dataset.open(dataset)
    return tuple(to_device(stage_blocks(opened, STAGES[stage], side), CPU) for side in ("train", "val"))


@cache
def _backbone(dataset: Path, stem: str) -> Backbone:
    """A random one, but for its running statistics: they are those of the dataset's blocks."""
    backbone = trained(Backbone("resnet10t", stem=stem)).train()
    for module in backbone.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None
            module.reset_running_stats()
    with torch.no_grad():
        backbone(to_input(sides(dataset, "stage1")[0].pixels))
    return backbone


def learner(dataset: Path, values: dict | None = None, *, fast: bool = True, stem: str = "imagenet", **more) -> Trainer:
    """A trainer with the values of a tiny spec but for those given, Stage 2 unless they say so. more: its arguments.

    fast: its model in its fast form.
    """
    values = values or {}
    stage1 = values.get("stage") == "stage1"
    tiny = stage1_values(dataset) if stage1 else stage2_values(dataset, "a-run")
    spec = parse_spec(tiny | values)
    model = build_model(spec, BackboneSpec(name="resnet10t", stem=stem), CPU)
    if not stage1:
        model.backbone.load_state_dict(_backbone(dataset, stem).state_dict())
    if fast:
        to_fast(model, MODEL_SIZE)
    return Trainer(model, spec, *sides(dataset, spec.stage), **more)


def untimed(records: list[EpochRecord]) -> list[EpochRecord]:
    """What does not depend on how fast the machine is."""
    return [replace(record, seconds=0, samples_per_second=0) for record in records]
