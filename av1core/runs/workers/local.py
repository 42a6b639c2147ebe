"""Workers in threads of this process: one a device, watched and replaced when one dies.

Two processes that work on one runs folder share its queue; on one machine they take turns on a device. torch is
imported when the first run is there to be trained.
"""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from socket import gethostname

from av1core.errors import LabError
from av1core.runs.folder import RunFolder
from av1core.runs.queue import RunQueue
from av1core.runs.records import Status
from av1core.runs.workers.base import (
    BLOCKED,
    CLOSING_SECONDS,
    IDLE,
    PAUSED,
    POLL_SECONDS,
    Notice,
    Notices,
    Worker,
    devices,
    interrupt,
    worker_threads,
)
from av1core.storage import file_name, locked
from av1core.translation import message

logger = logging.getLogger(__name__)

BUSY = message("Another process trains on this device.")
LOST = message("The device does not answer any more.")


class LocalWorkers:
    """Workers in threads of this process: one for each CUDA device, or one for the CPU."""

    def __init__(self, queue: RunQueue):
        self.queue = queue
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._supervisor: threading.Thread | None = None
        self._threads: dict[str, threading.Thread] = {}
        self._workers: dict[str, Worker] = {}
        self._notices = Notices()
        self._unstored: list[tuple[RunFolder, Status]] = []

    def start(self) -> None:
        with self._changed:
            if self._supervisor is None or not self._supervisor.is_alive():
                self._stopping.clear()
                self._supervisor = threading.Thread(target=self._supervise, name="supervisor", daemon=True)
                self._supervisor.start()
            self._changed.notify_all()

    def close(self) -> None:
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
            threads = [self._supervisor, *self._threads.values()]
        deadline = time.monotonic() + CLOSING_SECONDS
        for thread in threads:
            if thread is not None:
                thread.join(max(0.0, deadline - time.monotonic()))
        self._threads.clear()

    def report(self) -> list[Worker]:
        return list(self._workers.values())

    def notices(self) -> list[Notice]:
        return self._notices.told()

    def _supervise(self) -> None:
        recovered = False
        while not self._stopping.is_set():
            try:
                if not recovered:
                    self.queue.recover()
                    recovered = True
                if self._threads or self.queue.read().runs:
                    for device in self._threads or devices():
                        self._keep_alive(device)
                self._store_ends()
            except Exception as error:
                self._notices.add(message("The workers could not be looked after: {error}", error=str(error)), error)
            self._wait()

    def _keep_alive(self, device: str) -> None:
        thread = self._threads.get(device)
        if thread is not None and (thread.is_alive() or self._workers[device].doing == LOST):
            return
        if thread is not None:
            self._notices.add(
                message(
                    "The worker of {device} died and was replaced; its runs are interrupted and can be resumed.",
                    device=device,
                )
            )
        self._workers[device] = Worker(device, doing=IDLE)
        self._threads[device] = threading.Thread(
            target=self._work, args=(device,), name=f"worker {device}", daemon=True
        )
        self._threads[device].start()

    def _work(self, device: str) -> None:
        while not self._stopping.is_set():
            try:
                trained = self._train_next(device)
            except Exception as error:
                # The queue must go on, and whoever looks at it must learn why it does not.
                said = message(
                    "The worker of {device} met a problem and goes on: {error}", device=device, error=str(error)
                )
                self._notices.add(said, error)
                trained = False
            if self._workers[device].doing == LOST:
                return
            if not trained:
                self._wait()

    def _train_next(self, device: str) -> bool:
        """Train what comes next in the queue; False if there was nothing to train."""
        waiting = self.queue.read()
        if waiting.paused or not waiting.runs:
            self._workers[device] = Worker(device, doing=PAUSED if waiting.paused else IDLE)
            return False
        with self._device(device) as free:
            folders = self.queue.claim() if free else []
            if not folders:
                self._workers[device] = Worker(device, doing=BLOCKED if free else BUSY)
                return False
            self._workers[device] = Worker(device, tuple(folder.id for folder in folders))
            try:
                self._execute(folders, device)
            except BaseException as error:
                for folder in folders:
                    interrupt(folder, f"Training ended unexpectedly ({error!r}). It can be resumed.", own=True)
                raise
        return True

    def _execute(self, folders: Sequence[RunFolder], device: str) -> None:
        from av1core.runs.execute import execute_together

        statuses = execute_together(folders, device, worker_threads(), self._stopping.is_set)
        self._unstored += [
            (folder, status)
            for folder, status in zip(folders, statuses, strict=True)
            if _stored_state(folder) == "running"
        ]
        if any(status.state == "failed" for status in statuses) and not _answers(device):
            self._workers[device] = Worker(device, doing=LOST)
            self._notices.add(
                message(
                    "{device} does not answer any more, and its worker has stopped. Runs that failed can be resumed; "
                    "restart the dashboard to use the device again.",
                    device=device,
                )
            )

    @contextmanager
    def _device(self, device: str) -> Iterator[bool]:
        """Whether the device is free for this process, among those of this machine that share the runs folder."""
        folder = self.queue.lab / "devices"
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / file_name(f"{gethostname()}-{device}"), wait=False) as free:
            yield free

    def _store_ends(self) -> None:
        """Try again to store the ends that could not be: a disk was full, or a network gone."""
        for folder, status in list(self._unstored):
            try:
                if folder.stored_status().attempt == status.attempt:
                    folder.write_status(status)
            except OSError:
                continue
            except LabError:
                logger.exception("the end of run %s is lost", folder.id)
            self._unstored.remove((folder, status))

    def _wait(self) -> None:
        with self._changed:
            if not self._stopping.is_set():
                self._changed.wait(POLL_SECONDS)


def _stored_state(folder: RunFolder) -> str | None:
    try:
        return folder.stored_status().state
    except LabError:
        return None


def _answers(device: str) -> bool:
    import torch

    try:
        return bool(torch.ones((), device=device).add(1).item() == 2)
    except Exception:  # of whatever kind: torch has several for a device that is not there
        return False
