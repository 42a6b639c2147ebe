"""`runs work`: trains what waits in the queue, without a dashboard."""

import argparse
import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from av1core import settings
from av1core.access import of_environment
from av1core.cli.launching import Progress, add_common, launcher
from av1core.errors import Cancelled
from av1core.runs.records import LIVE, Status

if TYPE_CHECKING:
    from av1core.runs.launcher import Launcher

POLL_SECONDS = 0.5


def add_parsers(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser(
        "work",
        help="train what waits in the queue",
        description="Train what waits in the queue, here or with AV1LAB_EXECUTOR=ray on a cluster. Dashboards may use "
        "the folder too; one process at a time has a device. Ctrl+C interrupts what trains here; it can be resumed.",
    )
    parser.add_argument("--until-empty", action="store_true", help="end when nothing is left that can start")
    add_common(parser)
    parser.set_defaults(handler=_work)


def _work(args: argparse.Namespace) -> int:
    """Exit code 0 when every run that waited has finished, 1 when some did not or cannot start."""
    of_environment().require()
    from av1core.runs.queue import RunQueue
    from av1core.runs.workers.choose import make_workers

    queue = RunQueue(args.runs or settings.runs_dir())
    training = launcher(args, make_workers(queue))
    queue.recover()
    # Before anything trains, or a run that ends before the first look is never told of.
    progress, statuses = Progress(), _look(training, {})
    training.workers.start()
    # Two looks, because a run leaves the queue a moment before its worker says that it trains.
    idle = 0
    try:
        while idle < 2:
            time.sleep(POLL_SECONDS)
            before, statuses = statuses, _look(training, statuses)
            progress(statuses)
            _say_why_not(training, progress)
            if args.json:
                _print_ended(before, statuses)
            idle = idle + 1 if args.until_empty and not _goes_on(training) else 0
    except KeyboardInterrupt:
        raise Cancelled(
            "Stopped. The runs that trained here are interrupted and can be resumed; the others wait in the queue."
        ) from None
    finally:
        training.workers.close()
    for run in training.waiting().runs:
        progress.say(run, f"{run} {training.blocked_by(run)}")
    return int(any(status.state != "finished" for status in statuses.values()))


def _look(training: "Launcher", known: Mapping[str, Status]) -> dict[str, Status]:
    """How all runs stand now that ever waited or trained here; those that were deleted are left out."""
    live = [run for run, status in known.items() if status.state in LIVE]
    trained = [run for worker in training.workers.report() for run in worker.runs]
    now = {run: training.status(run) for run in dict.fromkeys([*live, *trained, *training.waiting().runs])}
    return {run: status for run, status in {**known, **now}.items() if status is not None}


def _goes_on(training: "Launcher") -> bool:
    trains = any(worker.runs for worker in training.workers.report())
    return trains or any(map(training.goes_on, training.waiting().runs))


def _say_why_not(training: "Launcher", progress: Progress) -> None:
    """Tell what keeps a worker from a run that waits."""
    for worker in training.workers.report() if training.waiting().runs else ():
        if worker.doing:
            progress.say(worker.device, f"{worker.device}: {worker.doing}")
    for notice in training.workers.notices()[-1:]:
        progress.say("notice", notice.text)


def _print_ended(before: Mapping[str, Status], now: Mapping[str, Status]) -> None:
    for run, status in now.items():
        if status.state not in LIVE and before.get(run) != status:
            print(json.dumps({"run": run, **asdict(status)}), flush=True)
