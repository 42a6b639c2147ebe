"""`report`: the tables of Compare and Ablations as Markdown, LaTeX, CSV or JSON; whole reports as HTML or LaTeX."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from av1core import settings
from av1core.cli import report_document
from av1core.errors import RunError
from av1core.partition import STAGES
from av1core.storage import write_bytes_atomically

if TYPE_CHECKING:
    import pandas as pd

FORMATS = ("markdown", "latex", "csv", "json")


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "report",
        help="write the table of a stage's results, or a whole report",
        description="Write the results of a stage's finished runs, every figure at the best epoch of its run: a row an "
        "experiment with its seeds averaged, or with --each a row a run. With --html or --latex-folder write a whole "
        "report on them or on a study: tables, verdicts, figures and methods.",
        epilog="Examples: python -m av1core report --stage stage2 --reported --format latex --out table.tex; "
        "python -m av1core report --study batchnorm --html report.html --language pt_BR",
    )
    about = parser.add_mutually_exclusive_group(required=True)
    about.add_argument("--stage", choices=list(STAGES))
    about.add_argument("--study", metavar="KEY", help="a ready-made study, for a whole report")
    parser.add_argument("--each", action="store_true", help="a row a run in place of one an experiment")
    parser.add_argument(
        "--baseline",
        metavar="NAME",
        help="run or experiment that Δ is taken from, by name or id (default: the pinned one, else Baseline)",
    )
    parser.add_argument("--reported", action="store_true", help="add what was reported elsewhere, marked so")
    parser.add_argument("--references", action="store_true", help="add the trivial references of the runs' datasets")
    parser.add_argument("--format", choices=FORMATS, default="markdown")
    parser.add_argument("--json", action="store_const", const="json", dest="format", help="the same as --format json")
    parser.add_argument("--out", metavar="FILE", type=Path, help="the file to write (default: print it)")
    parser.add_argument("--runs", metavar="DIR", type=Path, default=None, help="folder of runs (default: runs)")
    report_document.add_arguments(parser)
    parser.set_defaults(handler=report)


def report(args: argparse.Namespace) -> int:
    from av1core.analysis import experiments, results, tables
    from av1core.analysis.comparisons import comparisons, with_verdicts
    from av1core.analysis.tally import tallies
    from av1core.runs.index import RunIndex

    index = RunIndex(args.runs or settings.runs_dir())
    index.refresh()
    if report_document.asked(args):
        gathered = report_document.gathered(args, index)
        trivial = references_of(index.runs_dir, gathered.runs, gathered.stage.name) if args.references else {}
        return report_document.write(args, gathered, trivial)
    if args.study:
        raise RunError("--study: only with --html or --latex-folder.")
    runs = results.results(index, args.stage)
    runs = runs[runs["state"] == "finished"]
    if runs.empty:
        raise RunError(f"{index.runs_dir}: no run of {STAGES[args.stage].title} has finished.")
    if args.each:
        table, columns, key = runs, tables.RUNS, "run"
    else:
        table, columns, key = experiments.experiments(runs), tables.EXPERIMENTS, "experiment"
    baseline = report_document.chosen_baseline(table, key, args.baseline)
    if args.references:
        table = results.with_references(table, args.stage, references_of(index.runs_dir, runs, args.stage))
    table = results.with_delta(table, baseline, key)
    if not args.each:
        compared = []
        if baseline is not None:
            of_runs = tallies(index.runs_dir, dict(zip(runs["run"], runs["dataset"], strict=True)))
            compared = comparisons(table, baseline, runs, of_runs)
        table = with_verdicts(table, compared)
    if args.reported:
        table = results.with_reported(table, args.stage)
    text = table_text(table, columns, args.format)
    if args.out is None:
        print(text, end="")
        return 0
    try:
        write_bytes_atomically(args.out, text.encode())
    except OSError as error:
        raise RunError(f"{args.out}: the report cannot be written ({error.strerror}).") from error
    print(f"{args.out}: {len(table)} rows", file=sys.stderr)
    return 0


def references_of(runs_dir: Path, runs: "pd.DataFrame", stage: str) -> dict:
    """The trivial references of a stage by what rows of results validate on; where there are none, stderr says why."""
    from av1core.analysis.references import common_split, trivial_references
    from av1core.dataset.folder import Dataset
    from av1core.runs.folder import RunFolder
    from av1core.runs.records import MEASURED

    found = {}
    for (path, validation), rows in runs[runs["origin"] == MEASURED].groupby(["dataset", "validation"]):
        dataset = Dataset.open(path)
        split = common_split([RunFolder.open(runs_dir, run) for run in rows["run"]], dataset)
        if split is None:
            print(f"{path} or its split is no longer what the runs were trained on: no references.", file=sys.stderr)
        else:
            found[validation] = trivial_references(dataset, STAGES[stage], split)
    return found


def table_text(table: "pd.DataFrame", columns: dict[str, str], form: str) -> str:
    """A table in one of FORMATS. columns: title by column name, in order."""
    from av1core.analysis import tables

    if form == "json":
        return table[list(columns)].to_json(orient="records", lines=True, double_precision=15, force_ascii=False)
    return {"markdown": tables.as_markdown, "latex": tables.as_latex, "csv": tables.as_csv}[form](table, columns)
