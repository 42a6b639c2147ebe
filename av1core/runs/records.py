"""What a run folder says about a run, with declared types: its status and where its result comes from."""

import os
import socket
import time
from dataclasses import dataclass, field, replace
from typing import Literal

State = Literal["queued", "running", "finished", "failed", "cancelled", "interrupted"]

LIVE: tuple[State, ...] = ("queued", "running")
"""States in which a process owns the run."""

MEASURED, IMPORTED = "measured", "imported"
"""Where a run's figures come from: it was trained by the Lab, or only its history was taken over."""

UNKNOWN = "unknown"
"""What an imported run's dataset or split is called where nobody said it."""

HEARTBEAT_TIMEOUT = 90.0
"""Seconds without a heartbeat after which a running run of another machine counts as interrupted."""


@dataclass(frozen=True)
class Status:
    """status.json. Times are Unix seconds; `epoch` counts finished epochs; F1 in [0, 1]."""

    state: State
    created: float
    heartbeat: float
    host: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)
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

    def effective(self) -> "Status":
        """The status, with a live state whose owner is gone turned into `interrupted`."""
        if self.state not in LIVE or self._owner_lives():
            return self
        return replace(self, state="interrupted", message="The process that trained this run ended. It can be resumed.")

    def _owner_lives(self) -> bool:
        if self.host == socket.gethostname():
            return _process_lives(self.pid)
        return self.state == "queued" or time.time() - self.heartbeat < HEARTBEAT_TIMEOUT


def _process_lives(pid: int) -> bool:
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

    spec_hash and inputs are None in a file from before they were recorded.
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
