"""Draw the whole pictures or frames that validate, so that both sides have the same mix and every class."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from av1core.errors import DatasetError
from av1core.partition import Partition, Stage
from av1core.translation import Message, message

Unit = Literal["picture", "frame"]

_CANDIDATES, _CANDIDATE_CELLS = 16384, 2**23

_TOO_FEW: dict[Unit, Message] = {
    "picture": message(
        "A split needs at least two independent pictures; build a dataset from more of them, or split another way."
    ),
    "frame": message(
        "A split needs at least two independent frames; build a dataset from more of them, or split another way."
    ),
}
_NO_CHOICE: dict[Unit, Message] = {
    "picture": message(
        "No choice of whole pictures puts every class on both sides of a split; build from more pictures."
    ),
    "frame": message("No choice of whole frames puts every class on both sides of a split; build from more frames."),
}
_NOBODY: dict[Unit, Message] = {"picture": message("No picture has"), "frame": message("No frame has")}
_MORE: dict[Unit, Message] = {"picture": message("more pictures"), "frame": message("more frames")}


def draw_units(
    unit: np.ndarray,
    partition: np.ndarray,
    qindex: np.ndarray,
    names: Sequence[str],
    what: Unit,
    *,
    val_fraction: float,
    seed: int,
    stages: tuple[Stage, ...],
) -> set[str]:
    """Names of the units that validate: the best of many random choices of whole units.

    unit, partition, qindex: integers (N,), of each 16×16 block; unit is an index into `names`. what: what a unit is,
    for messages. The choice taken is the one whose shares of the units and of each partition type at each qindex are
    nearest to val_fraction (0–1), with every class of the stages on both sides. DatasetError, naming the class, if no
    choice puts each class on both sides.
    """
    counts, classes = _class_counts(unit, partition, len(names), stages)
    _require_possible(counts, classes, names, what)
    kinds, kind = np.unique(qindex.astype(np.int64) * len(Partition) + partition, return_inverse=True)
    by_kind = [np.bincount(unit[kind == index], minlength=len(names)) for index in range(len(kinds))]
    balanced = np.stack([np.ones(len(names), np.int64), *by_kind], axis=1)
    random = np.random.default_rng(seed)
    candidates = min(_CANDIDATES, _CANDIDATE_CELLS // len(names) + 1)
    chosen = random.random((candidates, len(names))) < random.uniform(0, 2 * val_fraction, (candidates, 1))
    # As floating point numbers, which multiply a hundred times faster; counts stay far below 2^53.
    picks = chosen.astype(np.float64)
    inside, total = picks @ counts, counts.sum(axis=0)
    valid = ((inside > 0) & (inside < total)).all(axis=1)
    if not valid.any():
        raise DatasetError(_NO_CHOICE[what])
    distance = np.abs(picks @ balanced / balanced.sum(axis=0) - val_fraction).mean(axis=1)
    best = chosen[np.argmin(np.where(valid, distance, np.inf))]
    return {name for name, is_chosen in zip(names, best, strict=True) if is_chosen}


def _class_counts(
    unit: np.ndarray, partition: np.ndarray, units: int, stages: tuple[Stage, ...]
) -> tuple[np.ndarray, list[str]]:
    """16×16 blocks by unit and class, int64 (units, 1 + classes), and the columns' names."""
    columns, classes = [np.bincount(unit, minlength=units)], [message("16×16 blocks")]
    for stage in stages:
        labels = stage.labels(partition)
        for index, name in enumerate(stage.classes):
            columns.append(np.bincount(unit[labels == index], minlength=units))
            classes.append(f"{name} ({stage.title})")
    return np.stack(columns, axis=1), classes


def _require_possible(counts: np.ndarray, classes: list[str], names: Sequence[str], what: Unit) -> None:
    if len(names) < 2:
        raise DatasetError(_TOO_FEW[what])
    for index, name in enumerate(classes):
        holders = [unit for unit, count in zip(names, counts[:, index], strict=True) if count]
        if len(holders) < 2:
            who = message("Only {unit} has", unit=holders[0]) if holders else _NOBODY[what]
            raise DatasetError(
                message(
                    "{who} {name}, so it cannot be on both sides of a split; build from {more}, at more qindexes or "
                    "with a lower cpu-used.",
                    who=who, name=name, more=_MORE[what],
                )
            )  # fmt: skip
