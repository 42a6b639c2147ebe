"""What trains the runs of a queue: what it can be asked, whoever does it, and what it tells."""

import logging
import os
import time
from dataclasses import dataclass, replace
from socket import gethostname
from typing import Protocol

from av1core.errors import LabError
from av1core.hardware import cores
from av1core.runs.folder import RunFolder
from av1core.translation import message

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
"""Between looks at the queue, to which other processes may add, and at the workers."""

CLOSING_SECONDS = 10.0
"""How long `close` waits for the runs to end, which they do within a batch."""

MOST_NOTICES = 20
REPEAT_SECONDS = 60.0
"""After which a notice is told again."""

IDLE = message("Nothing waits.")
PAUSED = message("The queue is paused.")
BLOCKED = message("Every run in the queue waits for its Stage-1 run.")
"""What a worker that trains no run does, in words."""


@dataclass(frozen=True)
class Worker:
    """A device, and what its worker does: the runs that it trains, or in words why it trains none."""

    device: str
    runs: tuple[str, ...] = ()
    doing: str = ""


@dataclass(frozen=True)
class Notice:
    """Something that a user should know of a worker, and when it happened in Unix seconds."""

    time: float
    text: str


class Workers(Protocol):
    """What trains the runs of a queue. Every method may be called from any thread."""

    def start(self) -> None:
        """Begin to take runs from the queue, or look at it at once where that has begun."""

    def close(self) -> None:
        """Take no more runs and end those under way as `interrupted`, for which it waits some seconds."""

    def report(self) -> list[Worker]:
        """What each worker does now; empty before anything waited."""

    def notices(self) -> list[Notice]:
        """What went wrong with workers, newest last."""


class Notices:
    """The last notices, in the log too; what stays as it is is not told again at every look."""

    def __init__(self) -> None:
        self._notices: list[Notice] = []

    def add(self, text: str, error: Exception | None = None) -> None:
        """error: whose traceback belongs into the log."""
        now = time.time()
        if not any(notice.text == text and now - notice.time < REPEAT_SECONDS for notice in self._notices):
            logger.warning(text, exc_info=error)
            # Made anew, never changed: other threads read it.
            self._notices = [*self._notices[1 - MOST_NOTICES :], Notice(now, text)]

    def told(self) -> list[Notice]:
        return list(self._notices)


class Elsewhere:
    """No workers here: what is queued waits for those of another process."""

    def start(self) -> None:
        pass

    def close(self) -> None:
        pass

    def report(self) -> list[Worker]:
        return []

    def notices(self) -> list[Notice]:
        return []


def interrupt(folder: RunFolder, message: str, own: bool = False) -> None:
    """Mark a run as interrupted that is trained no more; one that has ended keeps its state.

    own: only if it is this process's, and nobody else has taken it over.
    """
    try:
        status = folder.stored_status()
        here = (status.host, status.pid) == (gethostname(), os.getpid())
        if status.state == "running" and (here or not own):
            folder.write_status(replace(status, state="interrupted", message=message, ended=time.time()))
    except (LabError, OSError):
        logger.exception("the state of run %s could not be stored", folder.id)


def devices() -> list[str]:
    """The devices that train side by side: every CUDA device, else the CPU. Imports torch."""
    import torch

    return [f"cuda:{index}" for index in range(torch.cuda.device_count())] or ["cpu"]


def worker_threads() -> int:
    """CPU threads of a run: half the cores, so that the dashboard keeps answering while it trains.

    The command line uses as many: sums in another order would change the last digits of a history.
    """
    return max(1, cores() // 2)
