"""What averages of maps are taken over: blocks drawn evenly from groups, and their maps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from av1core.analysis.maps.choice import targets
from av1core.analysis.maps.methods import METHODS, MapSpec
from av1core.analysis.maps.subject import Subject
from av1core.analysis.maps.summaries import Agreement, agreement
from av1core.analysis.predictions import Predictions
from av1core.dataset.folder import Dataset
from av1core.partition import Partition, Stage
from av1core.translation import message

CLASS, TYPE, QINDEX = "class", "type", "qindex"

BY = {CLASS: message("True class"), TYPE: message("Partition type"), QINDEX: message("qindex")}
"""What blocks are grouped by: title by name."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """Blocks drawn from many. rows: int64 (N,), of the dataset's block table, ascending. of: how many there were.

    names: of the groups that have a block, in order. group: int64 (N,), index into them. partition, source: integers
    (N,), the encoder's choice and the source of each block.
    """

    rows: np.ndarray
    of: int
    names: tuple[str, ...]
    group: np.ndarray
    partition: np.ndarray
    source: np.ndarray


def draw(dataset: Dataset, stage: Stage, rows: Sequence[int], by: str, count: int, seed: int = 0) -> Drawn:
    """At most `count` of the rows, as evenly from each group as there are blocks; the same for the same rows and seed.

    rows: of blocks that the stage sees, at least one. by: of BY.
    """
    rows = np.sort(np.asarray(rows, np.int64))
    names, group = _groups(dataset, stage, rows, by)
    chosen = np.sort(_evenly(group, count, np.random.default_rng(seed)))
    rows, source, partition = rows[chosen], dataset.blocks.source[rows[chosen]], dataset.blocks.partition[rows[chosen]]
    return Drawn(rows, len(group), names, group[chosen], partition.astype(np.int64), source.astype(np.int64))


def drawn_targets(rows: np.ndarray, target: str, predictions: Predictions) -> np.ndarray:
    """The class index that each block's map is evidence for, int64 (N,).

    rows: int64 (N,). target: PREDICTED, TRUE or a class. predictions: of the run whose prediction counts; RunError if
    it has none for some of these blocks.
    """
    those = predictions.of(rows)
    return targets(those.stage, target, those.label, those.predicted)


def drawn_maps(subject: Subject, spec: MapSpec, rows: np.ndarray, of: np.ndarray) -> np.ndarray:
    """The maps of blocks by their rows, float32 (N, h, w), for the class index in `of`, int64 (N,)."""
    return subject.maps(spec, subject.blocks(rows), of)


def contrast(subject: Subject, rows: np.ndarray) -> np.ndarray:
    """What blocks hold by themselves: luma less the block's mean, float64 (N, 16, 16) in −1023 to 1023."""
    pixels = subject.blocks(rows).pixels
    return pixels - pixels.mean((1, 2), keepdims=True)


def every_method(layers: Sequence[str], spec: MapSpec) -> list[MapSpec]:
    """All methods of the input, then all of the given layers, with the baseline, output and seed of `spec`."""
    of_input = [name for name, method in METHODS.items() if method.of == "input"]
    of_layers = [(name, layer) for layer in layers for name, method in METHODS.items() if method.of == "layer"]
    chosen = [(name, None) for name in of_input] + of_layers
    return [MapSpec(name, layer, spec.baseline, spec.output, spec.seed) for name, layer in chosen]


def method_agreement(subject: Subject, specs: Sequence[MapSpec], rows: np.ndarray, of: np.ndarray) -> Agreement:
    """`agreement` between methods; rows and of as in `drawn_maps`."""
    return agreement({spec.title: drawn_maps(subject, spec, rows, of) for spec in specs})


def by_run(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Tables of several runs, by name, as one with the column `run` in front."""
    return pd.concat([table.assign(run=run) for run, table in tables.items()], ignore_index=True)


def _groups(dataset: Dataset, stage: Stage, rows: np.ndarray, by: str) -> tuple[tuple[str, ...], np.ndarray]:
    blocks = dataset.blocks
    if by == CLASS:
        values, title = stage.labels(blocks.partition[rows]), stage.classes.__getitem__
    elif by == TYPE:
        values, title = blocks.partition[rows], lambda number: Partition(number).name
    else:
        values, title = blocks.qindex[rows], "qindex {}".format
    found, group = np.unique(values, return_inverse=True)
    return tuple(title(value) for value in found.tolist()), group


def _evenly(group: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """Positions of at most `count` members; a group that has fewer than its part leaves the rest to the others."""
    members = sorted((random.permutation(np.flatnonzero(group == each)) for each in np.unique(group)), key=len)
    chosen: list[np.ndarray] = []
    for place, group_members in enumerate(members):
        chosen.append(group_members[: (count - sum(map(len, chosen))) // (len(members) - place)])
    return np.concatenate(chosen)
