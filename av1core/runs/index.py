"""A DuckDB index over run folders, in memory: rebuilt at will, refreshed with what changed, never the truth.

Tables

    runs     one row a run: run, name, origin, stage, dataset, seed, experiment, state, epoch, epochs, …, spec (JSON)
    epochs   one row a finished epoch: run, and the fields of EpochRecord but for the confusion matrix and what follows
             from it; NULL where an older or an imported history lacks them

    SELECT name, max_by(epoch, val_f1) AS best_epoch, max(val_f1) FROM epochs JOIN runs USING (run) GROUP BY ALL
"""

import hashlib
import json
import os
import threading
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, get_args, get_origin

import duckdb
import pandas as pd

from av1core.errors import LabError
from av1core.runs.folder import RunFolder
from av1core.runs.imported import Imported
from av1core.runs.records import IMPORTED, LIVE, MEASURED, Status
from av1core.training.record import EpochRecord


@dataclass(frozen=True)
class RunRow:
    """One row of `runs`. Times are Unix seconds; a run whose files are damaged has state `damaged` and a message.

    An imported run has no seed, and in `spec` only the settings that are known.
    """

    run: str
    name: str = ""
    origin: str = MEASURED
    stage: str = ""
    dataset: str = ""
    stage1_run: str | None = None
    seed: int | None = None
    experiment: str = ""
    reduction: int | None = None
    batchnorm: str | None = None
    state: str = "damaged"
    message: str = ""
    created: float | None = None
    started: float | None = None
    ended: float | None = None
    epoch: int = 0
    epochs: int = 0
    step: int = 0
    steps: int = 0
    samples_per_second: float | None = None
    stopped_early: bool | None = False
    reevaluated_val_f1: float | None = None
    trainable_parameters: int | None = None
    train_blocks: int | None = None
    val_blocks: int | None = None
    device: str | None = None
    split: str | None = None
    spec: str = ""


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


class RunIndex:
    """Queries over a folder of runs. Every method may be called from any thread; call `refresh` to see changes."""

    def __init__(self, runs_dir: Path):
        self.runs_dir = Path(runs_dir)
        self._lock = threading.Lock()
        self._seen: dict[str, tuple] = {}
        self._live: set[str] = set()
        self._connection = duckdb.connect(":memory:")
        runs, epochs = (
            ", ".join(f"{name} {kind}" for name, kind in columns.items()) for columns in (_RUN_COLUMNS, _EPOCH_COLUMNS)
        )
        self._connection.execute(f"CREATE TABLE runs ({runs}); CREATE TABLE epochs (run VARCHAR, {epochs})")

    def refresh(self) -> None:
        """Read the run folders that are new, changed or live, and forget those that are gone."""
        with self._lock:
            signatures = _signatures(self.runs_dir)
            gone = self._seen.keys() - signatures.keys()
            # The state of a live run also changes when its process dies, which no file tells.
            changed = {run for run, signature in signatures.items() if self._seen.get(run) != signature}
            stale = sorted(changed | (self._live & signatures.keys()))
            if not gone and not stale:
                return
            rows = [_read_run(RunFolder(self.runs_dir / run)) for run in stale]
            connection = self._connection.cursor()
            connection.begin()
            try:
                self._replace(connection, sorted(gone), stale, rows, sorted(changed))
                connection.commit()
            except BaseException:
                connection.rollback()
                raise
            self._seen = signatures
            self._live = (self._live - gone - set(stale)) | {row.run for row in rows if row.state in LIVE}

    def _replace(
        self,
        connection: duckdb.DuckDBPyConnection,
        gone: list[str],
        stale: list[str],
        rows: list[RunRow],
        changed: list[str],
    ) -> None:
        connection.execute("DELETE FROM runs WHERE list_contains(?, run)", [gone + stale])
        connection.execute("DELETE FROM epochs WHERE list_contains(?, run)", [gone + changed])
        if rows:
            connection.register("fresh", pd.DataFrame([asdict(row) for row in rows], dtype=object))
            connection.execute("INSERT INTO runs SELECT * FROM fresh")
            connection.unregister("fresh")
        histories = [str(self.runs_dir / run / "history.jsonl") for run in changed]
        histories = [file for file in histories if os.path.exists(file) and os.path.getsize(file)]
        if histories:
            connection.execute(
                f"""INSERT INTO epochs SELECT parse_path(filename)[-2], {", ".join(_EPOCH_COLUMNS)}
                FROM read_json(?, format = 'newline_delimited', ignore_errors = true, filename = true, columns = ?)
                WHERE epoch IS NOT NULL""",
                [histories, _EPOCH_COLUMNS],
            )

    def query(self, sql: str, parameters: list | None = None) -> pd.DataFrame:
        """Run a SELECT over `runs` and `epochs`; parameters stand for `?`."""
        return self._connection.cursor().execute(sql, parameters or []).df()

    def runs(self) -> pd.DataFrame:
        """Every run, newest first."""
        runs = self.query("SELECT * FROM runs ORDER BY created DESC NULLS LAST, run")
        return runs.astype(_WHOLE)

    def epochs(self, runs: list[str]) -> pd.DataFrame:
        """The epochs of the given runs, with the run's name and stage, in order."""
        return self.query(
            """SELECT epochs.*, runs.name, runs.stage FROM epochs JOIN runs USING (run)
            WHERE list_contains(?, run) ORDER BY list_position(?, run), epoch""",
            [runs, runs],
        )

    def best(self) -> pd.DataFrame:
        """Every run that has epochs, with the values of its best epoch (highest val_f1, the first of equals).

        reevaluation_difference: the val F1 of the saved weights, read again at the end, less that of the epoch.
        """
        best = self.query(
            """SELECT runs.*, best.* EXCLUDE (run) RENAME (epoch AS best_epoch, samples_per_second AS best_rate),
                counts.epochs_done, counts.total_seconds,
                reevaluated_val_f1 - best.val_f1 AS reevaluation_difference
            FROM runs
            JOIN (SELECT * FROM epochs
                  QUALIFY row_number() OVER (PARTITION BY run ORDER BY val_f1 DESC, epoch) = 1) best USING (run)
            JOIN (SELECT run, count(*) AS epochs_done, sum(seconds) AS total_seconds FROM epochs GROUP BY run) counts
                USING (run)
            ORDER BY created, run"""
        )
        return best.astype(_WHOLE)


