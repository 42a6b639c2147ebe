"""How many nodes of which kind a dataset holds, in one table from which every view of the class mix follows."""

import numpy as np
import pandas as pd

from av1core.dataset.folder import Dataset, whole_nodes
from av1core.dataset.split import SIDES, side_mask
from av1core.partition import MODEL_SIZE, OUTSIDE, STAGES, Partition

MIN_SIZE = 8
"""Side in pixels of the smallest node: its SPLIT ends the tree in blocks of 4×4."""


def node_counts(dataset: Dataset) -> pd.DataFrame:
    """A row for each combination that occurs of source, side, qindex, size, partition and whole.

    source, side ("train", "val", or "" where there is no split) and partition are names, whole is whether the nodes lie
    wholly inside their picture. nodes: how many there are. decided: how many pixels of the pictures they decide on,
    that is their area inside the picture, and 0 for a SPLIT whose children are nodes themselves.
    """
    blocks, sources = dataset.blocks, dataset.sources
    is_val = np.full(len(blocks), False) if dataset.split.method == "none" else side_mask(dataset, "val")
    whole = whole_nodes(blocks, sources)
    ends = (blocks.partition != Partition.SPLIT) | (blocks.size == MIN_SIZE)
    height, width = (
        np.array([getattr(source, name) for source in sources])[blocks.source] for name in ("height", "width")
    )
    area = np.minimum(blocks.size, height - blocks.row) * np.minimum(blocks.size, width - blocks.col)
    columns = {
        "source": blocks.source, "side": is_val, "qindex": blocks.qindex, "size": blocks.size,
        "partition": blocks.partition, "whole": whole, "decided": np.where(ends, area, 0),
    }  # fmt: skip
    keys = [name for name in columns if name != "decided"]
    grouped = pd.DataFrame(columns).groupby(keys)["decided"]
    table = grouped.agg(nodes="size", decided="sum").reset_index()
    sides = ("", "") if dataset.split.method == "none" else SIDES
    table["source"] = [sources[index].name for index in table["source"]]
    table["side"] = [sides[int(value)] for value in table["side"]]
    table["partition"] = [Partition(value).name for value in table["partition"]]
    return table


def class_mix(counts: pd.DataFrame, stage: str, by: str) -> pd.DataFrame:
    """Blocks of each class of a stage by another column of `node_counts`: columns `by`, class, nodes, share.

    Whole nodes count, since only they are trained on, and those of 16×16 unless `by` is "size". share: of the blocks
    of that row of `by`, 0–1.
    """
    labels = dict(zip(Partition.__members__, STAGES[stage].labels(np.arange(len(Partition))).tolist(), strict=True))
    rows = counts[counts["whole"] & ((by == "size") | (counts["size"] == MODEL_SIZE))]
    rows = rows.assign(label=rows["partition"].map(labels))
    rows = rows[rows["label"] != OUTSIDE]
    mix = rows.groupby([by, "label"])["nodes"].sum().unstack(fill_value=0)
    mix = mix.reindex(columns=range(len(STAGES[stage].classes)), fill_value=0)
    mix.columns = list(STAGES[stage].classes)
    long = mix.reset_index().melt(id_vars=by, var_name="class", value_name="nodes")
    total = long.groupby(by)["nodes"].transform("sum")
    return long.assign(share=long["nodes"] / total.where(total > 0))


def type_shares(counts: pd.DataFrame, picture_pixels: int) -> pd.DataFrame:
    """Columns partition, size, nodes, share_of_nodes and share_of_pixels (0–1) for each type and node size.

    picture_pixels: pixels of all pictures, times their qindexes. What no node of 8 to 64 decides on lies in undivided
    nodes of 128×128.
    """
    table = counts.groupby(["partition", "size"])[["nodes", "decided"]].sum().reset_index()
    return table.assign(
        share_of_nodes=table["nodes"] / table["nodes"].sum(), share_of_pixels=table["decided"] / picture_pixels
    )


def picture_pixels(dataset: Dataset) -> int:
    """Pixels of all frames, counted once for each qindex at which a frame was encoded."""
    blocks = dataset.blocks
    seen = np.unique(np.stack([blocks.source, blocks.frame, blocks.qindex]).astype(np.int64), axis=1)[0]
    return int(np.array([source.height * source.width for source in dataset.sources])[seen].sum())
