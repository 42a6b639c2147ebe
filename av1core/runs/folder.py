"""A run folder: the files of one run, each written whole or not at all. The folders are the truth.

spec.json             the frozen spec, never changed
provenance.json       dataset fingerprint, split, versions, commit, device
status.json           state, heartbeat, progress, result
history.jsonl         one line an epoch, appended and flushed
predictions.parquet   validation block rows, labels and probabilities at the best epoch
backbone.safetensors  the frozen backbone (a hard link to the Stage-1 run's weights where the file system allows)
best.safetensors      what the run trained, at the best epoch
last.pt               all that a resume needs
log.txt               what happened
annotations.json      name, tags, note and pin that were given later

An imported run has imported.json in place of spec.json and provenance.json, and neither weights nor predictions.
"""

import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from av1core.errors import LabError, RunError, said
from av1core.runs.annotations import Annotations
from av1core.runs.hidden import hidden, remove_folder
from av1core.runs.imported import Imported, read_imported
from av1core.runs.records import RESUMABLE, Provenance, State, Status
from av1core.storage import read_json, remove_unfinished_files, write_bytes_atomically, write_json_atomically
from av1core.training.spec import RunSpec, parse_spec
from av1core.translation import message

_STATUS = TypeAdapter(Status)
_PROVENANCE = TypeAdapter(Provenance)
_ANNOTATIONS = TypeAdapter(Annotations)


