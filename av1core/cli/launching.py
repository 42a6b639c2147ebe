"""What the commands that change runs have in common."""

import argparse
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from av1core import settings
from av1core.access import of_environment
from av1core.runs.records import LIVE, Status

if TYPE_CHECKING:
    from av1core.runs.launcher import Launcher
    from av1core.runs.workers.base import Workers

WAITS = "waits in the queue; a dashboard on this folder trains it, or: python -m av1core runs work"

TELL_SECONDS = 30.0
"""At most as long without a line of progress while runs train."""


def add_common(parser: argparse.ArgumentParser) -> None:
    """--runs and --json, as they may also stand before the name of a command of `runs`."""
    parser.add_argument(
        "--runs", metavar="DIR", type=Path, default=argparse.SUPPRESS, help="folder of runs (default: runs)"
    )
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON, an object a line")


def launcher(args: argparse.Namespace, workers: "Workers | None" = None) -> "Launcher":
    """Of the folder of runs that the arguments name; what waits there is trained by `workers`, or elsewhere."""
    from av1core.runs.launcher import Launcher
    from av1core.runs.workers.base import Elsewhere

    return Launcher(args.runs or settings.runs_dir(), of_environment(), workers or Elsewhere())


def changing(args: argparse.Namespace) -> "Launcher":
    """As `launcher`, for a command that is there to change something. Raises AccessError where nothing may be."""
    of_environment().require()
    return launcher(args)


def printable(text: str) -> str:
    """Text without what would move a terminal's cursor or colour what follows; line breaks become spaces."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


class Progress:
    """Tells on stderr how runs go on: a line for each new state of one, and now and then how far all are."""

    def __init__(self) -> None:
        self._states: dict[str, str] = {}
        self._said: dict[str, str] = {}
        self._told = time.monotonic()

    def __call__(self, statuses: Mapping[str, Status]) -> None:
        for run, status in statuses.items():
            if self._states.get(run) != status.state:
                self._states[run] = status.state
                best = "" if status.best_val_f1 is None else f", best val macro-F1 {status.best_val_f1:.2%}"
                reason = f": {printable(status.message)}" if status.message else ""
                self._tell(f"{run} {status.state}{best if status.state == 'finished' else reason}")
        running = [status.epoch for status in statuses.values() if status.state == "running"]
        if running and time.monotonic() - self._told > TELL_SECONDS:
            ended = sum(status.state not in LIVE for status in statuses.values())
            done = " to ".join(map(str, sorted({min(running), max(running)})))
            self._tell(f"{ended} of {len(statuses)} ended, {len(running)} running, {done} epochs done")

    def say(self, about: str, text: str) -> None:
        """Tell something that is no news while nothing else is told about the same."""
        if self._said.get(about) != text:
            self._said[about] = text
            self._tell(text)

    def _tell(self, line: str) -> None:
        self._told = time.monotonic()
        print(line, file=sys.stderr, flush=True)
