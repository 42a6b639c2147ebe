"""`study`: the ready-made studies, their tables with verdicts, and the launch of exactly the runs that one lacks."""

import argparse
import json
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from av1core import settings
from av1core.access import of_environment
from av1core.cli.launching import WAITS, add_common, launcher, printable
from av1core.cli.report import FORMATS, references_of, table_text
from av1core.errors import SpecError
from av1core.training.sweep import parse_seeds

if TYPE_CHECKING:
    from av1core.analysis.arms import Base
    from av1core.analysis.studies import Study
    from av1core.analysis.study_table import StudyResult
    from av1core.runs.index import RunIndex


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "study",
        help="show studies: their variants, verdicts and missing runs",
        description="Without a command: list the studies and how much of each was tried.",
        epilog="Example: python -m av1core study show loss --seeds 0-5 --launch",
    )
    add_common(parser)
    parser.set_defaults(handler=_list, runs=None, json=False)
    commands = parser.add_subparsers(metavar="COMMAND")
    _command(commands, "list", _list, "list the studies, as `study` alone does")
    show = _command(commands, "show", _show, "the table of a study: a row a variant, with its verdict")
    show.add_argument("key", metavar="KEY", help="such as loss; `study list` has them")
    show.add_argument(
        "--base", metavar="EXPERIMENT",
        help="what the variants have in common: the experiment of the baseline, by the beginning of its key (default: "
        "where most of the study was tried)",
    )  # fmt: skip
    show.add_argument("--dataset", metavar="DIR", help="with --stage1-run: a base that was not tried yet")
    show.add_argument("--stage1-run", metavar="RUN", help="with --dataset: the Stage-1 run that it starts from")
    show.add_argument("--seeds", metavar="SEEDS", default="0-5", help="that each variant should have (default: 0-5)")
    show.add_argument("--margin", metavar="PP", type=float, default=None, help="of equivalence (default: 0.5 pp)")
    show.add_argument("--reported", action="store_true", help="add what was reported of the study elsewhere, marked so")
    show.add_argument("--references", action="store_true", help="add the trivial references of the runs' dataset")
    show.add_argument("--format", choices=FORMATS, default="markdown")
    show.add_argument("--launch", action="store_true", help="queue the missing runs, and Stage-1 runs that they need")


def _command(commands: argparse._SubParsersAction, name: str, handler: Callable, about: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
    add_common(parser)
    parser.set_defaults(handler=handler)
    return parser


def _index(args: argparse.Namespace) -> "RunIndex":
    from av1core.runs.index import RunIndex

    index = RunIndex(args.runs or settings.runs_dir())
    index.refresh()
    return index


def _list(args: argparse.Namespace) -> int:
    from av1core.analysis.arms import bases
    from av1core.analysis.results import results
    from av1core.analysis.studies import STUDIES

    table = results(_index(args))
    finished = table[table["state"] == "finished"]
    for study in STUDIES.values():
        found = bases(study, finished)
        tried, runs = (found[0].found, found[0].runs) if found else (0, 0)
        if args.json:
            facts = {"key": study.key, "title": study.title, "question": study.question, "stage": study.stage}
            names = [variant.name for variant in study.arms]
            bases_of = [{"base": base.key, "found": base.found, "runs": base.runs} for base in found]
            print(json.dumps(facts | {"variants": names, "bases": bases_of}, ensure_ascii=False))
        else:
            print(
                f"{study.key:16}{study.stage:12}{tried} of {len(study.arms)} variants, {runs:>3} runs  {study.question}"
            )
    return 0


def _show(args: argparse.Namespace) -> int:
    if args.launch:
        of_environment().require()
    from av1core.analysis import missing_runs
    from av1core.analysis.statistics import MARGIN
    from av1core.analysis.studies import study
    from av1core.analysis.study_table import beside, study_results
    from av1core.analysis.tables import study_columns
    from av1core.analysis.tally import tallies

    chosen, seeds, index = study(args.key), parse_seeds(args.seeds), _index(args)
    base = _base(args, chosen, index)
    if args.launch:
        for folder in missing_runs.launch(launcher(args), chosen, base, index, seeds):
            print(f"{folder.id} {WAITS}", file=sys.stderr)
        index.refresh()
    margin = MARGIN if args.margin is None else args.margin
    result = study_results(chosen, base, index, partial(tallies, index.runs_dir), seeds, margin)
    trivial = references_of(index.runs_dir, result.runs, chosen.stage) if args.references else {}
    table, columns = beside(result, args.reported, trivial), study_columns(chosen.stage)
    if args.json or args.format == "json":
        print(table_text(table, columns | {"experiment": "", "reason": ""}, "json"), end="")
    else:
        print(table_text(table, columns, args.format), end="")
    _tell(result, index)
    return 0


def _base(args: argparse.Namespace, study: "Study", index: "RunIndex") -> "Base":
    from av1core.analysis.arms import bases, preset_base
    from av1core.analysis.results import results

    if args.dataset or args.stage1_run:
        if not (args.dataset and args.stage1_run) or args.base:
            raise SpecError("--dataset and --stage1-run: give both, and no --base.")
        return preset_base(study.stage, args.dataset, args.stage1_run)
    table = results(index, study.stage)
    found = bases(study, table[table["state"] == "finished"])
    if not found:
        raise SpecError(
            f"{index.runs_dir}: no run of the study {study.key} has finished. Give --dataset and --stage1-run to see "
            "what it would train, and --launch to begin."
        )
    named = [base for base in found if base.key.startswith(args.base or "")]
    if not named:
        raise SpecError(f"--base: there is no {args.base!r}. The bases are {', '.join(base.key for base in found)}.")
    return named[0]


def _tell(result: "StudyResult", index: "RunIndex") -> None:
    """What goes with a table, on stderr, so that a file holds the table alone."""
    from av1core.analysis.arms import base_labels
    from av1core.analysis.missing_runs import missing

    print(f"Base {result.base.key}: {printable(base_labels(result.study, [result.base])[0])}", file=sys.stderr)
    for each in result.comparisons:
        print(f"{printable(result.labels[each.variant])}: {each.verdict}. {each.reason}", file=sys.stderr)
    found = missing(result.arms, index)
    print(printable(found.summary()), file=sys.stderr)
    for arm in found.arms:
        if arm.problem:
            print(f"{arm.variant.name}: {printable(arm.problem)}", file=sys.stderr)
