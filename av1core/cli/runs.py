"""`runs`: what is in the folder of runs, and changing it, while a dashboard uses the folder or not."""

import argparse
import json
from dataclasses import asdict
from typing import Any, get_args

from av1core import settings
from av1core.cli import runs_change, runs_queue, runs_work
from av1core.cli.launching import add_common, printable
from av1core.partition import STAGES
from av1core.runs.folder import RunFolder
from av1core.runs.records import State


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "runs",
        help="list, describe, stop, go on with and delete runs",
        description="Without a command: list the runs and their best epochs.",
        epilog='Example: python -m av1core runs tag RUN "losses, thesis"',
    )
    add_common(parser)
    parser.set_defaults(handler=_list, runs=None, json=False, stage=None, state=None, tag=None)
    commands = parser.add_subparsers(metavar="COMMAND")
    _add_list(commands)
    _add_show(commands)
    runs_change.add_parsers(commands)
    runs_queue.add_parsers(commands)
    runs_work.add_parsers(commands)


def _add_list(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("list", help="list runs and their best epochs, as `runs` alone does")
    for name, choices in (("stage", list(STAGES)), ("state", [*get_args(State), "damaged"]), ("tag", None)):
        parser.add_argument(
            f"--{name}", metavar=name.upper(), action="append", choices=choices,
            help=f"only runs of this {name}{' (' + ', '.join(choices) + ')' if choices else ''}; may be repeated",
        )  # fmt: skip
    add_common(parser)
    parser.set_defaults(handler=_list)


def _list(args: argparse.Namespace) -> int:
    from av1core.analysis.run_table import run_table, select
    from av1core.runs.index import RunIndex

    index = RunIndex(args.runs or settings.runs_dir())
    index.refresh()
    everything = run_table(index).iloc[::-1]
    found = select(everything, stages=args.stage or (), states=args.state or (), tags=args.tag or ())
    if args.json:
        shown = found[
            ["run", "name", "origin", "stage", "seed", "state", "message", "created", "dataset", "epoch", "epochs",
             "best_epoch", "val_f1", "tags", "baseline", "note"]
        ]  # fmt: skip
        print(shown.to_json(orient="records", lines=True, double_precision=15).lstrip("\n"), end="")
    elif everything.empty:
        print(f"No runs in {index.runs_dir}. Start one: python -m av1core train --preset stage1")
    else:
        shown = found.assign(
            name=found["name"].map(printable),
            best=found["val_f1"].map("{:.2%}".format, na_action="ignore"),
            tags=found["tags"].map(", ".join).map(printable),
            pinned=found["baseline"].map({True: "baseline", False: ""}),
        )[["run", "name", "origin", "stage", "seed", "state", "best_epoch", "best", "tags", "pinned"]].astype("string")
        print(shown.fillna("–").to_string(index=False))
        print(f"{len(found):,} of {len(everything):,} runs")
        for row in found[found["message"] != ""].itertuples():
            print(f"{row.run}: {printable(row.message)}")
    return 0


def _add_show(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("show", help="show a run: settings, state, what it rests on, name, tags, note")
    parser.add_argument("run", metavar="RUN")
    add_common(parser)
    parser.set_defaults(handler=_show)


def _show(args: argparse.Namespace) -> int:
    folder = RunFolder.find(args.runs or settings.runs_dir(), args.run)
    imported, status = folder.imported(), folder.status()
    best = max(folder.history(), key=lambda record: record["val_f1"], default=None)
    if args.json:
        provenance = folder.provenance()
        print(
            json.dumps(
                {
                    "run": folder.id,
                    "path": str(folder.path),
                    "status": asdict(status),
                    "spec": None if imported else folder.spec().model_dump(mode="json"),
                    "imported": imported and asdict(imported),
                    "provenance": provenance and asdict(provenance),
                    "annotations": asdict(folder.annotations()),
                    "best": best,
                }
            )
        )
    else:
        _print(folder, imported.settings() if imported else None, status.state, status.message, best)
    return 0


def _print(
    folder: RunFolder, known: dict[str, Any] | None, state: str, message: str, best: dict[str, Any] | None
) -> None:
    from av1core.runs.grounds import grounds
    from av1core.training.spec import flatten

    said = folder.annotations()
    own = flatten(folder.spec()) if known is None else known
    imported = folder.imported()
    print(printable(said.name or (imported.name if imported else own["name"])))
    lines = {"Run": folder.id, "State": f"{state}. {message}" if message else state}
    if best is not None:
        lines["Best epoch"] = f"{best['epoch']}, val macro-F1 {best['val_f1']:.2%}"
    lines["Tags"] = ", ".join(said.tags)
    lines["Pinned"] = f"the baseline of {STAGES[folder.stage()].title}" if said.baseline else ""
    lines |= grounds(folder)
    for title, text in lines.items():
        if text:
            print(f"{title + ':':<14}{printable(text)}")
    print("Settings:")
    for key, value in own.items():
        print(f"  {key} = {printable(str(value))}")
    if said.note:
        print("Note:")
        for line in said.note.splitlines():
            print(f"  {printable(line)}")
