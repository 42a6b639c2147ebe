"""What a sweep would queue: its new runs and their time, those that were trained already, and those that cannot be."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from av1core.dataset.blocks import stage_rows
from av1core.dataset.folder import Dataset
from av1core.dataset.record import Split
from av1core.dataset.split import SIDES, resolve_split
from av1core.dataset.tables import BLOCKS, DESCRIPTION
from av1core.errors import LabError, said
from av1core.partition import STAGES
from av1core.runs.folder import RunFolder
from av1core.runs.index import RunIndex
from av1core.runs.prerequisites import check
from av1core.runs.progress import duration
from av1core.runs.records import MEASURED
from av1core.runs.speed import Speeds, parsed
from av1core.training.grouping import together_key
from av1core.training.spec import RunSpec
from av1core.training.sweep import Point, Sweep, value_text
from av1core.translation import ENGLISH, Message, Words, message

DONE_OR_COMING = ("finished", "running", "queued", "paused")
"""States of a run that need not be trained again, in the order in which one is named."""


@dataclass(frozen=True)
class PlannedRun:
    """One run of a sweep before it is queued.

    changes: the values of the factors by dotted key. problem: why it cannot be queued, "" if it can. duplicate_of,
    state: the run of the same spec, and its state. seconds: at most this long, by all its epochs, of a run to queue;
    early stopping can end it sooner. None before a run of its stage was measured.
    """

    changes: Mapping[str, Any]
    seed: int
    spec: RunSpec | None
    problem: str = ""
    duplicate_of: str | None = None
    state: str | None = None
    seconds: float | None = None

    @property
    def new(self) -> bool:
        """Whether it can be queued and has not been trained."""
        return not self.problem and self.duplicate_of is None


@dataclass(frozen=True)
class Plan:
    """The runs of a sweep in its order. repeat: duplicates are queued too."""

    rows: tuple[PlannedRun, ...]
    repeat: bool = False

    def queued(self, row: PlannedRun) -> bool:
        """Whether a run of this plan is queued: a new one, and a duplicate if they are repeated."""
        return row.new or (self.repeat and not row.problem)

    @property
    def to_queue(self) -> list[RunSpec]:
        """The specs of the runs that are queued, in order."""
        return [row.spec for row in self.rows if self.queued(row)]

    @property
    def duplicates(self) -> int:
        """How many were trained already or are coming."""
        return sum(row.duplicate_of is not None for row in self.rows)

    @property
    def invalid(self) -> int:
        """How many cannot be queued."""
        return sum(bool(row.problem) for row in self.rows)

    @property
    def seconds(self) -> float | None:
        """At most this long for all that is queued; None if the time of any is unknown."""
        found = [row.seconds for row in self.rows if self.queued(row)]
        return None if None in found else sum(found)

    def summary(self) -> str:
        """The totals in a few sentences."""
        return " ".join(self.sentences())

    def sentences(self) -> list[Message]:
        """What `summary` says, a sentence each."""
        new = len(self.to_queue)
        texts = [message("Runs to queue: {count:,}.", count=new)]
        if new and self.seconds is None:
            texts.append(message("The time is unknown until a run of this kind has been measured."))
        elif new:
            within = duration(self.seconds)
            most = message("At most {time} at the measured speed; early stopping can end them sooner.", time=within)
            texts.append(most)
        if self.duplicates and self.repeat:
            texts.append(message("Trained or coming already, and repeated: {count:,}.", count=self.duplicates))
        elif self.duplicates:
            texts.append(message("Trained or coming already, and skipped: {count:,}.", count=self.duplicates))
        if self.invalid:
            texts.append(message("Impossible: {count:,}.", count=self.invalid))
        return texts

    def table(self, words: Words = ENGLISH) -> pd.DataFrame:
        """A row a run: a column of text for each factor, seed, seconds (NaN if unknown or not queued) and status."""
        return pd.DataFrame(
            [
                {key: value_text(value) for key, value in row.changes.items()}
                | {"seed": row.seed, "seconds": row.seconds, "status": self._status(row, words)}
                for row in self.rows
            ]
        ).astype({"seconds": float})

    def _status(self, row: PlannedRun, words: Words) -> str:
        if row.problem:
            return words.tell("impossible: {problem}", problem=words.tell(row.problem).replace("\n", " "))
        if row.duplicate_of is None:
            return words.tell("new")
        if self.repeat:
            return words.tell("again: {state} as {run}", state=row.state, run=row.duplicate_of)
        return words.tell("skipped: {state} as {run}", state=row.state, run=row.duplicate_of)


def plan(sweep: Sweep, index: RunIndex, repeat: bool = False) -> Plan:
    """What the sweep would queue, from the index as it is.

    A run is a duplicate of one that is finished, or will be, with the same spec hash and on the same blocks: the same
    contents of the dataset and the same split.
    """
    twins = _twins(index)
    grounds: dict[RunSpec, _Ground | LabError] = {}

    def ground(spec: RunSpec) -> _Ground | LabError:
        # Most runs of a sweep rest on the same files.
        files = RunSpec(
            **{name: getattr(spec, name) for name in ("stage", "dataset", "split", "stage1_run", "backbone")}
        )
        if files not in grounds:
            grounds[files] = _ground(index.runs_dir, spec)
        return grounds[files]

    def without_time(point: Point) -> PlannedRun:
        if point.spec is None:
            return PlannedRun(point.changes, point.seed, None, point.problem)
        found = ground(point.spec)
        if isinstance(found, LabError):
            return PlannedRun(point.changes, point.seed, point.spec, said(found))
        same = (twin for twin in twins.get(point.spec.hash, ()) if _rests_on(index.runs_dir, twin.run, found))
        twin = next(same, _Twin(None, None))
        return PlannedRun(point.changes, point.seed, point.spec, "", twin.run, twin.state)

    untimed = Plan(tuple(without_time(point) for point in sweep.points()), repeat)
    speeds = Speeds(index)
    together = Counter(together_key(spec) for spec in untimed.to_queue)

    def timed(row: PlannedRun) -> PlannedRun:
        if not untimed.queued(row):
            return row
        key, blocks = together_key(row.spec), ground(row.spec)
        beside = key is not None and together[key] > 1
        epoch = speeds.epoch_seconds(row.spec, blocks.train, blocks.val, beside)
        return replace(row, seconds=None if epoch is None else epoch * row.spec.epochs)

    return replace(untimed, rows=tuple(timed(row) for row in untimed.rows))


def most_seconds(specs: Sequence[RunSpec], index: RunIndex) -> float | None:
    """At most this long for all of these runs, by all their epochs; None if the time of any is unknown."""
    speeds, grounds = Speeds(index), {}
    together = Counter(together_key(spec) for spec in specs)
    total = 0.0
    for spec in specs:
        files = (spec.stage, spec.dataset, spec.split, spec.stage1_run)
        if files not in grounds:
            grounds[files] = _ground(index.runs_dir, spec)
        blocks, key = grounds[files], together_key(spec)
        if isinstance(blocks, LabError):
            return None
        epoch = speeds.epoch_seconds(spec, blocks.train, blocks.val, key is not None and together[key] > 1)
        if epoch is None:
            return None
        total += epoch * spec.epochs
    return total


class _Twin(NamedTuple):
    run: str | None
    state: str | None


@dataclass(frozen=True)
class _Ground:
    """What a stage trains on: a dataset's contents, the split, and the number of blocks of each side."""

    fingerprint: str
    split: Split
    train: int
    val: int


