"""What a run folder says about a run, with declared types: its status and where its result comes from."""

import hashlib
import os
import socket
import time
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Literal

State = Literal["queued", "running", "finished", "failed", "cancelled", "paused", "interrupted"]

LIVE: tuple[State, ...] = ("queued", "running")
"""States that go on by themselves: a queued run waits for a worker of any process, a running one has it."""

RESUMABLE: tuple[State, ...] = ("failed", "cancelled", "paused", "interrupted")
"""States of a run that ended early and can go on after its last finished epoch."""

DAMAGED = "damaged"
"""What the state of a run is called whose files say nothing that can be used."""

MEASURED, IMPORTED = "measured", "imported"
"""Where a run's figures come from: it was trained by the Lab, or only its history was taken over."""

UNKNOWN = "unknown"
"""What an imported run's dataset or split is called where nobody said it."""

HEARTBEAT_TIMEOUT = 90.0
"""Seconds without a heartbeat after which a running run counts as interrupted."""


def process_start(pid: int) -> str:
    """When a process of this machine began, in the system's own count; "" if it has ended or the system does not tell.

    A number that was given to another process after a restart does not pass for the old one.
    """
    try:
        # The second field may hold spaces and brackets; state and times come after its last bracket (proc_pid_stat(5)).
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        # A process that was killed keeps its entry, as a zombie, until its parent takes notice.
        return "" if fields[0] in "ZX" else fields[19]
    except (OSError, IndexError):
        return ""


@cache
def _start_of(pid: int) -> str:
    return process_start(pid)


@dataclass(frozen=True)
class Status:
    """status.json. Times are Unix seconds; `epoch` counts finished epochs; F1 in [0, 1].

    step, steps: of the epoch under way. samples_per_second: training blocks a second. host, pid and process_start name
    the process that wrote it. attempt counts how often training began: who finds a higher one than its own has been
    replaced, and leaves the run alone.
    """

    state: State
    created: float
    heartbeat: float
    host: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)
    process_start: str = field(default_factory=lambda: _start_of(os.getpid()))
    attempt: int = 0
    started: float | None = None
    ended: float | None = None
    epoch: int = 0
    epochs: int = 0
    step: int = 0
    steps: int = 0
    samples_per_second: float | None = None
    message: str = ""
    best_epoch: int | None = None
    best_val_f1: float | None = None
    reevaluated_val_f1: float | None = None
    stopped_early: bool = False

    def anew(self, state: State, started: float | None = None) -> "Status":
        """The status of a further attempt at this run by this process: how far it is stays, how it ended does not."""
        kept = {"created": self.created, "epoch": self.epoch, "epochs": self.epochs, "attempt": self.attempt + 1}
        return Status(state=state, heartbeat=time.time(), started=started, **kept)

    def effective(self) -> "Status":
        """The status, with `running` turned into `interrupted` where no process trains the run any more."""
        if self.state != "running" or self._owner_lives():
            return self
        return replace(self, state="interrupted", message="The process that trained this run ended. It can be resumed.")

    def _owner_lives(self) -> bool:
        if time.time() - self.heartbeat > HEARTBEAT_TIMEOUT:
            return False
        return self.host != socket.gethostname() or _process_lives(self.pid, self.process_start)


def _process_lives(pid: int, start: str) -> bool:
    if start:
        return process_start(pid) == start
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@dataclass(frozen=True)
class InputStatistics:
    """Of all pixels of the training blocks as the network sees them, in [0, 1]."""

    minimum: float
    maximum: float
    mean: float
    standard_deviation: float


@dataclass(frozen=True)
class Provenance:
    """provenance.json: what a run's numbers rest on, written when training starts.

    validation: digest of the rows of the validation blocks, in their order. It, spec_hash and inputs are None in a file
    from before they were recorded.
    """

    dataset_name: str
    dataset_fingerprint: str
    split: str
    val_sources: tuple[str, ...]
    train_blocks: int
    val_blocks: int
    stage1_weights_sha256: str | None
    total_parameters: int
    trainable_parameters: int
    device: str
    threads: int
    versions: dict[str, str]
    git_commit: str | None
    spec_hash: str | None = None
    inputs: InputStatistics | None = None
    validation: str | None = None

    @property
    def validation_mark(self) -> str:
        """Tells what a run validated on: equal marks, equal blocks of equal data. 12 hex digits.

        Where the blocks were not recorded, it goes by how the split was made, and differs from where they were.
        """
        grounds = (self.validation, *(() if self.validation else (self.split, self.val_sources, self.val_blocks)))
        return digest(self.dataset_fingerprint, *grounds)


def digest(*values: object) -> str:
    """12 hex digits that tell values apart by how they are written."""
    return hashlib.sha256(repr(values).encode()).hexdigest()[:12]
