"""`hypotheses`: what was predicted of a variant before its runs, what came of it, and what was decided."""

import argparse
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any, get_args

from av1core import settings
from av1core.access import of_environment
from av1core.analysis.hypotheses import Choice, Hypothesis
from av1core.cli.launching import add_common, printable
from av1core.errors import LedgerError

if TYPE_CHECKING:
    from av1core.analysis.ledger import Ledger
    from av1core.analysis.outcome import Outcome


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "hypotheses",
        help="list, write, change and decide hypotheses",
        description="Without a command: list the hypotheses and their verdicts.",
        epilog='Example: python -m av1core hypotheses add "PolyLoss helps." --range 2 3 --study loss '
        "--variant PolyLoss. Write it before the runs.",
    )
    add_common(parser)
    parser.set_defaults(handler=_list, runs=None, json=False)
    commands = parser.add_subparsers(metavar="COMMAND")
    _command(commands, "list", _list, "list hypotheses and their verdicts, as `hypotheses` alone does")
    show = _command(commands, "show", _show, "show a hypothesis, its result, its verdict and its history")
    add = _command(commands, "add", _add, "write a hypothesis, with the time; do it before the runs")
    edit = _command(commands, "edit", _edit, "change a hypothesis; what it said before stays in its history")
    decide = _command(commands, "decide", _decide, "keep or discard the variant of a hypothesis, or open it again")
    add.add_argument("statement", metavar="STATEMENT")
    for parser in (show, edit, decide):
        parser.add_argument("key", metavar="KEY", help="such as H1")
    edit.add_argument("--statement", metavar="TEXT")
    for parser, required in ((add, True), (edit, False)):
        parser.add_argument(
            "--range", nargs=2, type=float, metavar=("LOW", "HIGH"), required=required,
            help="predicted Δ val macro-F1 of the variant against the study's baseline, in pp",
        )  # fmt: skip
        parser.add_argument("--study", metavar="STUDY", required=required, help="key of a ready-made study")
        parser.add_argument("--variant", metavar="NAME", required=required, help="one of the study's variants")
    decide.add_argument("choice", choices=get_args(Choice))
    decide.add_argument("reasons", nargs="?", default="", metavar="REASONS")


def _command(commands: argparse._SubParsersAction, name: str, handler: Callable, about: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=about)
    add_common(parser)
    parser.set_defaults(handler=handler)
    return parser


def _ledger(args: argparse.Namespace) -> "Ledger":
    from av1core.analysis.ledger import Ledger

    return Ledger(args.runs or settings.runs_dir(), of_environment())


def _list(args: argparse.Namespace) -> int:
    contents = _ledger(args).read()
    found = _outcomes(args, contents.hypotheses)
    if args.json:
        for hypothesis, each in zip(contents.hypotheses, found, strict=True):
            print(json.dumps(_record(hypothesis, each), allow_nan=False))
    else:
        _print_table(contents.hypotheses, found)
    if contents.problems:
        raise LedgerError("\n".join(contents.problems))
    return 0


def _outcomes(args: argparse.Namespace, hypotheses: Sequence[Hypothesis]) -> "list[Outcome]":
    from av1core.analysis.outcome import outcomes
    from av1core.analysis.tally import tallies
    from av1core.runs.index import RunIndex

    index = RunIndex(args.runs or settings.runs_dir())
    index.refresh()
    return outcomes(hypotheses, index, partial(tallies, index.runs_dir))


def _record(hypothesis: Hypothesis, found: "Outcome") -> dict[str, Any]:
    return asdict(hypothesis) | {
        "measured_result": _known(found.measured and asdict(found.measured)),
        "reported_result": _known(found.reported and asdict(found.reported)),
        "lacking": found.lacking, "data": found.where, "begun_before": found.begun,
        "verdict": found.judgement.verdict, "reason": found.judgement.reason,
    }  # fmt: skip


def _known(value: Any) -> Any:
    """For JSON, which has no NaN: what is not known is null."""
    if isinstance(value, dict):
        return {name: _known(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return [_known(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _print_table(hypotheses: Sequence[Hypothesis], found: "Sequence[Outcome]") -> None:
    import pandas as pd

    from av1core.analysis.hypothesis_text import delta_text, range_text, study_text

    rows = [
        {
            "key": each.key, "predicted": range_text(each.now), "Δ": delta_text(outcome),
            "verdict": outcome.judgement.verdict, "decision": each.decision.choice,
            "late": "late" if outcome.begun else "", "study": printable(study_text(each.now)),
            "statement": printable(each.now.statement),
        }
        for each, outcome in zip(hypotheses, found, strict=True)
    ]  # fmt: skip
    if rows:
        print(pd.DataFrame(rows).to_string(index=False, max_colwidth=60))


def _show(args: argparse.Namespace) -> int:
    from av1core.analysis.hypothesis_text import facts, history

    hypothesis = _ledger(args).get(args.key)
    (found,) = _outcomes(args, [hypothesis])
    if args.json:
        print(json.dumps(_record(hypothesis, found), allow_nan=False))
        return 0
    print(f"{hypothesis.key}{' (shipped)' if hypothesis.shipped else ''}: {printable(hypothesis.now.statement)}")
    for title, text in facts(hypothesis, found).items():
        print(f"{title}: {printable(text)}")
    print("History:")
    for line in history(hypothesis):
        print(f"  {printable(line)}")
    return 0


def _add(args: argparse.Namespace) -> int:
    of_environment().require()
    low, high = args.range
    return _tell(args, _ledger(args).add(args.statement, low, high, args.study, args.variant))


def _edit(args: argparse.Namespace) -> int:
    of_environment().require()
    low, high = args.range or (None, None)
    given = {"statement": args.statement, "low": low, "high": high, "study": args.study, "variant": args.variant}
    changed = {name: value for name, value in given.items() if value is not None}
    if not changed:
        raise LedgerError("Nothing to change: give --statement, --range, --study or --variant.")
    return _tell(args, _ledger(args).edit(args.key, **changed))


def _decide(args: argparse.Namespace) -> int:
    of_environment().require()
    return _tell(args, _ledger(args).decide(args.key, args.choice, args.reasons))


def _tell(args: argparse.Namespace, hypothesis: Hypothesis) -> int:
    from av1core.analysis.hypothesis_text import history

    if args.json:
        print(json.dumps(asdict(hypothesis)))
    else:
        print(f"{hypothesis.key}: {printable(history(hypothesis)[-1])}")
    return 0