def _signatures(runs_dir: Path) -> dict[str, tuple]:
    if not runs_dir.is_dir():
        return {}
    signatures = {}
    with os.scandir(runs_dir) as entries:
        for entry in entries:
            if entry.name.startswith(".") or not entry.is_dir():
                continue
            signature = tuple(_stamp(os.path.join(entry.path, name)) for name in _INDEXED_FILES)
            if any(signature):
                signatures[entry.name] = signature
    return signatures


_INDEXED_FILES = ("spec.json", "imported.json", "status.json", "provenance.json", "history.jsonl")


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size


def _read_run(folder: RunFolder) -> RunRow:
    try:
        if imported := folder.imported():
            return _imported_row(folder, imported, folder.status())
        spec, status, provenance = folder.spec(), folder.status(), folder.provenance()
    except LabError as error:
        return RunRow(run=folder.id, name=folder.id, message=str(error))
    return RunRow(
        run=folder.id,
        name=spec.name,
        stage=spec.stage,
        dataset=spec.dataset,
        stage1_run=spec.stage1_run,
        seed=spec.seed,
        experiment=spec.experiment,
        reduction=spec.adapter and spec.adapter.reduction,
        batchnorm=spec.adapter and spec.adapter.batchnorm,
        state=status.state,
        message=status.message,
        created=status.created,
        started=status.started,
        ended=status.ended,
        epoch=status.epoch,
        epochs=status.epochs,
        step=status.step,
        steps=status.steps,
        samples_per_second=status.samples_per_second,
        stopped_early=status.stopped_early,
        reevaluated_val_f1=status.reevaluated_val_f1,
        trainable_parameters=provenance and provenance.trainable_parameters,
        train_blocks=provenance and provenance.train_blocks,
        val_blocks=provenance and provenance.val_blocks,
        device=provenance and provenance.device,
        split=provenance and provenance.split,
        spec=spec.model_dump_json(),
    )


def _imported_row(folder: RunFolder, imported: Imported, status: Status) -> RunRow:
    return RunRow(
        run=folder.id,
        name=imported.name,
        origin=IMPORTED,
        stage=imported.stage,
        dataset=imported.dataset,
        # Two imported runs may differ in settings that nobody knows: each is a configuration of its own.
        experiment=hashlib.sha256(folder.id.encode()).hexdigest()[:12],
        reduction=imported.reduction,
        state=status.state,
        message=status.message,
        created=status.created,
        epoch=status.epoch,
        epochs=status.epochs,
        stopped_early=imported.stopped_early,
        trainable_parameters=imported.trainable_parameters,
        split=imported.split,
        spec=json.dumps(imported.settings()),
    )
