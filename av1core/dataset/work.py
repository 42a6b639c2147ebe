"""Pieces of work side by side, with progress, time left, and a stop between pieces."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass

from av1core.errors import Cancelled
from av1core.translation import message


@dataclass(frozen=True)
class Progress:
    """How far a build is: pieces done and in all, and what was done last.

    doing: "reading frames" (a piece a source), then "encoding" (a piece a frame and qindex). seconds_left: estimated
    from what was done so far in this session.
    """

    doing: str
    done: int
    total: int
    seconds: float
    seconds_left: float
    what: str


@dataclass(frozen=True)
class Piece:
    """Something to do: what to call it, how large it is beside the others, and the work itself."""

    what: str
    size: int
    work: Callable[[], None]


class Workers(ABC):
    """Runs pieces of work side by side, reports each that is done, and stops between pieces when asked to."""

    def __init__(self, progress: Callable[[Progress], None], cancelled: Callable[[], bool]):
        self.progress, self.cancelled = progress, cancelled

    def run(self, doing: str, pieces: Sequence[Piece], done: int) -> None:
        """Do all pieces; done: how many of the same were done already. Raises what a piece raises, and Cancelled."""
        start, total = time.monotonic(), done + len(pieces)
        size, size_done = sum(piece.size for piece in pieces), 0
        with closing(self._finished(pieces)) as finished:
            for piece in finished:
                done, size_done = done + 1, size_done + piece.size
                seconds = time.monotonic() - start
                left = seconds * (size - size_done) / size_done
                self.progress(Progress(doing, done, total, seconds, left, piece.what))

    @abstractmethod
    def _finished(self, pieces: Sequence[Piece]) -> Generator[Piece, None, None]:
        """Do the pieces, and yield each when it is done. Closed early, it finishes those under way and drops the rest.

        Asks `_require_going` twice a second at least.
        """

    def _require_going(self) -> None:
        if self.cancelled():
            raise Cancelled(
                message("The build was stopped; what is done is kept, and the same build goes on from there.")
            )


class ThreadWorkers(Workers):
    """Threads of this process: libaom, FFmpeg and Deflate release Python's lock, so that they work in parallel."""

    def __init__(self, workers: int, progress: Callable[[Progress], None], cancelled: Callable[[], bool]):
        super().__init__(progress, cancelled)
        self.workers = workers

    def _finished(self, pieces: Sequence[Piece]) -> Generator[Piece, None, None]:
        with ThreadPoolExecutor(self.workers, thread_name_prefix="dataset") as pool:
            try:
                futures = {pool.submit(self._unless_cancelled, piece.work): piece for piece in pieces}
                while futures:
                    for future in wait(futures, timeout=0.5, return_when=FIRST_COMPLETED).done:
                        piece = futures.pop(future)
                        future.result()
                        yield piece
                    self._require_going()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _unless_cancelled(self, work: Callable[[], None]) -> None:
        self._require_going()
        work()
