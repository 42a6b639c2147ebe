"""A DuckDB index over run folders, in memory: rebuilt at will, refreshed with what changed, never the truth.

Tables

    runs     one row a run: run, name, origin, stage, dataset, seed, experiment, state, tags, …, spec (JSON)
    epochs   one row a finished epoch: run, and the fields of EpochRecord but for the confusion matrix and what follows
             from it; NULL where an older or an imported history lacks them

    SELECT name, max_by(epoch, val_f1) AS best_epoch, max(val_f1) FROM epochs JOIN runs USING (run) GROUP BY ALL
"""

import glob
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_origin

import duckdb
import pandas as pd

from av1core.runs.folder import RunFolder
from av1core.runs.records import LIVE, Status
from av1core.runs.run_row import RunRow, damaged_row, read_run
from av1core.training.record import EpochRecord

_SCALARS = {str: "VARCHAR", int: "BIGINT", float: "DOUBLE", bool: "BOOLEAN"}


def _sql_type(annotation: Any) -> str:
    """The DuckDB type of a record's field: a scalar or None, a tuple of one type, or a dictionary."""
    kinds = get_args(annotation)
    if get_origin(annotation) is dict:
        return f"MAP({', '.join(_SCALARS[kind] for kind in kinds)})"
    if get_origin(annotation) is tuple:
        return f"{_SCALARS[kinds[0]]}[]"
    return _SCALARS[kinds[0] if kinds else annotation]


_WHOLE = {"seed": "Int64"}
"""An imported run has no seed, which would turn the others' seeds into decimal fractions."""

_RUN_COLUMNS = {field.name: _sql_type(field.type) for field in fields(RunRow)}
_IN_HISTORY_ONLY = ("val_precision_per_class", "val_recall_per_class", "val_confusion")
"""Read from the folder of the run that is looked at: here they would slow every refresh by a third."""

_EPOCH_COLUMNS = {
    field.name: _sql_type(field.type) for field in fields(EpochRecord) if field.name not in _IN_HISTORY_ONLY
}


_PROGRESS = {"epoch": 0, "step": 0, "samples_per_second": None}
"""What a run that trains changes every second."""


