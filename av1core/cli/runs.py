"""`runs`: what is in the folder of runs, while a dashboard uses it or not."""

import argparse
from pathlib import Path

from av1core import settings


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser("runs", help="list runs and their best epochs")
    parser.add_argument("--runs", metavar="DIR", type=Path, default=None, help="folder of runs (default: runs)")
    parser.add_argument("--json", action="store_true", help="print one JSON object a run")
    parser.set_defaults(handler=runs)


def runs(args: argparse.Namespace) -> int:
    from av1core.runs.index import RunIndex

    index = RunIndex(args.runs or settings.runs_dir())
    index.refresh()
    table = index.query(
        """SELECT runs.run, name, origin, stage, seed, state, message, best.epoch AS best_epoch, best.val_f1
        FROM runs LEFT JOIN (SELECT run, max_by(epoch, val_f1) AS epoch, max(val_f1) AS val_f1 FROM epochs GROUP BY run)
            best USING (run)
        ORDER BY created"""
    ).astype({"seed": "Int64", "best_epoch": "Int64"})  # a missing one would make the others decimal fractions
    if args.json:
        print(table.to_json(orient="records", lines=True, double_precision=15), end="")
    elif table.empty:
        print(f"No runs in {index.runs_dir}. Start one: python -m av1core train --preset stage1")
    else:
        shown = table.drop(columns="message").astype({"seed": "string", "best_epoch": "string"})
        shown[["seed", "best_epoch"]] = shown[["seed", "best_epoch"]].fillna("–")
        print(shown.to_string(index=False, na_rep="–", float_format=lambda f1: f"{f1:.2%}"))
        for row in table[table["message"] != ""].itertuples():
            print(f"{row.run}: {row.message}")
    return 0
