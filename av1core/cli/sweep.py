"""`sweep`: every combination of some settings' values, times seeds, previewed, queued and trained."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from av1core import settings
from av1core.access import of_environment
from av1core.cli.launching import Progress
from av1core.cli.spec_arguments import key_and_text, spec_values
from av1core.errors import Cancelled, SpecError
from av1core.runs.folder import RunFolder
from av1core.runs.progress import duration
from av1core.runs.records import LIVE, Status
from av1core.training.presets import PRESETS
from av1core.training.sweep import Sweep, parse_seeds, parse_values

if TYPE_CHECKING:
    from av1core.runs.launcher import Launcher
    from av1core.runs.sweep_plan import Plan


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "sweep",
        help="train a grid of runs: values of settings, times seeds",
        description="Train every combination of the values given, with every seed. Runs of the same spec on the same "
        "blocks that are finished, or will be, are skipped. Ctrl+C interrupts those that train and leaves the others "
        "in the queue.",
        epilog="Example: python -m av1core sweep --preset exp03 --set stage1_run=RUN --vary adapter.reduction=1,2,4 "
        "--vary loss.name=focal,poly --seeds 0-5 --dry-run",
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--preset", metavar="KEY", help=f"an experiment of the thesis: {', '.join(PRESETS)}")
    source.add_argument("--spec", metavar="FILE", type=Path, help="a JSON file with the run spec")
    parser.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[], dest="overrides",
        help="change a setting of all runs; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--vary", metavar="KEY=V1,V2,…", action="append", default=[],
        help="the values that a setting takes, such as adapter.reduction=1,2,4; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--seeds", metavar="SEEDS", default=None,
        help="such as 0-5, which is six, or 0,3,7; one number is that seed alone (default: the spec's)",
    )  # fmt: skip
    parser.add_argument("--repeat", action="store_true", help="do not skip what was trained already")
    parser.add_argument("--runs", metavar="DIR", type=Path, default=None, help="folder of runs (default: runs)")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--dry-run", action="store_true", help="only show what would be queued")
    how.add_argument(
        "--queue-only", action="store_true", help="queue the runs for a dashboard that uses the folder, and end"
    )
    parser.add_argument("--json", action="store_true", help="print the plan and the final statuses as one JSON object")
    parser.set_defaults(handler=sweep)


def sweep(args: argparse.Namespace) -> int:
    """Exit code 0 when all new runs finished, 1 when some did not."""
    if not args.dry_run:
        of_environment().require()
    from av1core.runs.index import RunIndex
    from av1core.runs.sweep_plan import plan

    base = spec_values(args.preset, args.spec, args.overrides)
    seeds = (base.get("seed", 0),) if args.seeds is None else parse_seeds(args.seeds)
    runs_dir = args.runs or settings.runs_dir()
    index = RunIndex(runs_dir)
    index.refresh()
    planned = plan(Sweep(base, _factors(args.vary), seeds), index, args.repeat)
    _show(planned, sys.stdout if args.dry_run and not args.json else sys.stderr)
    if planned.invalid == len(planned.rows):
        raise SpecError(f"none of the runs is possible. {planned.rows[0].problem}")
    statuses: dict[str, Status] = {}
    if not args.dry_run and (planned.to_queue or planned.duplicates):
        statuses = _queue(runs_dir, planned) if args.queue_only else _train(runs_dir, planned)
    if args.json:
        runs = [{"run": run, **vars(status)} for run, status in statuses.items()]
        print(json.dumps({"plan": _as_json(planned), "runs": runs}))
    return int(not args.queue_only and any(status.state != "finished" for status in statuses.values()))


def _factors(texts: list[str]) -> dict[str, tuple[Any, ...]]:
    factors: dict[str, tuple[Any, ...]] = {}
    for text in texts:
        key, values = key_and_text("--vary", text)
        if key in factors:
            raise SpecError(f"--vary {key}: it is given twice; put all values into one.")
        factors[key] = parse_values(values)
    return factors


def _show(planned: "Plan", file: TextIO) -> None:
    table = planned.table()
    times = [duration(seconds) for seconds in table.pop("seconds")]
    reasons = table.pop("status")
    lines = table.assign(**{"at most": times}).to_string(index=False).splitlines()
    for line, reason in zip(lines, ["status", *reasons], strict=True):
        print(f"{line}  {reason}", file=file)
    print(planned.summary(), file=file)


def _as_json(planned: "Plan") -> dict[str, Any]:
    rows = [asdict(row) | {"spec": row.spec and row.spec.model_dump(mode="json")} for row in planned.rows]
    totals = {"new": len(planned.to_queue), "duplicates": planned.duplicates, "impossible": planned.invalid}
    return {"rows": rows, **totals, "seconds": planned.seconds}


def _queue(runs_dir: Path, planned: "Plan") -> dict[str, Status]:
    from av1core.runs.launcher import Launcher
    from av1core.runs.workers.base import Elsewhere

    folders = Launcher(runs_dir, workers=Elsewhere()).submit_all(planned.to_queue)
    return {folder.id: folder.status() for folder in folders}


def _train(runs_dir: Path, planned: "Plan") -> dict[str, Status]:
    """Train the queue until the new runs have ended, and those of the sweep that an earlier command left there."""
    from av1core.runs.launcher import Launcher

    launcher = Launcher(runs_dir)
    runs = [] if planned.repeat else [row.duplicate_of for row in planned.rows if row.state in LIVE]
    try:
        runs += [folder.id for folder in launcher.submit_all(planned.to_queue)]
        if launcher.waiting().paused:
            print("The queue is paused: nothing starts until it is resumed in a dashboard.", file=sys.stderr)
        return launcher.wait(runs, Progress())
    except KeyboardInterrupt:
        raise Cancelled(
            "Stopped. Runs that trained here are interrupted and can be resumed; the others wait in the queue, and the "
            "same command goes on with them."
        ) from None
    finally:
        _leave(launcher, runs)


def _leave(launcher: "Launcher", own: Sequence[str]) -> None:
    """Stop the workers, and put back into the queue what they took of others' runs."""
    from av1core.runs.launcher import Launcher
    from av1core.runs.workers.base import Elsewhere

    launcher.workers.close()
    elsewhere = Launcher(launcher.runs_dir, workers=Elsewhere())
    for run in [run for worker in launcher.workers.report() for run in worker.runs if run not in own]:
        if RunFolder.open(launcher.runs_dir, run).status().state == "interrupted":
            elsewhere.resume(run)
