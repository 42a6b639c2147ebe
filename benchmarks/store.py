"""The index and the pages on many finished runs: python -m benchmarks.store [--runs N] [--epochs N] [--keep DIR]

Makes finished runs in a temporary folder, or in DIR and leaves them there, and prints a row a measurement: the median
and the worst in milliseconds, and the aim. --json prints a JSON object a measurement instead. The index from scratch is
timed in new processes; pages on a real server by a client of Streamlit's protocol, from the request to the end of the
script, with all its messages, or to the first chart; the table of all runs and the first chart of Compare in Chromium,
from the navigation until they are drawn.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

from playwright.sync_api import sync_playwright

from av1core.analysis.results import results
from av1core.runs.folder import RunFolder
from av1core.runs.index import RunIndex
from benchmarks.made_up import made_up_runs
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.browser.server import ROOT, dashboard
from tests.browser.session import Session, awaited, visit

SCRATCH = """
import sys, time
started = time.perf_counter()
from av1core.runs.index import RunIndex
imported = time.perf_counter()
RunIndex(sys.argv[1]).refresh()
done = time.perf_counter()
print(1000 * (done - imported), 1000 * (done - started))
"""

TABLE_DRAWN = """rows => {
  const grid = document.querySelector('[data-testid="stDataFrame"] canvas table[role="grid"]');
  return grid?.querySelector('[role="gridcell"]') && grid.getAttribute('aria-rowcount') > rows && performance.now();
}"""

CHART_DRAWN = "() => document.querySelector('.js-plotly-plot .scatterlayer path.js-line') && performance.now()"


@dataclass(frozen=True)
class Timing:
    """Milliseconds of one measurement; `aim` is the most that the median may be, None where there is no aim."""

    what: str
    median: float
    worst: float
    aim: float | None

    @classmethod
    def of(cls, what: str, times: list[float], aim: float | None = None) -> "Timing":
        return cls(what, statistics.median(times), max(times), aim)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="an empty or new folder for the runs")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if args.keep and args.keep.exists() and any(args.keep.iterdir()):
        parser.error(f"--keep: {args.keep} is not empty")
    if not args.json:
        print(f"{'':<58} {'median':>8} {'worst':>8} {'aim':>6}")
    with tempfile.TemporaryDirectory() as folder:
        for timing in timings(args.keep or Path(folder) / "runs", args.runs, args.epochs, Path(folder)):
            aim = "" if timing.aim is None else f"{timing.aim:.0f}"
            row = f"{timing.what:<58} {timing.median:>8.1f} {timing.worst:>8.1f} {aim:>6}"
            print(json.dumps(asdict(timing)) if args.json else row, flush=True)


def timings(runs_dir: Path, runs: int, epochs: int, folder: Path) -> Iterator[Timing]:
    """Every measurement on so many made-up runs; the server's log goes to `folder`."""
    started = time.perf_counter()
    made = made_up_runs(runs_dir, runs, epochs)
    yield Timing.of(f"making {runs:,} runs of {epochs:,} epochs", [1000 * (time.perf_counter() - started)])
    yield from index_timings(runs_dir, made[len(made) // 2])
    with dashboard(runs_dir, folder / "server.log") as server:
        yield from page_timings(server.address)
        yield from table_timings(server.address, runs)
        folders = (RunFolder(runs_dir / run) for run in reversed(made) if "-stage2-" in run)
        yield from chart_timings(server.address, next(folder for folder in folders if folder.spec_file.exists()))


def index_timings(runs_dir: Path, run: str) -> Iterator[Timing]:
    """From scratch, after a change, and the queries; run: one that has finished, to which epochs are appended."""
    scratch = [_new_process(runs_dir) for _ in range(5)]
    yield Timing.of("index from scratch, in a new process", [index for index, _ in scratch], 2000)
    yield Timing.of("the same with its imports", [whole for _, whole in scratch])
    index = RunIndex(runs_dir)
    index.refresh()
    yield Timing.of("refresh, nothing changed", timed(index.refresh, 20), 100)
    folder = RunFolder(runs_dir / run)
    refreshes = []
    with growing(folder) as grow:
        for _ in range(20):
            grow()
            refreshes += timed(index.refresh)
    yield Timing.of("refresh, one epoch appended to one run", refreshes, 100)
    index.refresh()
    yield Timing.of("query: best epoch of all runs", timed(index.best, 20), 50)
    yield Timing.of("the same with both gaps, as pages ask for it", timed(lambda: results(index), 20), 50)
    yield Timing.of("query: all runs, newest first", timed(index.runs, 20))


@contextmanager
def growing(folder: RunFolder) -> Iterator[Callable[[], None]]:
    """A function that appends an epoch to a run's history, which is as it was afterwards."""
    before = folder.history_file.read_bytes()
    *_, last = folder.history()
    numbers = count(last["epoch"] + 1)
    yield lambda: folder.append_history(last | {"epoch": next(numbers)})
    folder.history_file.write_bytes(before)


def page_timings(address: str) -> Iterator[Timing]:
    """Server time of pages: the first visit of a new server, with the index from scratch, and later ones."""
    yield Timing.of("first page of a new server, index from scratch included", awaited(visits(address, "", 1)))
    for page, title, stage in (("", "Overview", None), ("compare", "Compare of Stage 2", "Stage 2")):
        awaited(visits(address, page, 1))  # imports
        yield Timing.of(f"{title.split()[0]}, a new visit, server time", awaited(visits(address, page, 10)), 1000)
        yield Timing.of(f"{title}, a rerun, server time", awaited(reruns(address, page, 20, stage)), 1000)


async def visits(address: str, page: str, many: int) -> list[float]:
    """Milliseconds of so many first script runs, each of a visitor of its own."""
    times = []
    for _ in range(many):
        async with visit(address, page) as session:
            times.append(1000 * await session.rerun())
            raise_errors(session)
    return times


async def reruns(address: str, page: str, many: int, stage: str | None) -> list[float]:
    """Milliseconds of so many script runs of one visitor, after the first and after the choice of a stage."""
    async with visit(address, page) as session:
        await session.rerun()
        if stage is not None:
            await session.choose("Stage", stage)
        times = [1000 * await session.rerun() for _ in range(many)]
        raise_errors(session)
    return times


def table_timings(address: str, runs: int) -> Iterator[Timing]:
    """The table of all runs in Chromium: once with nothing of Streamlit in the browser's cache, then with it there."""
    # The rows are read from the table for screen readers, which follows up to 0.2 s behind the drawing.
    times = drawing_times(f"{address}/runs", TABLE_DRAWN, runs)
    yield Timing.of(f"table of {runs:,} runs in Chromium, first visit", times[:1])
    yield Timing.of(f"table of {runs:,} runs in Chromium", times[1:], 2000)


def chart_timings(address: str, folder: RunFolder) -> Iterator[Timing]:
    """The first chart of Compare: until the server has sent it, and until Chromium has drawn it; the server is warm.

    folder: of a run of the stage. Its epochs grow before every visit, then no more: what was computed is then kept.
    """
    link = "compare?stage=stage2"
    with growing(folder) as grow:
        yield Timing.of("Compare, first chart after an epoch, server", awaited(first_charts(address, link, grow)), 1000)
        times = drawing_times(f"{address}/{link}", CHART_DRAWN, before=grow)
    yield Timing.of("Compare, first chart in Chromium, first visit", times[:1])
    yield Timing.of("Compare, first chart after an epoch, in Chromium", times[1:], 2500)
    yield Timing.of("Compare, first chart, server", awaited(first_charts(address, link)), 1000)
    yield Timing.of("Compare, first chart, in Chromium", drawing_times(f"{address}/{link}", CHART_DRAWN)[1:], 2500)


def drawing_times(
    page_address: str, drawn: str, what: int | None = None, before: Callable[[], None] = lambda: None
) -> list[float]:
    """Milliseconds until Chromium has drawn a page, as a script says; the first of eight with an empty cache.

    before: called ahead of each.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(60_000)
        times = []
        for _ in range(8):
            before()
            page.goto(page_address)
            times.append(page.wait_for_function(drawn, arg=what, polling="raf").json_value())
        browser.close()
    return times


async def first_charts(address: str, link: str, before: Callable[[], None] = lambda: None) -> list[float]:
    """Milliseconds until the first chart of ten visitors, each of whom opens the page by a link; `before` each."""
    times = []
    for _ in range(10):
        before()
        async with visit(address, link) as session:
            times.append(1000 * await session.first("plotly_chart"))
            raise_errors(session)
    return times


def raise_errors(session: Session) -> None:
    """Raise RuntimeError if the page shows one."""
    if errors := session.errors():
        raise RuntimeError(f"the page shows an error: {errors[0]}")


def timed(action: Callable[[], object], times: int = 1) -> list[float]:
    """Milliseconds of each call."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        action()
        taken.append(1000 * (time.perf_counter() - started))
    return taken


def _new_process(runs_dir: Path) -> tuple[float, float]:
    """Milliseconds of the index alone, and with the imports before it."""
    command = [sys.executable, "-c", SCRATCH, str(runs_dir.absolute())]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    index, whole = map(float, done.stdout.split())
    return index, whole


if __name__ == "__main__":
    main()
