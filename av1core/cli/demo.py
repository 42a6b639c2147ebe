"""`demo`: the runs that the Lab is shipped with: train them, open them in a runs folder, or remove them from one."""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from av1core import settings
from av1core.access import of_environment
from av1core.cli.launching import changing
from av1core.errors import Cancelled
from av1core.runs.demo import SHIPPED
from av1core.runs.progress import duration

if TYPE_CHECKING:
    from av1core.runs.folder import RunFolder
    from av1core.runs.records import Status


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "demo",
        help="train, open or remove the runs that the Lab is shipped with",
        description="Without an action: train the demo runs into a folder, by default that of the shipped ones, where "
        "they are already. Ctrl+C stops it; the same command goes on. open: copy the shipped runs into the runs "
        "folder; remove: move them from there to the trash.",
        epilog="Example: python -m av1core demo --out rebuilt",
    )
    parser.add_argument("action", nargs="?", choices=("train", "open", "remove"), default="train")
    parser.add_argument(
        "--out", metavar="DIR", type=Path, default=SHIPPED, help="where the runs are trained (default: data/demo_runs)"
    )
    parser.add_argument("--runs", metavar="DIR", type=Path, default=None, help="folder of runs (default: runs)")
    parser.add_argument("--device", default=None, help="cpu, cuda, cuda:1 … (default: CUDA if there, else cpu)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(handler=demo)


def demo(args: argparse.Namespace) -> int:
    """Exit code 0 when all runs are there, or when what was asked for is done; 1 when a run did not finish."""
    of_environment().require()
    if args.action == "train":
        return _train(args)
    args.runs = args.runs or settings.runs_dir()
    if args.action == "open":
        runs, done = changing(args).open_demo(), "opened in"
    else:
        runs, done = changing(args).remove_demo(), "moved to the trash of"
    print(json.dumps({"runs": runs}) if args.json else f"{len(runs)} demo runs {done} {args.runs}")
    return 0


def _train(args: argparse.Namespace) -> int:
    from av1core.runs.demo_training import train_demo
    from av1core.runs.workers.base import devices

    began = time.monotonic()

    def tell(folder: "RunFolder", status: "Status") -> None:
        best = f", best val macro-F1 {status.best_val_f1:.2%}" if status.state == "finished" else f": {status.message}"
        print(f"{duration(time.monotonic() - began)}: {folder.id} {status.state}{best}", file=sys.stderr, flush=True)

    try:
        folders = train_demo(args.out, args.device or devices()[0], ended=tell)
    except KeyboardInterrupt:
        raise Cancelled("Stopped. The same command goes on.") from None
    states = [folder.status().state for folder in folders]
    size = sum(file.stat().st_size for file in args.out.rglob("*") if file.is_file())
    if args.json:
        print(json.dumps({"runs": [folder.id for folder in folders], "states": states, "bytes": size}))
    else:
        finished = states.count("finished")
        print(f"{finished} of {len(states)} runs finished, {size / 1e6:.1f} MB in {args.out}")
    return int(any(state != "finished" for state in states))
