"""Workers of a Ray cluster in a process of their own: Ray ends a process whose cluster is gone for a minute.

    python -m av1core.runs.workers.ray_process RUNS_DIR ADDRESS GPUS

It hands runs over until its standard input ends, which it does with the process that started it, however that ended.
"""

import json
import logging
import os
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from av1core.runs.queue import RunQueue
from av1core.runs.workers.base import CLOSING_SECONDS, Notice, Notices, Worker
from av1core.runs.workers.ray_tasks import RayWorkers

logger = logging.getLogger(__name__)

RESTART_SECONDS = 5.0
TELL_SECONDS = 0.5
"""Between looks at what there is to tell the process that started it."""


class RayProcess:
    """Keeps that process alive, and tells what it tells."""

    def __init__(self, queue: RunQueue, address: str, gpus: float | None):
        """address, gpus: as `RayWorkers` takes them."""
        self.queue, self.address, self.gpus = queue, address, gpus
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen | None = None
        self._workers: list[Worker] = []
        self._told: list[Notice] = []
        self._own = Notices()

    def start(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._stopping.clear()
                self._thread = threading.Thread(target=self._watch, name="ray process", daemon=True)
                self._thread.start()

    def close(self) -> None:
        self._stopping.set()
        with self._lock:
            if self._process is not None:
                self._process.stdin.close()
        if self._thread is not None:
            self._thread.join(2 * CLOSING_SECONDS)

    def report(self) -> list[Worker]:
        return self._workers

    def notices(self) -> list[Notice]:
        return sorted([*self._told, *self._own.told()], key=lambda notice: notice.time)

    def _watch(self) -> None:
        while not self._stopping.is_set():
            code = self._run()
            self._workers = []
            if self._stopping.is_set():
                return
            self._own.add(f"The process that hands runs to the cluster ended (exit code {code}) and is started anew.")
            self._stopping.wait(RESTART_SECONDS)

    def _run(self) -> int:
        """Start the process and listen to it until it ends. Its standard output is not ours: Ray prints there."""
        gpus = "" if self.gpus is None else str(self.gpus)
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        with self._lock:
            if self._stopping.is_set():
                return 0
            reading, writing = os.pipe()
            command = [sys.executable, "-m", __name__, str(self.queue.runs_dir), self.address, gpus, str(writing)]
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, pass_fds=[writing], env=environment
            )
        os.close(writing)
        with open(reading) as lines:
            for line in lines:
                self._take_in(json.loads(line))
        return self._process.wait()

    def _take_in(self, told: dict) -> None:
        self._workers = [Worker(**worker | {"runs": tuple(worker["runs"])}) for worker in told["workers"]]
        self._told = [Notice(**notice) for notice in told["notices"]]


def main(runs_dir: str, address: str, gpus: str, told: TextIO) -> None:
    """Hand runs over until standard input ends, and tell on each change, as JSON on a line, what the workers do."""
    workers = RayWorkers(RunQueue(Path(runs_dir)), address, float(gpus) if gpus else None)
    workers.start()
    ended = threading.Event()

    def listen() -> None:
        sys.stdin.buffer.read()
        ended.set()

    threading.Thread(target=listen, daemon=True).start()
    last = None
    while not ended.wait(TELL_SECONDS):
        now = {
            "workers": [asdict(worker) for worker in workers.report()],
            "notices": [asdict(notice) for notice in workers.notices()],
        }
        if now != last:
            print(json.dumps(now), file=told, flush=True)
            last = now
    workers.close()


if __name__ == "__main__":
    with open(int(sys.argv[4]), "w") as told:
        main(*sys.argv[1:4], told)
