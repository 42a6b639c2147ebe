"""Trains what waits in a queue on a Ray cluster: each run is a task with its share of a GPU, or with one CPU.

The runs folder and the datasets lie on storage that all nodes share: a run's node writes its heartbeat and its epochs
there and finds there whether it shall stop, as a local worker does. A run whose node is lost is begun again on another
one and goes on after its last finished epoch.
"""

import logging
import threading
from pathlib import Path
from typing import Any

from av1core import cluster
from av1core.errors import ClusterError, LabError
from av1core.runs.folder import RunFolder
from av1core.runs.queue import RunQueue
from av1core.runs.workers.base import (
    BLOCKED,
    CLOSING_SECONDS,
    IDLE,
    PAUSED,
    POLL_SECONDS,
    Notice,
    Notices,
    Worker,
    interrupt,
)
from av1core.translation import message

logger = logging.getLogger(__name__)

RECONNECT_SECONDS = 15.0


class RayWorkers:
    """Workers of a cluster. Runs are handed over when the cluster has room; until then they wait in the queue."""

    def __init__(self, queue: RunQueue, address: str = "", gpus: float | None = None):
        """address: as `cluster.connect` takes it. gpus: share of a run, as `cluster.gpu_share` takes it."""
        self.queue, self.address, self.gpus = queue, address, gpus
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._tasks: dict[Any, RunFolder] = {}
        self._doing = ""
        self._notices = Notices()

    def start(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._stopping.clear()
                self._thread = threading.Thread(target=self._work, name="ray", daemon=True)
                self._thread.start()

    def close(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(CLOSING_SECONDS)

    def report(self) -> list[Worker]:
        if self._thread is None:
            return []
        return [Worker("Ray", tuple(folder.id for folder in self._tasks.values()), self._doing)]

    def notices(self) -> list[Notice]:
        return self._notices.told()

    def _work(self) -> None:
        recovered = False
        while not self._stopping.is_set():
            try:
                if not recovered:
                    self.queue.recover()
                    recovered = True
                self._look_after()
            except LabError as error:
                self._notices.add(str(error))
                self._stopping.wait(RECONNECT_SECONDS)
            except Exception as error:
                self._notices.add(f"The cluster could not be looked after: {error}", error)
                self._stopping.wait(RECONNECT_SECONDS)
        self._end()

    def _look_after(self) -> None:
        waiting = self.queue.read()
        if waiting.paused or not waiting.runs:
            self._doing = PAUSED if waiting.paused else IDLE
            if not self._tasks:
                self._stopping.wait(POLL_SECONDS)
                return
        self._doing = message("The cluster does not answer.")
        ray = cluster.connect(self.address)
        # Ray itself ends the process when it asks a cluster that is gone.
        cluster.require_answer(ray.get_runtime_context().gcs_address)
        self._doing = ""
        self._hand_over()
        self._take_back(ray)

    def _hand_over(self) -> None:
        """Submit as many of the waiting runs as the cluster has room for."""
        share = cluster.gpu_share(self.gpus)
        train = cluster.remote(_train, num_cpus=1, num_gpus=share)
        # Tasks that have not begun may not be counted by the cluster yet.
        begun = [folder for folder in self._tasks.values() if _begun(folder)]
        room = cluster.room(share) - (len(self._tasks) - len(begun))
        for _ in range(room):
            folders = self.queue.claim(most=1)
            if not folders:
                break
            self._tasks[train.remote(str(folders[0].path.absolute()))] = folders[0]
        if not self._tasks:
            self._doing = BLOCKED if room > 0 else message("The cluster is busy with other work.")

    def _take_back(self, ray: Any) -> None:
        """Wait a moment for runs to end, and tell those whose tasks were lost."""
        if not self._tasks:
            self._stopping.wait(POLL_SECONDS)
            return
        for task in ray.wait(list(self._tasks), timeout=POLL_SECONDS)[0]:
            folder = self._tasks.pop(task)
            try:
                cluster.result(task)
            except Exception as error:
                logger.exception("run %s came back from the cluster with an error", folder.id)
                interrupt(folder, f"{error} It can be resumed.")

    def _end(self) -> None:
        """Stop what trains on the cluster; each run ends as interrupted within a batch."""
        if not self._tasks:
            return
        try:
            ray = cluster.connect(self.address)
            for folder in self._tasks.values():
                folder.request_stop("interrupted")
            ray.wait(list(self._tasks), num_returns=len(self._tasks), timeout=CLOSING_SECONDS / 2)
        except (ClusterError, OSError) as error:
            self._notices.add(str(error))
        for folder in self._tasks.values():
            interrupt(folder, "Stopped with the process that launched it. It can be resumed.")
        self._tasks.clear()


def _train(path: str) -> None:
    """Train a run on a node of the cluster."""
    import ray

    from av1core.runs.execute import execute

    folder = RunFolder(Path(path))
    # A task whose node was lost after the run had ended comes again.
    if folder.stored_status().state == "running":
        execute(folder, "cuda" if ray.get_gpu_ids() else "cpu", threads=1)


def _begun(folder: RunFolder) -> bool:
    """Whether a node has begun the run: its reporter tells when."""
    try:
        return folder.stored_status().started is not None
    except LabError:
        return True
