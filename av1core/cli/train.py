"""`train`: one run without a browser, in the same run folder as the dashboard's."""

import argparse
import json
import sys
import threading
from pathlib import Path

from av1core import settings
from av1core.access import of_environment
from av1core.cli.spec_arguments import spec_values
from av1core.errors import SpecError
from av1core.runs.folder import RunFolder
from av1core.runs.prerequisites import check, stage1_folder
from av1core.runs.queue import RunQueue
from av1core.training.presets import PRESETS
from av1core.training.spec import parse_spec


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "train",
        help="train one run",
        description="Train one run. Its folder appears in the dashboard at once. Ctrl+C stops it; --resume goes on.",
        epilog="Example: python -m av1core train --preset stage1 --set epochs=2",
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--preset", metavar="KEY", help=f"an experiment of the thesis: {', '.join(PRESETS)}")
    source.add_argument("--spec", metavar="FILE", type=Path, help="a JSON file with the run spec")
    source.add_argument("--resume", metavar="RUN", help="a run that ended early, to go on with")
    parser.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[], dest="overrides",
        help="change a setting, such as adapter.reduction=2; may be repeated",
    )  # fmt: skip
    parser.add_argument("--runs", metavar="DIR", type=Path, default=None, help="folder of runs (default: runs)")
    parser.add_argument("--device", default=None, help="cpu, cuda, cuda:1 … (default: CUDA if there, else cpu)")
    parser.add_argument(
        "--threads",
        type=int,
        default=None,
        help="CPU threads (default: half the cores, as in the dashboard; the last digits of a history depend on it)",
    )
    parser.add_argument("--json", action="store_true", help="print the final status as JSON")
    parser.set_defaults(handler=train)


def train(args: argparse.Namespace) -> int:
    """Exit code 0 when the run finished, 1 when it failed or was cancelled."""
    of_environment().require()
    runs_dir = args.runs or settings.runs_dir()
    if args.resume:
        if args.overrides:
            raise SpecError("--set: a resumed run keeps its spec; leave it out.")
        folder = RunFolder.open(runs_dir, args.resume)
        with RunQueue(runs_dir).changing():
            folder.reopen("running")
    else:
        spec = parse_spec(spec_values(args.preset, args.spec, args.overrides))
        check(runs_dir, spec)
        if spec.backbone is None:
            stage1_folder(runs_dir, spec)
        folder = RunFolder.create(runs_dir, spec, "running")
    print(folder.path, file=sys.stderr)

    from av1core.runs.execute import execute
    from av1core.runs.workers.base import devices, worker_threads

    done = threading.Event()
    printer = threading.Thread(target=_print_epochs, args=(folder, done))
    printer.start()
    try:
        status = execute(folder, args.device or devices()[0], args.threads or worker_threads())
    except KeyboardInterrupt:
        print(f"Stopped. Go on with: python -m av1core train --resume {folder.id}", file=sys.stderr)
        return 130
    finally:
        done.set()
        printer.join()
    if args.json:
        print(json.dumps({"run": folder.id, "path": str(folder.path), **vars(status)}, default=str))
    elif status.state == "finished":
        print(f"finished: best val macro-F1 {status.best_val_f1:.2%} at epoch {status.best_epoch}")
    if status.state != "finished":
        print(f"{status.state}: {status.message}", file=sys.stderr)
        return 1
    return 0


def _print_epochs(folder: RunFolder, done: threading.Event) -> None:
    printed = 0
    while True:
        last = done.wait(0.5)
        for record in list(folder.history())[printed:]:
            printed += 1
            print(
                f"epoch {record['epoch']}: loss {record['train_loss']:.4f}, train F1 {record['train_f1']:.2%} "
                f"(like for like {record['train_f1_clean']:.2%}), val F1 {record['val_f1']:.2%}, "
                f"{record['samples_per_second']:.0f} blocks/s",
                file=sys.stderr,
            )
        if last:
            return
