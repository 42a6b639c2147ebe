"""`import`: runs that other scripts trained, taken over with their histories."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from av1core import settings
from av1core.access import of_environment
from av1core.partition import STAGES
from av1core.runs.records import UNKNOWN


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "import",
        help="take over runs of the thesis's scripts",
        description="Take over runs that the thesis's scripts trained: *_history.pt, and where there are any "
        "*_metrics.json and *_model_best.pt, in folders like stage1 and stage2_adapter. They appear beside your own "
        "runs, marked as imported; what the files do not say stays unknown.",
        epilog='Example: python -m av1core import results/exp03 --dataset "UVG 454k" --split block',
    )
    parser.add_argument("results", metavar="RESULTS_FOLDER", type=Path, help="the folder of results, or one stage's")
    parser.add_argument("--runs", metavar="DIR", type=Path, default=None, help="folder of runs (default: runs)")
    parser.add_argument("--name", help="what to call the run (default: the folder's name and the stage)")
    parser.add_argument("--stage", choices=list(STAGES), help="where neither folder nor file says it")
    parser.add_argument(
        "--dataset", metavar="NAME", default=UNKNOWN,
        help="what it was trained on; Δ is given only between runs of one dataset and split",
    )  # fmt: skip
    parser.add_argument("--split", choices=("source", "frame", "block"), default=UNKNOWN, help="how that was split")
    parser.add_argument("--json", action="store_true", help="print one JSON object a run")
    parser.set_defaults(handler=import_runs)


def import_runs(args: argparse.Namespace) -> int:
    of_environment().require()
    from av1core.runs.import_results import import_results

    results = import_results(
        args.results,
        args.runs or settings.runs_dir(),
        name=args.name,
        stage=args.stage,
        dataset=args.dataset,
        split=args.split,
        progress=lambda file: print(f"reading {file}", file=sys.stderr),
    )
    for result in results:
        record = result.record
        if args.json:
            facts = {"run": result.run, "path": str(result.path), "new": result.new, "epochs": result.epochs}
            print(json.dumps(facts | asdict(record)))
        elif result.new:
            scale = f"; {', '.join(record.percent)} were in percent" if record.percent else ""
            print(
                f"{record.name}: {result.epochs} epochs, best val macro-F1 "
                f"{record.best_val_f1:.2%} at epoch {record.best_epoch}{scale}. {result.path}"
            )
        else:
            print(f"{record.name}: is there already, from the same history. {result.path}")
    return 0
