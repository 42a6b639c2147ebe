"""Keeps the status of a run up to date while it trains."""

import time
from dataclasses import replace

from av1core.runs.folder import RunFolder
from av1core.runs.records import Status
from av1core.training.trainer import Step

HEARTBEAT_SECONDS = 1.0


class Reporter:
    """Keeps a run's status.json up to date, at most once a second between epochs."""

    def __init__(self, folder: RunFolder):
        self.folder = folder
        now = time.time()
        queued = folder.status()
        self.status = Status(
            state="running",
            created=queued.created,
            heartbeat=now,
            started=now,
            epochs=queued.epochs,
            epoch=queued.epoch,
        )
        self._write()

    def step(self, step: Step) -> None:
        """Note where the run is; the next `alive` stores it."""
        self.status = replace(self.status, step=step.step, steps=step.steps, samples_per_second=step.samples_per_second)

    def alive(self) -> None:
        """Store the status if the last time is a second ago; asked before every batch."""
        if time.time() - self.status.heartbeat >= HEARTBEAT_SECONDS:
            self.update()

    def update(self, **changes) -> None:
        self.status = replace(self.status, heartbeat=time.time(), **changes)
        self._write()

    def end(self, state: str, message: str = "", **changes) -> None:
        self.folder.log(f"{state}: {message}" if message else state)
        self.update(state=state, message=message, ended=time.time(), **changes)

    def _write(self) -> None:
        self.folder.write_status(self.status)
