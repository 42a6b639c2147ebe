"""Keeps the status of a run up to date while it trains, and its heart beating."""

import errno
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace

from av1core.errors import LabError, TakenOver
from av1core.runs.folder import RunFolder
from av1core.runs.records import State
from av1core.training.trainer import Step
from av1core.translation import message

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 1.0
PULSE_SECONDS = 5.0
"""Between heartbeats where no batch gives one: while data are read, features computed, or a device does not answer."""

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


class Reporter:
    """Keeps a run's status.json up to date, at most once a second between epochs. Any thread may call it.

    From its making on the run is this reporter's. Every call that stores raises TakenOver once it is not, RunError if
    the status in the folder cannot be read, and OSError if it cannot be written.
    """

    def __init__(self, folder: RunFolder):
        self.folder = folder
        self._lock = threading.Lock()
        self.status = folder.stored_status().anew("running", started=time.time())
        folder.write_status(self.status)

    @property
    def lives(self) -> bool:
        """Whether the run has not ended, as far as this reporter knows."""
        return self.status.state == "running"

    def step(self, step: Step) -> None:
        """Note where the run is; the next `alive` stores it."""
        with self._lock:
            self.status = replace(
                self.status, step=step.step, steps=step.steps, samples_per_second=step.samples_per_second
            )

    def alive(self) -> None:
        """Store the status if the last time is a second ago; asked before every batch.

        A full disk is no reason to stop as long as there is no epoch to store: somebody may make room meanwhile.
        """
        with self._lock:
            if not self.lives or time.time() - self.status.heartbeat < HEARTBEAT_SECONDS:
                return
            self.status = replace(self.status, heartbeat=time.time())
            try:
                self._store()
            except OSError as error:
                if error.errno not in _DISK_FULL:
                    raise
                logger.warning("the heartbeat of run %s could not be stored: %s", self.folder.id, error)

    def update(self, **changes) -> None:
        """Store the status at once, with these of its fields changed."""
        with self._lock:
            self.status = replace(self.status, heartbeat=time.time(), **changes)
            self._store()

    def end(self, state: State, message: str = "", **changes) -> None:
        """Store that the run ended, why, and these further fields of its status; the log tells it too."""
        self.require_own()
        self.folder.log(f"{state}: {message}" if message else state)
        self.update(state=state, message=message, ended=time.time(), **changes)

    def require_own(self) -> None:
        """Raises TakenOver if the run was started anew, here or elsewhere, while this one seemed to be gone."""
        if self.folder.stored_status().attempt != self.status.attempt:
            raise TakenOver(message("The run was started anew by somebody else, who goes on with it."))

    def _store(self) -> None:
        self.require_own()
        self.folder.write_status(self.status)


@contextmanager
def beating(reporters: Sequence[Reporter]) -> Iterator[None]:
    """Let the hearts of these runs beat within the block, whatever its own thread is busy with."""
    done = threading.Event()

    def pulse() -> None:
        while not done.wait(PULSE_SECONDS):
            for reporter in reporters:
                # What goes wrong here does so again, and is told, in the thread that trains.
                with suppress(OSError, LabError):
                    reporter.alive()

    threading.Thread(target=pulse, name="heartbeat", daemon=True).start()
    try:
        yield
    finally:
        done.set()