class RunFolder:
    """One run's files. Nothing is read before it is asked for.

    What reads a JSON file raises RunError that names it if it is damaged. What writes raises OSError where it cannot.
    """

    def __init__(self, path: Path):
        self.path = Path(path)
        self.id = self.path.name
        self.spec_file = self.path / "spec.json"
        self.provenance_file = self.path / "provenance.json"
        self.imported_file = self.path / "imported.json"
        self.status_file = self.path / "status.json"
        self.history_file = self.path / "history.jsonl"
        self.predictions_file = self.path / "predictions.parquet"
        self.backbone_file = self.path / "backbone.safetensors"
        self.best_file = self.path / "best.safetensors"
        self.last_file = self.path / "last.pt"
        self.log_file = self.path / "log.txt"
        self.annotations_file = self.path / "annotations.json"
        self._stop_file = self.path / "stop"

    @classmethod
    def create(cls, runs_dir: Path, spec: RunSpec, state: State = "queued", tags: tuple[str, ...] = ()) -> "RunFolder":
        """A new folder; `running` where this process trains it at once. Raises RunError where it cannot be written."""
        now = time.time()
        stem = f"{time.strftime('%Y%m%d-%H%M%S', time.localtime(now))}-{_slug(spec.name)}-{spec.hash[:6]}"
        draft = None
        try:
            for number in range(1, 1000):
                path = Path(runs_dir) / (stem if number == 1 else f"{stem}-{number}")
                # A folder appears under its name only with its spec and status inside.
                draft = hidden(path)
                if path.exists():
                    continue
                draft.mkdir(parents=True)
                folder = cls(draft)
                write_json_atomically(folder.spec_file, spec.model_dump(mode="json"))
                folder.write_status(Status(state=state, created=now, heartbeat=now, epochs=spec.epochs))
                if tags:
                    folder.write_annotations(Annotations(tags=tags))
                try:
                    draft.rename(path)
                except OSError:
                    shutil.rmtree(draft)
                    continue
                return cls(path)
        except OSError as error:
            if draft is not None:
                shutil.rmtree(draft, ignore_errors=True)
            raise RunError(
                message(
                    "{runs_dir}: the run folder cannot be written ({strerror}).",
                    runs_dir=runs_dir,
                    strerror=error.strerror,
                )
            ) from error
        raise RunError(message("{runs_dir}: too many runs named {stem}.", runs_dir=runs_dir, stem=stem))

    @classmethod
    def find(cls, runs_dir: Path, run_id: str) -> "RunFolder":
        """An existing run of any origin. Raises RunError if there is none of that id; an id never leads elsewhere."""
        if _ID.fullmatch(run_id):
            folder = cls(Path(runs_dir) / run_id)
            if folder.spec_file.is_file() or folder.imported_file.is_file():
                return folder
        raise RunError(message("There is no run {run_id} in {runs_dir}.", run_id=repr(run_id), runs_dir=runs_dir))

    @classmethod
    def open(cls, runs_dir: Path, run_id: str) -> "RunFolder":
        """An existing run that the Lab trains. Raises RunError if there is none of that id, or if it was imported."""
        folder = cls.find(runs_dir, run_id)
        if not folder.spec_file.is_file():
            raise RunError(
                message("{run_id} was imported: it has a history only, no spec, weights or predictions.", run_id=run_id)
            )
        return folder

    def spec(self) -> RunSpec:
        """Raises RunError that names the file if it is missing or damaged."""
        try:
            return parse_spec(read_json(self.spec_file))
        except (LabError, OSError, ValueError) as error:
            raise RunError(
                message("{spec_file}: not a readable run spec: {error}", spec_file=self.spec_file, error=said(error))
            ) from error

    def imported(self) -> Imported | None:
        """What is known of a run that was trained elsewhere; None for one that the Lab trained."""
        return read_imported(self.imported_file) if self.imported_file.exists() else None

    def stage(self) -> str:
        """The name of the stage, of a run of any origin."""
        imported = self.imported()
        return imported.stage if imported else self.spec().stage

    def status(self) -> Status:
        """The status as it is now: a running run whose process is gone reads `interrupted`."""
        return self.stored_status().effective()

    def stored_status(self) -> Status:
        """The status as it was last written. Raises RunError if the file is missing or damaged."""
        return _read(self.status_file, _STATUS)

    def write_status(self, status: Status) -> None:
        write_json_atomically(self.status_file, asdict(status))

    def provenance(self) -> Provenance | None:
        """None before training has started."""
        return _read(self.provenance_file, _PROVENANCE) if self.provenance_file.exists() else None

    def write_provenance(self, provenance: Provenance) -> None:
        write_json_atomically(self.provenance_file, asdict(provenance))

    def history(self) -> Iterator[dict[str, Any]]:
        """The epochs so far, each with the fields of `EpochRecord` that are known; a torn last line is left out."""
        if self.history_file.exists():
            for line in self.history_file.read_bytes().splitlines():
                try:
                    yield json.loads(line)
                except ValueError:  # no JSON, or no text at all
                    return

    def append_history(self, record: dict[str, Any]) -> None:
        """Add an epoch; it is on the disk when this returns."""
        with self.history_file.open("a") as file:
            file.write(json.dumps(record) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def keep_history(self, epochs: int) -> None:
        """Drop epochs after the given number, which a resume trains anew."""
        kept = [record for record in self.history() if record["epoch"] <= epochs]
        lines = "".join(json.dumps(record) + "\n" for record in kept)
        write_bytes_atomically(self.history_file, lines.encode())

    def remove(self) -> None:
        """Delete the run for good."""
        remove_folder(self.path)

    def log(self, message: str) -> None:
        """Add a line to log.txt, with the local time before it."""
        with self.log_file.open("a") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {message}\n")

    def annotations(self) -> Annotations:
        """What people said of the run; the defaults where nobody said anything."""
        return _read(self.annotations_file, _ANNOTATIONS) if self.annotations_file.exists() else Annotations()

    def write_annotations(self, annotations: Annotations) -> None:
        write_json_atomically(self.annotations_file, asdict(annotations))

    def request_stop(self, state: State) -> None:
        """Ask whichever process trains this run to end it in this state; it does within a batch.

        state: `cancelled`, `paused` or `interrupted`.
        """
        write_bytes_atomically(self._stop_file, state.encode())

    def stop_requested(self) -> State | None:
        """The state in which the run shall end, if somebody asked for it."""
        if not self._stop_file.exists():
            return None
        state = self._stop_file.read_text()
        return state if state in ("paused", "interrupted") else "cancelled"

    def reopen(self, state: State) -> None:
        """Let a run that ended early go on: `queued`, or `running` where this process trains it at once.

        Raises RunError for any other state.
        """
        status = self.status()
        if status.state not in RESUMABLE:
            raise RunError(
                message("{id} is {state}; only a run that ended early can be resumed.", id=self.id, state=status.state)
            )
        remove_unfinished_files(self.path)
        self._stop_file.unlink(missing_ok=True)
        # A process that was thought to be gone and is not finds the higher count, and leaves the run alone.
        self.write_status(status.anew(state))


_ID = re.compile(r"[^./\\\0][^/\\\0]{0,199}")
"""Of a run: one name of a folder, not hidden."""


def _read(file: Path, adapter: TypeAdapter) -> Any:
    try:
        return adapter.validate_json(file.read_bytes())
    except FileNotFoundError:
        raise RunError(message("{file}: the file is missing.", file=file)) from None
    except (OSError, ValidationError) as error:
        raise RunError(message("{file}: not readable: {error}", file=file, error=said(error))) from error


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "run"
