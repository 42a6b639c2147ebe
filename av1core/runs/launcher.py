"""Everything that changes runs: launching, ordering, stopping, going on, describing and deleting them.

A thin object over the queue and the workers of the process; each of its methods that change anything asks first whether
whoever holds it may. All live state is in the run folders.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from av1core.access import EVERYBODY, Access, changes
from av1core.errors import LabError, RunError
from av1core.runs.annotations import Annotations
from av1core.runs.demo import demo_runs, open_demo
from av1core.runs.folder import RunFolder
from av1core.runs.prerequisites import check_all
from av1core.runs.queue import RunQueue, Waiting, blocked_by
from av1core.runs.records import LIVE, Status
from av1core.runs.trash import Deleted, Trash
from av1core.runs.workers.base import Workers
from av1core.runs.workers.choose import make_workers
from av1core.training.spec import RunSpec
from av1core.translation import message

WAIT_SECONDS = 0.5
"""Between looks at runs that somebody waits for."""


class Launcher:
    """Changes the runs of one runs folder for somebody. Every method may be called from any thread.

    workers: what trains them, one a process; its own where none are given. It begins with the first run. What changes
    something raises AccessError for those who may only look, and RunError if there is no run of an id or where the runs
    folder cannot be written.
    """

    def __init__(self, runs_dir: Path, access: Access = EVERYBODY, workers: Workers | None = None):
        self.runs_dir = Path(runs_dir)
        self.access = access
        self._queue = RunQueue(self.runs_dir)
        self.workers = workers or make_workers(self._queue)
        self._trash = Trash(self.runs_dir)

    @changes
    def submit(self, spec: RunSpec, tags: Sequence[str] = ()) -> RunFolder:
        """Queue a new run. Raises a LabError, and creates nothing, if it could not start."""
        return self.submit_all([spec], tags)[0]

    @changes
    def submit_all(self, specs: Sequence[RunSpec], tags: Sequence[str] = ()) -> list[RunFolder]:
        """Queue new runs in this order, all of them or, if one could not start, none. A LabError as `submit`."""
        check_all(self.runs_dir, specs)
        folders = self._queue.create(specs, tags)
        self.workers.start()
        return folders

    @changes
    def retry(self, run_id: str) -> RunFolder:
        """Queue a new run of the same spec, from the beginning; the old one stays as it is. A LabError as `submit`."""
        return self.submit(RunFolder.open(self.runs_dir, run_id).spec())

    @changes
    def resume(self, run_id: str) -> None:
        """Queue a run that ended early to go on after its last finished epoch. RunError for any other."""
        folder = RunFolder.open(self.runs_dir, run_id)
        with self._queue.changing() as waiting:
            folder.reopen("queued")
            waiting.runs = [run for run in waiting.runs if run != run_id] + [run_id]
        self.workers.start()

    @changes
    def cancel(self, run_id: str) -> None:
        """Stop a waiting or running run of any process; its finished epochs stay. RunError for any other."""
        self._stop(run_id, "cancelled")

    @changes
    def pause(self, run_id: str) -> None:
        """As `cancel`, for a run that is meant to be resumed."""
        self._stop(run_id, "paused")

    def _stop(self, run_id: str, state: str) -> None:
        folder = RunFolder.open(self.runs_dir, run_id)
        with self._queue.changing() as waiting:
            status = folder.status()
            if status.state not in LIVE:
                raise RunError(
                    message(
                        "{run_id} is {state}; only a run that waits or trains can be {wanted}.",
                        run_id=run_id,
                        state=status.state,
                        wanted=state,
                    )
                )
            if status.state == "queued":
                said = f"{state.capitalize()} in the queue."
                folder.write_status(replace(status, state=state, ended=time.time(), message=said))
                waiting.runs = [run for run in waiting.runs if run != run_id]
            else:
                folder.request_stop(state)

    @changes
    def move(self, run_id: str, place: int) -> None:
        """Put a waiting run at a place of the queue, 0 for the first; behind the last where there are fewer.

        RunError if it does not wait.
        """
        with self._queue.changing() as waiting:
            if run_id not in waiting.runs:
                raise RunError(message("{run_id} does not wait in the queue.", run_id=run_id))
            waiting.runs.remove(run_id)
            waiting.runs.insert(max(0, place), run_id)

    @changes
    def pause_queue(self) -> None:
        """Let no waiting run start, in any process, until `resume_queue`; running ones go on."""
        with self._queue.changing() as waiting:
            waiting.paused = True

    @changes
    def resume_queue(self) -> None:
        """Take `pause_queue` back."""
        with self._queue.changing() as waiting:
            waiting.paused = False
        self.workers.start()

    @changes
    def annotate(
        self, run_id: str, *, name: str | None = None, tags: Sequence[str] | None = None, note: str | None = None
    ) -> Annotations:
        """Give a run another name (empty: its spec's), tags or a note, as `Annotations` has them; None leaves one.

        RunError where one is too long.
        """
        folder = RunFolder.find(self.runs_dir, run_id)
        given = {"name": name, "tags": None if tags is None else tuple(tags), "note": note}
        with self._queue.changing():
            changed = {field: value for field, value in given.items() if value is not None}
            annotations = replace(folder.annotations(), **changed)
            folder.write_annotations(annotations)
        return annotations

    @changes
    def pin(self, run_id: str, pinned: bool = True) -> None:
        """Make a run the baseline of its stage, in place of the one before; or, not `pinned`, let it be one no more."""
        folder = RunFolder.find(self.runs_dir, run_id)
        with self._queue.changing():
            for file in self.runs_dir.glob("*/annotations.json") if pinned else ():
                other = RunFolder(file.parent)
                if other.annotations().baseline and other.stage() == folder.stage():
                    other.write_annotations(replace(other.annotations(), baseline=False))
            folder.write_annotations(replace(folder.annotations(), baseline=pinned))

    @changes
    def delete(self, run_id: str) -> None:
        """Move a run to the trash. RunError while it waits or trains, or while a run waits for it."""
        folder = RunFolder.find(self.runs_dir, run_id)
        with self._queue.changing() as waiting:
            status = self.status(run_id)  # none of an imported run, or of a damaged one that is to be got rid of
            if status is not None and status.state in LIVE:
                raise RunError(message("{run_id} is {state}; cancel it first.", run_id=run_id, state=status.state))
            for other in waiting.runs:
                if RunFolder(self.runs_dir / other).spec().stage1_run == run_id:
                    raise RunError(
                        message(
                            "{run_id} cannot be deleted: {other} waits to start from it. Cancel that one first.",
                            run_id=run_id,
                            other=other,
                        )
                    )
            self._trash.put(folder)

    @changes
    def restore(self, run_id: str) -> None:
        """Take a deleted run back. RunError if it is not in the trash, or if there is another of its id."""
        with self._queue.changing():
            self._trash.restore(run_id)

    @changes
    def empty_trash(self) -> int:
        """Delete the trash for good; how many runs that were."""
        with self._queue.changing():
            return self._trash.empty()

    @changes
    def open_demo(self) -> list[str]:
        """Copy the shipped runs here, as `demo.open_demo`; their ids."""
        return open_demo(self.runs_dir)

    @changes
    def remove_demo(self) -> list[str]:
        """Move the shipped runs to the trash; their ids."""
        runs = demo_runs(self.runs_dir)
        for run in runs:
            self.delete(run)
        return runs

    def waiting(self) -> Waiting:
        """The order of the waiting runs, and whether the queue is paused."""
        return self._queue.read()

    def deleted(self) -> list[Deleted]:
        """The runs in the trash, the last deleted first."""
        return self._trash.list()

    def wait(
        self,
        runs: Sequence[str],
        progress: Callable[[dict[str, Status]], None] = lambda statuses: None,
    ) -> dict[str, Status]:
        """Wait until each of the runs has ended, or cannot start any more, and return how they stand.

        progress: called with all statuses twice a second. RunError if there is no run of an id.
        """
        while True:
            statuses = {run: RunFolder.open(self.runs_dir, run).status() for run in runs}
            progress(statuses)
            if not any(self._goes_on(run, status) for run, status in statuses.items()):
                return statuses
            time.sleep(WAIT_SECONDS)

    def goes_on(self, run_id: str) -> bool:
        """Whether a run trains, or waits and can start some time without anybody's doing."""
        status = self.status(run_id)
        return status is not None and self._goes_on(run_id, status)

    def _goes_on(self, run_id: str, status: Status) -> bool:
        if status.state != "queued":
            return status.state in LIVE
        folder = RunFolder.open(self.runs_dir, run_id)
        stage1 = folder.spec().stage1_run
        before = self.status(stage1) if stage1 else None
        return stage1 is None or (before is not None and before.state in (*LIVE, "finished"))

    def blocked_by(self, run_id: str) -> str:
        """Why a waiting run cannot start yet; empty if it can."""
        return blocked_by(RunFolder.open(self.runs_dir, run_id), self.status)

    def status(self, run_id: str) -> Status | None:
        """How a run stands; None for one that is gone, damaged or imported."""
        try:
            return RunFolder.open(self.runs_dir, run_id).status()
        except LabError:
            return None
