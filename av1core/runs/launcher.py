"""The queue of runs: checks a spec, creates its folder, and trains it in a background thread, one a device.

Runs that wait and can stand side by side train together. torch is imported by the first worker, never by a page. All
live state is in the run folders.
"""

import logging
import threading
import time
from dataclasses import replace
from pathlib import Path

from av1core.errors import LabError
from av1core.hardware import cores
from av1core.runs.folder import RunFolder
from av1core.runs.prerequisites import check
from av1core.training.grouping import together_key
from av1core.training.spec import RunSpec

logger = logging.getLogger(__name__)

MOST_TOGETHER = 48
"""Runs that one worker trains side by side."""


class Launcher:
    """One a server process and runs folder. Every method may be called from any thread."""

    def __init__(self, runs_dir: Path):
        self.runs_dir = Path(runs_dir)
        self._queue: list[str] = []
        self._lock = threading.Lock()
        self._queued = threading.Condition(self._lock)
        self._started = False

    def submit(self, spec: RunSpec) -> RunFolder:
        """Queue a new run. Raises a LabError, and creates nothing, if it could not start."""
        check(self.runs_dir, spec)
        folder = RunFolder.create(self.runs_dir, spec)
        self._enqueue(folder)
        return folder

    def resume(self, run_id: str) -> None:
        """Queue an interrupted, cancelled or failed run to go on after its last finished epoch."""
        folder = RunFolder.open(self.runs_dir, run_id)
        with self._lock:
            folder.requeue()
        self._enqueue(folder)

    def cancel(self, run_id: str) -> None:
        """Stop a queued or running run of any process; its finished epochs stay."""
        folder = RunFolder.open(self.runs_dir, run_id)
        folder.request_cancel()
        with self._lock:
            status = folder.status()
            if status.state == "queued":
                folder.write_status(
                    replace(status, state="cancelled", ended=time.time(), message="Cancelled in the queue.")
                )

    def _enqueue(self, folder: RunFolder) -> None:
        with self._queued:
            self._queue.append(folder.id)
            self._queued.notify()
            if not self._started:
                self._started = True
                threading.Thread(target=self._start_workers, name="launcher", daemon=True).start()

    def _start_workers(self) -> None:
        for device in devices():
            threading.Thread(target=self._work, args=(device,), name=f"worker {device}", daemon=True).start()

    def _work(self, device: str) -> None:
        from av1core.runs.execute import execute_together

        while True:
            folders = self._take()
            try:
                execute_together(folders, device, threads=worker_threads())
            except Exception:
                # The queue must go on; the runs' own files could not be written, so the server's log has to tell.
                logger.exception("these runs could not be trained: %s", ", ".join(folder.id for folder in folders))

    def _take(self) -> list[RunFolder]:
        """Wait for a run, and claim it with those behind it in the queue that can train beside it."""
        with self._queued:
            while True:
                self._queued.wait_for(lambda: self._queue)
                first = self._claim(self._queue.pop(0))
                if first is None:
                    continue
                taken, key = [first], _key(first)
                for run_id in list(self._queue) if key else ():
                    if len(taken) < MOST_TOGETHER and _key(RunFolder(self.runs_dir / run_id)) == key:
                        self._queue.remove(run_id)
                        folder = self._claim(run_id)
                        taken += [] if folder is None else [folder]
                return taken

    def _claim(self, run_id: str) -> RunFolder | None:
        """Mark a run as running; None if it no longer waits.

        A run that was cancelled and resumed in the queue stands in it twice: the first taker owns it.
        """
        try:
            folder = RunFolder.open(self.runs_dir, run_id)
            status = folder.status()
            if status.state != "queued":
                return None
            folder.write_status(replace(status, state="running"))
        except (LabError, OSError):
            logger.exception("run %s could not be taken from the queue", run_id)
            return None
        return folder


def _key(folder: RunFolder) -> str | None:
    try:
        return together_key(folder.spec())
    except LabError:
        return None


def devices() -> list[str]:
    """The devices that train side by side: every CUDA device, else the CPU. Imports torch."""
    import torch

    return [f"cuda:{index}" for index in range(torch.cuda.device_count())] or ["cpu"]


def worker_threads() -> int:
    """CPU threads of a run: half the cores, so that the dashboard keeps answering while it trains.

    The command line uses as many: sums in another order would change the last digits of a history.
    """
    return max(1, cores() // 2)
