"""Pieces of work as tasks of a Ray cluster. What they read and write lies on storage that all nodes share."""

import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor

from av1core import cluster
from av1core.dataset.work import Piece, Progress, Workers
from av1core.errors import ClusterError

_CHECK_SECONDS = 5.0
"""Between looks at whether the cluster still answers and how large it is."""

_KEPT = "What is done is kept, and the same build goes on from there."


class RayWorkers(Workers):
    """The CPUs of a cluster, one a piece; a piece that is lost with its node is done again elsewhere."""

    def __init__(
        self, address: str, workers: int | None, progress: Callable[[Progress], None], cancelled: Callable[[], bool]
    ):
        """address: as `cluster.connect` takes it, which may raise ClusterError. workers: at most this many pieces."""
        super().__init__(progress, cancelled)
        self.workers = workers
        self._ray = cluster.connect(address)
        self._head = self._ray.get_runtime_context().gcs_address
        self._most, self._checked = 1, -_CHECK_SECONDS

    def _finished(self, pieces: Sequence[Piece]) -> Generator[Piece, None, None]:
        do = cluster.remote(_to_its_end)
        waiting, running = deque(pieces), {}
        try:
            while waiting or running:
                self._check()
                while waiting and len(running) < self._most:
                    piece = waiting.popleft()
                    running[do.remote(piece.work)] = piece
                for task in self._ray.wait(list(running), timeout=0.5)[0]:
                    piece = running.pop(task)
                    self._require_done(task, piece)
                    yield piece
                self._require_going()
        finally:
            self._end(list(running))

    def _check(self) -> None:
        """Raises ClusterError if the cluster is gone, and notes how many pieces it can have now."""
        if time.monotonic() - self._checked < _CHECK_SECONDS:
            return
        try:
            cluster.require_answer(self._head)
        except ClusterError as error:
            raise ClusterError(f"The cluster was lost. {error} {_KEPT}") from error
        # As many again wait in the cluster, so that none of its CPUs waits for this process.
        self._most = self.workers or 2 * cluster.cpu_count()
        self._checked = time.monotonic()

    def _require_done(self, task, piece: Piece) -> None:
        try:
            cluster.result(task)
        except ClusterError as error:
            raise ClusterError(f"{piece.what}: {error} {_KEPT}") from error

    def _end(self, tasks: list) -> None:
        """Drop the tasks that have not begun, and wait for the others unless the cluster is gone."""
        for task in tasks:
            self._ray.cancel(task)
        while tasks:
            tasks = self._ray.wait(tasks, num_returns=len(tasks), timeout=_CHECK_SECONDS)[1]
            try:
                cluster.require_answer(self._head)
            except ClusterError:
                return


def _to_its_end(work: Callable[[], None]) -> None:
    """Do the work in a thread: a cancelled task is interrupted in its main thread only, and what it began is kept."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()
