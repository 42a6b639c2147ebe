"""What a dataset holds, counted: classes by stage, side and qindex, types by size, sources and split."""

from typing import Any

import numpy as np

from av1core.dataset.folder import Dataset
from av1core.dataset.split import SIDES, audit, side_mask
from av1core.partition import MODEL_SIZE, NODE_SIZES, OUTSIDE, STAGES, Partition


def summary(dataset: Dataset) -> dict[str, Any]:
    """The facts of a dataset as plain JSON values; counts are of tree nodes."""
    blocks, of_model = dataset.blocks, dataset.blocks.size == MODEL_SIZE
    sides = {side: side_mask(dataset, side) for side in SIDES} if dataset.split.method != "none" else {}
    stages = {}
    for name, stage in STAGES.items():
        labels = np.where(of_model, stage.labels(blocks.partition), OUTSIDE)
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
    keys = ("name", "title", "author", "licence", "url", "origin", "frames", "height", "width", "group")
    val = set(dataset.split.val)
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
            "note": dataset.split.note,
            "on_both_sides": audit(dataset) if sides else [],
        },
        "sources": [
            {
                **{key: getattr(source, key) for key in keys},
                "side": "" if not sides else "val" if source.name in val else "train",
            }
            for source in dataset.sources
        ],
    }
