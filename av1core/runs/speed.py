"""How long a run will take, from what runs of its kind took."""

import time
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from statistics import median
from typing import Any

import numpy as np

from av1core.hardware import cpu_name, gpu_names
from av1core.runs.index import RunIndex
from av1core.runs.records import MEASURED
from av1core.training.spec import BackboneSpec, RunSpec

_BESIDE = 0.75
"""A run that had a smaller share of the machine than this trained beside others."""


@dataclass(frozen=True)
class _Measured:
    """What one run took of the machine: seconds a training block that was drawn, and a validation block of an epoch."""

    kind: tuple[Any, ...]
    per_train_block: float
    per_val_block: float


class Speeds:
    """The measured speeds of an index's finished and running runs, read once.

    Where several runs trained at the same time, side by side or on several devices, each took its share of that time,
    so that the seconds of runs add up to those of a queue of them.
    """

    def __init__(self, index: RunIndex):
        runs = index.query(
            """SELECT spec, device, train_blocks, val_blocks, seconds, rate, training, started,
                coalesce(ended, ?) AS until
            FROM runs JOIN (SELECT run, median(seconds) AS seconds, median(samples_per_second) AS rate,
                sum(seconds) AS training FROM epochs GROUP BY run) USING (run)
            WHERE origin = ? AND state IN ('finished', 'running')
                AND rate > 0 AND train_blocks > 0 AND val_blocks > 0""",
            [time.time(), MEASURED],
        )
        stage1 = index.query("SELECT run, spec FROM runs WHERE origin = ? AND stage = 'stage1'", [MEASURED])
        self._backbones = {row.run: parsed(row.spec).backbone for row in stage1.itertuples() if row.spec}
        until = runs["until"].to_numpy(float)
        # A run may have waited for its turn after it was taken from the queue, or rested before it was resumed.
        since = np.fmax(runs["started"].to_numpy(float), until - runs["training"].to_numpy(float))
        shares = _shares(np.fmin(since, until), until)
        self._measured = [self._measure(row, share) for row, share in zip(runs.itertuples(), shares, strict=True)]
        self._like: dict[tuple[Any, ...], list[_Measured]] = {}
        self._device = (*gpu_names(), cpu_name())[0]

    def epoch_seconds(self, spec: RunSpec, train_blocks: int, val_blocks: int, beside: bool = False) -> float | None:
        """Seconds of one epoch: the median by the runs that are most like it, None if no run of its stage was measured.

        train_blocks, val_blocks: of its stage in the dataset and split. beside: whether it will train beside others.
        """
        drawn = spec.epoch_blocks or train_blocks
        like = self._most_like(self._kind(spec, self._device, beside))
        times = [drawn * measured.per_train_block + val_blocks * measured.per_val_block for measured in like]
        return median(times) if times else None

    def _most_like(self, kind: tuple[Any, ...]) -> list[_Measured]:
        """The runs that share most of the beginning of a kind, as long as they are of its stage."""
        if kind not in self._like:
            likeness = [_likeness(kind, measured.kind) for measured in self._measured]
            nearest = max(likeness, default=0)
            pairs = zip(self._measured, likeness, strict=True)
            self._like[kind] = [measured for measured, common in pairs if common == nearest > 0]
        return self._like[kind]

    def _measure(self, row: Any, share: float) -> _Measured:
        spec = parsed(row.spec)
        drawn = spec.epoch_blocks or row.train_blocks
        evaluating = max(0.0, row.seconds - drawn / row.rate)
        kind = self._kind(spec, row.device, share < _BESIDE)
        return _Measured(kind, share / row.rate, share * evaluating / row.val_blocks)

    def _kind(self, spec: RunSpec, device: str, beside: bool) -> tuple[Any, ...]:
        """What decides the cost of a block, the most decisive first: runs that share a beginning cost alike."""
        backbone = spec.backbone or self._backbones.get(spec.stage1_run) or BackboneSpec()
        adapter = spec.adapter
        return (
            spec.stage, device, adapter and adapter.batchnorm, bool(adapter and adapter.unfrozen),
            spec.augmentation.makes_new_luma, backbone.name, backbone.stem, spec.precision, adapter and adapter.scheme,
            adapter and adapter.unfrozen, beside, spec.augmentation.on, spec.batch_size, adapter and adapter.layers,
            adapter and adapter.reduction, backbone.squeeze_excitation, backbone.spatial_attention, spec.qindex_input,
        )  # fmt: skip


@lru_cache(maxsize=8192)
def parsed(spec: str) -> RunSpec:
    """A spec as the index holds it, of a run that the Lab trained."""
    return RunSpec.model_validate_json(spec)


def _likeness(one: tuple[Any, ...], other: tuple[Any, ...]) -> int:
    """How many of the first entries are equal."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=True)))


def _shares(since: np.ndarray, until: np.ndarray) -> np.ndarray:
    """The share that each of N intervals, (N,) seconds each, has of its time: at any moment all that hold it have equal
    parts. 1 for an empty interval."""
    times = np.concatenate([since, until])
    order = np.argsort(times)
    times = times[order]
    running = np.cumsum(np.where(order < len(since), 1, -1))[:-1]
    parts = np.concatenate([[0.0], np.cumsum(np.diff(times) / np.maximum(running, 1))])[: len(times)]
    lengths = until - since
    own = np.interp(until, times, parts) - np.interp(since, times, parts) if len(times) else lengths
    return np.divide(own, lengths, out=np.ones_like(lengths), where=lengths > 0)
