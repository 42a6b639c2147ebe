"""Which sources train and which validate. Blocks of one picture, or of two views of one scene, never part."""

from collections.abc import Iterable, Sequence

import numpy as np

from av1core.dataset.folder import Blocks, Dataset
from av1core.dataset.record import Source
from av1core.errors import DatasetError
from av1core.partition import MODEL_SIZE, STAGES, Partition, Stage

SIDES = ("train", "val")

_CANDIDATES = 16384


def split_by_source(
    blocks: Blocks,
    sources: Sequence[Source],
    *,
    val_fraction: float = 0.2,
    seed: int = 42,
    stages: Iterable[Stage] = tuple(STAGES.values()),
) -> tuple[str, ...]:
    """Names of the validation sources, in the dataset's order.

    Of many random choices of whole groups, the one is taken whose shares of the groups, of the 16×16 blocks and of
    each class at each qindex are nearest to val_fraction, with every class of the stages on both sides. The same seed
    gives the same split. DatasetError, naming the class, if no choice puts each class on both
    sides.
    """
    names = sorted({source.group for source in sources})
    counts, classes = _class_counts(blocks, sources, names, tuple(stages))
    _require_possible(counts, classes, names)
    balanced = np.concatenate([np.ones((len(names), 1), np.int64), _counts_by_qindex(blocks, sources, names)], axis=1)
    random = np.random.default_rng(seed)
    chosen = random.random((_CANDIDATES, len(names))) < random.uniform(0, 2 * val_fraction, (_CANDIDATES, 1))
    inside, total = chosen @ counts, counts.sum(axis=0)
    valid = ((inside > 0) & (inside < total)).all(axis=1)
    if not valid.any():
        raise DatasetError(
            "No choice of whole pictures puts every class on both sides of a split; build from more pictures."
        )
    distance = np.abs(chosen @ balanced / balanced.sum(axis=0) - val_fraction).mean(axis=1)
    best = chosen[np.argmin(np.where(valid, distance, np.inf))]
    groups = {name for name, is_chosen in zip(names, best, strict=True) if is_chosen}
    return tuple(source.name for source in sources if source.group in groups)


def side_mask(dataset: Dataset, side: str) -> np.ndarray:
    """bool (blocks,): which blocks of the dataset are on a side, "train" or "val".

    DatasetError if the dataset has no split, with the reason and what to do.
    """
    if side not in SIDES:
        raise ValueError(f"side is one of {SIDES}, not {side!r}")
    if dataset.split.method == "none":
        raise DatasetError(f"The dataset {dataset.name} has no training and validation side: {dataset.split.note}")
    is_val = np.array([source.name in dataset.split.val for source in dataset.sources])[dataset.blocks.source]
    return is_val if side == "val" else ~is_val


def audit(dataset: Dataset) -> list[str]:
    """Names of the sources whose scene (group) has blocks on both sides; empty is good."""
    groups: dict[str, set[str]] = {side: set() for side in SIDES}
    for side in SIDES:
        for index in np.unique(dataset.blocks.source[side_mask(dataset, side)]):
            groups[side].add(dataset.sources[index].group)
    both = groups["train"] & groups["val"]
    return [source.name for source in dataset.sources if source.group in both]


def _class_counts(
    blocks: Blocks, sources: Sequence[Source], names: list[str], stages: tuple[Stage, ...]
) -> tuple[np.ndarray, list[str]]:
    """16×16 blocks by group and class, int64 (groups, 1 + classes), and the columns' names."""
    group, partition, _ = _model_blocks(blocks, sources, names)
    columns, classes = [np.bincount(group, minlength=len(names))], ["16×16 blocks"]
    for stage in stages:
        labels = stage.labels(partition)
        for index, name in enumerate(stage.classes):
            columns.append(np.bincount(group[labels == index], minlength=len(names)))
            classes.append(f"{name} ({stage.title})")
    return np.stack(columns, axis=1), classes


def _counts_by_qindex(blocks: Blocks, sources: Sequence[Source], names: list[str]) -> np.ndarray:
    """16×16 blocks by group, int64 (groups, columns): a column for each partition type at each qindex that occurs."""
    group, partition, qindex = _model_blocks(blocks, sources, names)
    kinds, kind = np.unique(qindex.astype(np.int64) * len(Partition) + partition, return_inverse=True)
    return np.stack([np.bincount(group[kind == index], minlength=len(names)) for index in range(len(kinds))], axis=1)


def _model_blocks(blocks: Blocks, sources: Sequence[Source], names: list[str]) -> tuple[np.ndarray, ...]:
    """Group, partition and qindex of each 16×16 block."""
    group_of_source = np.array([names.index(source.group) for source in sources])
    of_model = blocks.size == MODEL_SIZE
    return group_of_source[blocks.source[of_model]], blocks.partition[of_model], blocks.qindex[of_model]


def _require_possible(counts: np.ndarray, classes: list[str], names: list[str]) -> None:
    if len(names) < 2:
        raise DatasetError("A split needs at least two independent pictures; build a dataset from more of them.")
    for index, name in enumerate(classes):
        holders = [group for group, count in zip(names, counts[:, index], strict=True) if count]
        if len(holders) < 2:
            who = f"Only {holders[0]} has" if holders else "No picture has"
            raise DatasetError(
                f"{who} {name}, so it cannot be on both sides of a split; build from more pictures, at more "
                "qindexes or with a lower cpu-used."
            )