class RunIndex:
    """Queries over a folder of runs. Every method may be called from any thread; call `refresh` to see changes.

    version: rises with every refresh that finds more than the progress within an epoch, so that what was computed from
    finished epochs can be kept.
    """

    def __init__(self, runs_dir: Path):
        self.runs_dir = Path(runs_dir)
        self._lock = threading.Lock()
        self._seen: dict[str, tuple] = {}
        self._live: dict[str, Status] = {}
        self._refused: set[str] = set()
        self._told: dict[str, RunRow] = {}
        self.version = 0
        # Types are found in all rows: in a sample of them a column may be empty, and what another holds be refused.
        self._connection = duckdb.connect(":memory:", config={"pandas_analyze_sample": 2**31})
        runs, epochs = (
            ", ".join(f"{name} {kind}" for name, kind in columns.items()) for columns in (_RUN_COLUMNS, _EPOCH_COLUMNS)
        )
        self._connection.execute(f"CREATE TABLE runs ({runs}); CREATE TABLE epochs (run VARCHAR, {epochs})")

    def refresh(self) -> None:
        """Read what is new or changed in the run folders, see which live runs died, and forget what is gone."""
        with self._lock:
            signatures = _signatures(self.runs_dir)
            gone = self._seen.keys() - signatures.keys()
            changed = {run for run, signature in signatures.items() if self._seen.get(run) != signature}
            # The state of a live run also changes when its process dies, which no file tells.
            dead = {run for run, status in self._live.items() if status.effective() is not status}
            stale = sorted((changed | dead | self._refused) - gone)
            if not gone and not stale:
                return
            # A history grows once an epoch, a status changes every second.
            grown = {run for run in changed if signatures[run].history != getattr(self._seen.get(run), "history", None)}
            read = [read_run(RunFolder(self.runs_dir / run)) for run in stale]
            self._forget(gone)
            refused = self._take_in([row for row, _ in read], grown | self._refused)
            live = {row.run: status for row, status in read if status is not None and row.state in LIVE}
            kept = {run: status for run, status in self._live.items() if run not in gone and run not in stale}
            self._seen, self._live, self._refused = signatures, kept | live, refused
            told = {row.run: replace(row, **_PROGRESS) for row, _ in read}
            if gone or grown or any(self._told.get(run) != row for run, row in told.items()):
                self.version += 1
            self._told = {run: row for run, row in self._told.items() if run not in gone} | told

    def _take_in(self, rows: list[RunRow], grown: set[str]) -> set[str]:
        """Write rows, and the epochs of the runs that have grown; a run that DuckDB refuses becomes a damaged one.

        Such as one whose history is no lines of text. Returns the refused, of which no epochs are known.
        """
        if not rows:
            return set()
        try:
            self._write(rows, grown)
            return set()
        except duckdb.Error as error:
            if len(rows) > 1:
                half = len(rows) // 2
                return self._take_in(rows[:half], grown) | self._take_in(rows[half:], grown)
            (row,) = rows
            self._forget({row.run})
            self._write([damaged_row(row.run, f"Its files cannot be indexed: {error}")], set())
            return {row.run}

    def _write(self, rows: list[RunRow], grown: set[str]) -> None:
        with self._transaction() as connection:
            connection.execute("DELETE FROM runs WHERE run IN (SELECT unnest(?))", [[row.run for row in rows]])
            connection.register("fresh", pd.DataFrame([vars(row) for row in rows], dtype=object))
            connection.execute("INSERT INTO runs SELECT * FROM fresh")
            connection.unregister("fresh")
            again = [row.run for row in rows if row.run in grown]
            connection.execute("DELETE FROM epochs WHERE run IN (SELECT unnest(?))", [again])
            histories = [str(self.runs_dir / run / "history.jsonl") for run in again]
            histories = [file for file in histories if os.path.exists(file) and os.path.getsize(file)]
            if histories:
                connection.execute(
                    f"""INSERT INTO epochs SELECT parse_path(filename)[-2], {", ".join(_EPOCH_COLUMNS)}
                    FROM read_json(?, format = 'newline_delimited', ignore_errors = true, filename = true, columns = ?)
                    WHERE epoch IS NOT NULL""",
                    [[glob.escape(file) for file in histories], _EPOCH_COLUMNS],
                )

    def _forget(self, runs: set[str]) -> None:
        if runs:
            with self._transaction() as connection:
                for table in ("runs", "epochs"):
                    connection.execute(f"DELETE FROM {table} WHERE run IN (SELECT unnest(?))", [list(runs)])

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """All that is executed inside is seen at once, or after an error not at all."""
        with self._connection.cursor() as connection:
            connection.begin()
            try:
                yield connection
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    def query(self, sql: str, parameters: list | None = None) -> pd.DataFrame:
        """Run a SELECT over `runs` and `epochs`; parameters stand for `?`. Raises duckdb.Error if it is not valid."""
        return self._connection.cursor().execute(sql, parameters or []).df()

    def runs(self) -> pd.DataFrame:
        """Every run, newest first: the columns of RunRow."""
        runs = self.query("SELECT * FROM runs ORDER BY created DESC NULLS LAST, run")
        return runs.astype(_WHOLE)

    def epochs(self, runs: list[str]) -> pd.DataFrame:
        """The epochs of the given runs, by their ids, with the run's name and stage, in order; F1 lies in [0, 1]."""
        return self.query(
            """SELECT epochs.*, runs.name, runs.stage FROM epochs JOIN runs USING (run)
            WHERE list_contains(?, run) ORDER BY list_position(?, run), epoch""",
            [runs, runs],
        )

    def best(self) -> pd.DataFrame:
        """Every run that has epochs, with the values of its best epoch (highest val_f1, the first of equals).

        Values by class and by part of the model are left to `epochs`: of all runs they would take most of the time.
        F1 lies in [0, 1]. reevaluation_difference: the val F1 of the saved weights, read again at the end, less that of
        the epoch. epochs_done: how many have finished, total_seconds: what they took together.
        """
        plain = [name for name, kind in _EPOCH_COLUMNS.items() if kind in _SCALARS.values()]
        renamed = {"epoch": "best_epoch", "samples_per_second": "best_rate"}
        values = ", ".join(f"best.{name} AS {renamed.get(name, name)}" for name in plain)
        best = self.query(
            f"""SELECT runs.*, {values},
                of_run.epochs_done, of_run.total_seconds, reevaluated_val_f1 - best.val_f1 AS reevaluation_difference
            FROM runs
            JOIN (SELECT run, max_by(rowid, (coalesce(val_f1, -1), -epoch)) AS place,
                      count(*) AS epochs_done, sum(seconds) AS total_seconds
                  FROM epochs GROUP BY run) of_run USING (run)
            JOIN epochs best ON best.rowid = of_run.place
            ORDER BY created, run"""
        )
        return best.astype(_WHOLE)


class _Stamp(NamedTuple):
    """What tells one content of a file from the next. Two within a tick of the file system's clock differ in inode."""

    modified: int
    size: int
    inode: int


class _Signature(NamedTuple):
    """The stamps of a run folder's files, None where there is none."""

    spec: _Stamp | None
    imported: _Stamp | None
    status: _Stamp | None
    provenance: _Stamp | None
    history: _Stamp | None
    annotations: _Stamp | None


_FILES = ("spec.json", "imported.json", "status.json", "provenance.json", "history.jsonl", "annotations.json")


def _signatures(runs_dir: Path) -> dict[str, _Signature]:
    if not runs_dir.is_dir():
        return {}
    signatures = {}
    with os.scandir(runs_dir) as entries:
        for entry in entries:
            if entry.name.startswith(".") or not entry.is_dir():
                continue
            signature = _Signature(*(_stamp(f"{entry.path}/{name}") for name in _FILES))
            if any(signature):
                signatures[entry.name] = signature
    return signatures


def _stamp(path: str) -> _Stamp | None:
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return _Stamp(stat.st_mtime_ns, stat.st_size, stat.st_ino)
