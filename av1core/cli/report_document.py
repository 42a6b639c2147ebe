"""`report --html` and `report --latex-folder`: the whole report of a study or of a stage's experiments."""

import argparse
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from av1core.errors import ReportError, RunError
from av1core.partition import STAGES
from av1core.storage import write_bytes_atomically
from av1core.translation import LANGUAGES

if TYPE_CHECKING:
    import pandas as pd

    from av1core.report.gather import Gathered
    from av1core.runs.index import RunIndex


def add_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("whole reports")
    group.add_argument("--html", metavar="FILE", type=Path, help="write one HTML file that needs no network")
    group.add_argument("--latex-folder", metavar="DIR", type=Path, help="write a LaTeX folder: tables, figures, text")
    group.add_argument("--language", choices=list(LANGUAGES), default="en", help="of the report (default: en)")
    group.add_argument("--experiments", metavar="KEY", nargs="+", help="only these, by name or key")
    group.add_argument("--title", help="of the report on a stage's experiments (default: the stage)")
    group.add_argument("--margin", metavar="PP", type=float, default=None, help="of equivalence (default: 0.5 pp)")


def asked(args: argparse.Namespace) -> bool:
    """Whether a whole report is asked for, not a table."""
    return bool(args.html or args.latex_folder)


def write(args: argparse.Namespace, gathered: "Gathered", references: dict) -> int:
    """Write what was asked for. Raises ReportError if it cannot be written."""
    from av1core.report.contents import report
    from av1core.report.html import as_html
    from av1core.report.latex import write_latex

    document = report(gathered, args.language, datetime.now(), references, args.reported)
    written = []
    if args.html:
        try:
            write_bytes_atomically(args.html, as_html(document).encode())
        except OSError as error:
            raise ReportError(f"{args.html}: the report cannot be written ({error.strerror}).") from error
        written.append(args.html)
    if args.latex_folder:
        files = write_latex(document, args.latex_folder)
        if not any(file.suffix == ".pdf" for file in files):
            print((args.latex_folder / "README.txt").read_text().splitlines()[-1], file=sys.stderr)
        written += files
    if args.format == "json":
        print(json.dumps({"files": [str(file) for file in written]}))
    else:
        print("\n".join(map(str, written)))
    return 0


def gathered(args: argparse.Namespace, index: "RunIndex") -> "Gathered":
    """What the report is about. Raises ReportError if nothing of it has finished, or an experiment is not known."""
    from av1core.analysis.arms import bases
    from av1core.analysis.experiments import experiments
    from av1core.analysis.results import results
    from av1core.analysis.statistics import MARGIN
    from av1core.analysis.studies import study
    from av1core.report.gather import gather, gather_study

    margin = MARGIN if args.margin is None else args.margin
    runs = results(index, args.stage)
    runs = runs[runs["state"] == "finished"]
    if args.study:
        chosen = study(args.study)
        found = bases(chosen, runs)
        if not found:
            raise ReportError(f"{index.runs_dir}: no run of the study {args.study} has finished.")
        return gather_study(index, chosen, found[0], margin)
    if runs.empty:
        raise ReportError(f"{index.runs_dir}: no run of {STAGES[args.stage].title} has finished.")
    table = experiments(runs)
    for wanted in args.experiments or ():
        if not _named(table, "experiment", wanted).any():
            raise ReportError(f"--experiments: there is no {wanted!r}; there are {_names(table)}.")
    if args.experiments:
        table = table[sum(_named(table, "experiment", wanted) for wanted in args.experiments) > 0]
    baseline = chosen_baseline(table, "experiment", args.baseline) or table["experiment"].iloc[0]
    keys = dict.fromkeys([baseline, *table["experiment"]])
    return gather(index, list(keys), args.title or STAGES[args.stage].title, margin=margin)


def chosen_baseline(table: "pd.DataFrame", key: str, wanted: str | None) -> str | None:
    """The id of the row wanted by id or name; without a wish of the pinned one, else of one named Baseline, or None.

    key: the column of ids. Raises RunError if there is no such row.
    """
    rows = table[_named(table, key, wanted or "Baseline")]
    if not wanted and table["baseline"].any():
        rows = table[table["baseline"]]
    if wanted and rows.empty:
        raise RunError(f"--baseline: there is no {wanted!r} among the finished runs; there are {_names(table)}.")
    return None if rows.empty else rows[key].iloc[0]


def _named(table: "pd.DataFrame", key: str, wanted: str) -> "pd.Series":
    return (table[key] == wanted) | (table["name"] == wanted)


def _names(table: "pd.DataFrame") -> str:
    return ", ".join(dict.fromkeys(table["name"]))
