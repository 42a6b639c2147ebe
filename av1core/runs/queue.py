"""The queue of a runs folder: which runs wait, in which order, shared by every process that works on the folder.

.lab/queue.json   the waiting runs in order, and whether the queue is paused
.lab/queue.lock   held while the queue, or the state of a run that waits, is changed

A run waits if its status is `queued`; the file only adds the order, and is made anew from the folders where it is lost.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from av1core.errors import LabError, RunError
from av1core.runs.folder import RunFolder
from av1core.runs.hidden import remove_hidden_folders
from av1core.runs.records import Status
from av1core.storage import locked, remove_unfinished_files, write_json_atomically
from av1core.training.grouping import together_key
from av1core.training.spec import RunSpec
from av1core.translation import message

logger = logging.getLogger(__name__)

LAB = ".lab"
"""Folder within a runs folder for what is of no single run."""

MOST_TOGETHER = 48
"""Runs that one worker trains side by side."""


@dataclass
class Waiting:
    """queue.json: the ids of the waiting runs, first comes first; while paused none of them starts."""

    runs: list[str] = field(default_factory=list)
    paused: bool = False


_WAITING = TypeAdapter(Waiting)


class RunQueue:
    """The waiting runs of one runs folder. Any number of them, in any process and thread, see the same.

    What changes it raises RunError where the runs folder cannot be written.
    """

    def __init__(self, runs_dir: Path):
        self.runs_dir = Path(runs_dir)
        self.lab = self.runs_dir / LAB
        self._file = self.lab / "queue.json"
        self._specs: dict[str, RunSpec] = {}

    def read(self) -> Waiting:
        """The queue as it stands; empty where there is none yet or its file is damaged."""
        try:
            return _WAITING.validate_json(self._file.read_bytes())
        except (OSError, ValidationError):
            return Waiting()

    @contextmanager
    def changing(self) -> Iterator[Waiting]:
        """Hold the queue and change it: what the block leaves in the record is stored, if the block ends well.

        Raises RunError where the runs folder cannot be written.
        """
        try:
            self.lab.mkdir(parents=True, exist_ok=True)
            with locked(self.lab / "queue.lock"):
                waiting = self.read()
                before = asdict(waiting)
                yield waiting
                if asdict(waiting) != before:
                    write_json_atomically(self._file, asdict(waiting))
        except OSError as error:
            reason = error.strerror or error
            raise RunError(
                message(
                    "{runs_dir}: the queue of runs cannot be changed there ({reason}).",
                    runs_dir=self.runs_dir,
                    reason=reason,
                )
            ) from error

    def create(self, specs: Sequence[RunSpec], tags: Sequence[str] = ()) -> list[RunFolder]:
        """New runs at the end of the queue, all of them or none."""
        made: list[RunFolder] = []
        try:
            # Together under one lock, so that no worker takes the first before it sees what could stand beside it.
            with self.changing() as waiting:
                for spec in specs:
                    made.append(RunFolder.create(self.runs_dir, spec, tags=tuple(tags)))
                waiting.runs += [folder.id for folder in made]
        except BaseException:
            for folder in made:
                folder.remove()
            raise
        return made

    def recover(self) -> None:
        """Bring the order in line with the folders: add runs that wait and stand nowhere, drop those that do not.

        What is left of processes that were killed while they wrote is deleted.
        """
        if not self.runs_dir.is_dir():
            return
        with self.changing() as waiting:
            states = {folder.id: status for folder in self._folders() if (status := _status(folder)) is not None}
            self._remove_leftovers(states)
            waiting.runs = [run for run in waiting.runs if run in states and states[run].state == "queued"]
            lost = [run for run in states.keys() - set(waiting.runs) if states[run].state == "queued"]
            waiting.runs += sorted(lost, key=lambda run: states[run].created)

    def _remove_leftovers(self, states: dict[str, Status]) -> None:
        """To be called while the queue is held: all who write here hold it, but for those who train a run."""
        remove_unfinished_files(self.lab)
        for run, status in states.items():
            if status.state not in ("running", "interrupted"):  # the latter may only seem to be so
                remove_unfinished_files(self.runs_dir / run)
        for folder in (self.runs_dir, self.lab):
            remove_hidden_folders(folder)

    def claim(self, most: int = MOST_TOGETHER) -> list[RunFolder]:
        """Take the first run that can start, with those behind it that can train beside it, and mark them as running.

        most: runs taken, at least 1. Empty where none can start: the queue is empty or paused, or every run in it waits
        for its Stage-1 run.
        """
        with self.changing() as waiting:
            if waiting.paused:
                return []
            taken: list[RunFolder] = []
            finished: dict[str, bool] = {}
            for run_id in list(waiting.runs):
                folder = RunFolder(self.runs_dir / run_id)
                spec = self._spec(folder)
                if spec is None or (status := _status(folder)) is None or status.state != "queued":
                    waiting.runs.remove(run_id)
                elif self._can_start(spec, finished) and (not taken or self._together(taken[0], spec)):
                    taken.append(folder)
                    waiting.runs.remove(run_id)
                    if len(taken) == most or together_key(spec) is None:
                        break
            _mark_running(taken)
            return taken

    def _together(self, first: RunFolder, spec: RunSpec) -> bool:
        key = together_key(spec)
        return key is not None and key == together_key(self._specs[first.id])

    def _can_start(self, spec: RunSpec, finished: dict[str, bool]) -> bool:
        stage1 = spec.stage1_run
        if stage1 is None:
            return True
        if stage1 not in finished:
            status = _status(RunFolder(self.runs_dir / stage1))
            finished[stage1] = status is not None and status.state == "finished"
        return finished[stage1]

    def _spec(self, folder: RunFolder) -> RunSpec | None:
        """None where the folder is gone or its spec damaged; a spec never changes, so each is read once."""
        try:
            if folder.id not in self._specs:
                self._specs[folder.id] = folder.spec()
            return self._specs[folder.id]
        except LabError as error:
            logger.warning("run %s leaves the queue: %s", folder.id, error)
            return None

    def _folders(self) -> Iterator[RunFolder]:
        for entry in sorted(self.runs_dir.iterdir()):
            if not entry.name.startswith(".") and (entry / "spec.json").is_file():
                yield RunFolder(entry)


def blocked_by(folder: RunFolder, status_of: Callable[[str], Status | None]) -> str:
    """Why a waiting run cannot start yet, for people to read; empty if it can.

    status_of: the status of a run by its id, None for a run that is gone.
    """
    stage1 = folder.spec().stage1_run
    status = status_of(stage1) if stage1 else None
    if not stage1 or (status is not None and status.state == "finished"):
        return ""
    if status is None:
        return message(
            "Waits for the Stage-1 run {run}, which is gone; restore that run or cancel this one.", run=stage1
        )
    if status.state in ("queued", "running"):
        return message("Waits for the Stage-1 run {run}, which is {state}.", run=stage1, state=status.state)
    return message(
        "Waits for the Stage-1 run {run}, which is {state}; resume that run or cancel this one.",
        run=stage1,
        state=status.state,
    )


def _mark_running(folders: Sequence[RunFolder]) -> None:
    """Mark all as this process's, or none: after an error they still wait."""
    before: list[tuple[RunFolder, Status]] = []
    try:
        for folder in folders:
            remove_unfinished_files(folder.path)
            status = folder.stored_status()
            before.append((folder, status))
            folder.write_status(status.anew("running"))
    except BaseException:
        for folder, status in before:
            try:
                folder.write_status(status)
            except OSError:
                logger.exception("run %s could not be put back into the queue", folder.id)
        raise


def _status(folder: RunFolder) -> Status | None:
    try:
        return folder.status()
    except LabError:
        return None
