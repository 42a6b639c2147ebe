"""Many visitors while a run trains: python -m benchmarks.load [--sessions N] [--seconds S] [--runs N] [--seed N]

Starts the dashboard on a temporary folder with made-up finished runs, launches Stage 1 on data/photos, and holds N
browser sessions by websocket, half of them on Compare and half on Launch. Each asks for its page again every 2 to 6
seconds, and for Launch's live part as often as a browser does. Prints page times in milliseconds, from the request to
the end of the script, and how many pages and lines of the server's log tell of an error; if any does, it exits with 1.
--json prints JSON objects instead of a table.
"""

import argparse
import json
import math
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from av1core.runs.index import RunIndex
from benchmarks.made_up import made_up_runs
from tests.browser.server import dashboard, error_lines
from tests.browser.session import awaited
from tests.browser.visitors import Answer, crowd, launch

PAUSE = (2.0, 6.0)
EPOCHS = 30


@dataclass(frozen=True)
class PageTimes:
    """Times of one kind of request in milliseconds, and how many of the answers told of an error."""

    what: str
    count: int
    errors: int
    median: float
    p95: float
    worst: float

    @classmethod
    def of(cls, what: str, answers: list[Answer]) -> "PageTimes":
        times = sorted(1000 * answer.seconds for answer in answers if not math.isnan(answer.seconds)) or [math.nan]
        errors = sum(bool(answer.errors) for answer in answers)
        return cls(what, len(answers), errors, statistics.median(times), times[int(0.95 * len(times))], times[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--runs", type=int, default=100, help="finished runs in the folder")
    parser.add_argument("--seed", type=int, default=0, help="of the pauses")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runs_dir, log = Path(folder) / "runs", Path(folder) / "server.log"
        made_up_runs(runs_dir, args.runs, EPOCHS)
        with dashboard(runs_dir, log) as server:
            awaited(launch(server.address))
            wait_until_it_trains(runs_dir)
            pages = [("compare", "launch")[number % 2] for number in range(args.sessions)]
            visits = awaited(crowd(server.address, pages, args.seconds, PAUSE, args.seed))
            if not trains(runs_dir):
                sys.exit("The run ended before the visitors left: ask for fewer seconds.")
        logged = error_lines(log)
    answers = [answer for visit in visits for answer in visit]
    times = [
        PageTimes.of("Compare", [answer for answer in answers if answer.page == "compare"]),
        PageTimes.of("Launch", [answer for answer in answers if answer.page == "launch" and not answer.live]),
        PageTimes.of("Launch, its live part", [answer for answer in answers if answer.live]),
    ]
    show(times, logged, args.json)
    for error in sorted({error for answer in answers for error in answer.errors} | set(logged)):
        print(error, file=sys.stderr)
    sys.exit(1 if logged or any(of_page.errors for of_page in times) else 0)


def show(times: list[PageTimes], logged: list[str], as_json: bool) -> None:
    """Print a row a kind of request, then how many lines of the server's log tell of an error."""
    if as_json:
        for of_page in times:
            print(json.dumps(asdict(of_page)))
        print(json.dumps({"log_error_lines": len(logged)}))
        return
    print(f"{'':<22} {'count':>6} {'errors':>6} {'median':>7} {'p95':>7} {'worst':>7}")
    for row in times:
        print(f"{row.what:<22} {row.count:>6} {row.errors:>6} {row.median:>7.0f} {row.p95:>7.0f} {row.worst:>7.0f}")
    print(f"lines of the server's log that tell of an error: {len(logged)}")


def trains(runs_dir: Path) -> bool:
    """Whether a run has begun with its batches and has not ended."""
    index = RunIndex(runs_dir)
    index.refresh()
    runs = index.runs()
    return bool(((runs["state"] == "running") & ((runs["step"] > 0) | (runs["epoch"] > 0))).any())


def wait_until_it_trains(runs_dir: Path) -> None:
    """Raises TimeoutError after two minutes."""
    deadline = time.monotonic() + 120
    while not trains(runs_dir):
        if time.monotonic() > deadline:
            raise TimeoutError("the launched run has not begun to train")
        time.sleep(0.5)


if __name__ == "__main__":
    main()