def _ground(runs_dir: Path, spec: RunSpec) -> _Ground | LabError:
    """What the spec rests on, or why it cannot start."""
    try:
        check(runs_dir, spec)
        files = (Path(spec.dataset, name).stat() for name in (DESCRIPTION, BLOCKS))
        changed = tuple((file.st_mtime_ns, file.st_size) for file in files)
        return _blocks(str(Path(spec.dataset).absolute()), changed, spec.split, spec.stage)
    except LabError as error:
        return error


@lru_cache(maxsize=64)
def _blocks(path: str, changed: tuple, choice: str, stage: str) -> _Ground:
    """changed: another value when the dataset's files are."""
    dataset = Dataset.open(path)
    split = resolve_split(dataset, choice)
    train, val = (len(stage_rows(dataset, STAGES[stage], side, split)[0]) for side in SIDES)
    return _Ground(dataset.fingerprint, split, train, val)


def _twins(index: RunIndex) -> dict[str, list[_Twin]]:
    """The runs that are done or coming, by spec hash, the preferred ones first."""
    runs = index.query(
        """SELECT run, state, spec FROM runs WHERE origin = ? AND list_contains(?, state)
        ORDER BY list_position(?, state), created, run""",
        [MEASURED, DONE_OR_COMING, DONE_OR_COMING],
    )
    twins: dict[str, list[_Twin]] = {}
    for row in runs.itertuples():
        twins.setdefault(_hash(row.spec), []).append(_Twin(row.run, row.state))
    return twins


@lru_cache(maxsize=8192)
def _hash(spec: str) -> str:
    return parsed(spec).hash


def _rests_on(runs_dir: Path, run: str, ground: _Ground) -> bool:
    """Whether a run trained on these blocks, or will: one that has not begun takes what is there."""
    began = RunFolder(runs_dir / run).provenance()
    if began is None:
        return True
    return (began.dataset_fingerprint, began.split, began.val_sources) == (
        ground.fingerprint,
        ground.split.method,
        ground.split.val,
    )
