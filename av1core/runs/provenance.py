"""Where a run's numbers come from, written when its training starts."""

import hashlib
import math
import platform
from importlib.metadata import version

import numpy as np
import torch
from torch import Tensor

from av1core.cluster import code_commit
from av1core.dataset.folder import Dataset
from av1core.dataset.record import Split
from av1core.hardware import cpu_name
from av1core.models.stage import StageModel, to_input
from av1core.runs.records import InputStatistics, Provenance
from av1core.training.blocks import BlockTensors
from av1core.training.spec import RunSpec

_STATISTICS_BLOCKS = 16384
"""Blocks whose statistics are taken at once."""


def provenance_of(
    spec: RunSpec,
    dataset: Dataset,
    split: Split,
    train: BlockTensors,
    val: BlockTensors,
    val_rows: np.ndarray,
    model: StageModel,
    backbone_sha256: str | None,
) -> Provenance:
    """What a run on these blocks rests on, as training starts.

    val_rows: int64 (N,), of the dataset's block table. model: in its plain form, whose parameters count.
    backbone_sha256: of the frozen backbone's file, None in Stage 1.
    """
    device = train.labels.device
    packages = ("torch", "timm", "numpy")
    trainable = [p for group in model.trainable().values() for p in group]
    return Provenance(
        dataset_name=dataset.name,
        dataset_fingerprint=dataset.fingerprint,
        split=split.method,
        val_sources=split.val,
        train_blocks=len(train),
        val_blocks=len(val),
        stage1_weights_sha256=backbone_sha256,
        total_parameters=sum(p.numel() for p in model.parameters()),
        trainable_parameters=sum(p.numel() for p in trainable),
        device=torch.cuda.get_device_name(device) if device.type == "cuda" else cpu_name(),
        threads=torch.get_num_threads(),
        versions={"python": platform.python_version()} | {name: version(name) for name in packages},
        git_commit=code_commit(),
        spec_hash=spec.hash,
        inputs=input_statistics(train.pixels),
        validation=rows_digest(val_rows),
    )


def rows_digest(rows: np.ndarray) -> str:
    """SHA-256 of rows int64 (N,) of a block table, in their order."""
    return hashlib.sha256(rows.astype("<i8").tobytes()).hexdigest()


def input_statistics(pixels: Tensor) -> InputStatistics:
    """Of pixels int16 (N, S, S) in 0–1023 as the network sees them; sums in float64, a part of the blocks at a time."""
    parts = (to_input(part).double() for part in pixels.split(_STATISTICS_BLOCKS))
    of_parts = [torch.stack([x.min(), x.max(), x.sum(), x.square().sum()]) for x in parts]
    lows, highs, sums, squares = torch.stack(of_parts).cpu().unbind(1)
    mean = float(sums.sum()) / pixels.numel()
    variance = float(squares.sum()) / pixels.numel() - mean**2
    return InputStatistics(float(lows.min()), float(highs.max()), mean, math.sqrt(max(variance, 0)))
