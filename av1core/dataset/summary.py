"""What a dataset holds, counted: classes by stage, side and qindex, types by size, sources and split."""

from dataclasses import asdict
from typing import Any

import numpy as np

from av1core.dataset.folder import Dataset
from av1core.dataset.record import Split
from av1core.dataset.split import SIDES, audit, side_mask
from av1core.partition import NODE_SIZES, OUTSIDE, STAGES, Partition


def summary(dataset: Dataset) -> dict[str, Any]:
    """The facts of a dataset as plain JSON values; counts are of tree nodes."""
    blocks = dataset.blocks
    sides = {side: side_mask(dataset, side) for side in SIDES} if dataset.split.method != "none" else {}
    stages = {}
    for name, stage in STAGES.items():
        labels = np.where(dataset.model_blocks, stage.labels(blocks.partition), OUTSIDE)
        masks = {"all": np.ones(len(blocks), bool), **sides}
        masks |= {f"qindex {qindex}": blocks.qindex == qindex for qindex in dataset.qindexes}
        stages[name] = {
            column: {title: int((labels[mask] == index).sum()) for index, title in enumerate(stage.classes)}
            for column, mask in masks.items()
        }
    types = {
        str(size): {kind.name: int(((blocks.size == size) & (blocks.partition == kind)).sum()) for kind in Partition}
        for size in NODE_SIZES
    }
    keys = ("name", "title", "author", "licence", "url", "origin", "frames", "height", "width", "group", "mosaic")
    return {
        "name": dataset.name,
        "fingerprint": dataset.fingerprint,
        "labels": dataset.description.labels,
        "encoder": f"{dataset.encoder.name} {dataset.encoder.version}, {dataset.encoder.usage}",
        "options": dict(dataset.encoder.options),
        "qindexes": list(dataset.qindexes),
        "blocks": len(blocks),
        "blocks_by_size": types,
        "stages": stages,
        "split": {
            "method": dataset.split.method,
            "val": list(dataset.split.val),
            "val_frames": len(dataset.split.val_frames),
            "val_fraction": dataset.split.val_fraction,
            "seed": dataset.split.seed,
            "note": dataset.split.note,
            "on_both_sides": asdict(audit(dataset)) if sides else None,
        },
        "sources": [
            {
                **{key: getattr(source, key) for key in keys},
                "side": side_of(source.name, dataset.split),
            }
            for source in dataset.sources
        ],
    }


def side_of(source: str, split: Split) -> str:
    """The side of a whole source, "train" or "val"; "both" where its frames or blocks may part, "" without a split."""
    if split.method in ("source", "list"):
        return "val" if source in split.val else "train"
    return "" if split.method == "none" else "both"
