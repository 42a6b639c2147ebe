"""`runs cancel`, `pause`, `resume`, `retry`, `delete`, `restore`, `pin`, `unpin`, `rename`, `tag`, `note`, `trash`."""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, NamedTuple

from av1core.cli.launching import WAITS, add_common, changing, launcher, printable
from av1core.errors import RunError
from av1core.partition import STAGES
from av1core.runs.annotations import parse_tags
from av1core.runs.folder import RunFolder
from av1core.runs.several import each

if TYPE_CHECKING:
    from av1core.runs.launcher import Launcher


class Change(NamedTuple):
    """A command that does the same with each of the runs given: its help, and what it does and then says of a run."""

    about: str
    do: Callable[["Launcher", str], str]


def _cancel(launcher: "Launcher", run: str) -> str:
    launcher.cancel(run)
    return _stopped(launcher, run, "cancelled")


def _pause(launcher: "Launcher", run: str) -> str:
    launcher.pause(run)
    return _stopped(launcher, run, "paused")


def _stopped(launcher: "Launcher", run: str, state: str) -> str:
    running = RunFolder.open(launcher.runs_dir, run).status().state == "running"
    return f"will be {state} within a batch" if running else state


def _resume(launcher: "Launcher", run: str) -> str:
    launcher.resume(run)
    return WAITS


def _retry(launcher: "Launcher", run: str) -> str:
    return f"{launcher.retry(run).id} {WAITS}"


def _delete(launcher: "Launcher", run: str) -> str:
    launcher.delete(run)
    return f"deleted; take it back with: python -m av1core runs restore {run}"


def _restore(launcher: "Launcher", run: str) -> str:
    launcher.restore(run)
    return "restored"


def _pin(launcher: "Launcher", run: str) -> str:
    launcher.pin(run)
    return f"is the baseline of {STAGES[RunFolder.find(launcher.runs_dir, run).stage()].title}"


def _unpin(launcher: "Launcher", run: str) -> str:
    launcher.pin(run, pinned=False)
    return "is no baseline"


CHANGES = {
    "cancel": Change("stop runs that wait or train; their finished epochs stay", _cancel),
    "pause": Change("as cancel, for runs that are meant to go on later", _pause),
    "resume": Change("queue runs that ended early, to go on after their last finished epoch", _resume),
    "retry": Change("queue new runs of the same specs, from the beginning", _retry),
    "delete": Change("move runs to the trash", _delete),
    "restore": Change("take deleted runs back", _restore),
    "pin": Change("make a run the baseline of its stage, from which Δ is taken at first", _pin),
    "unpin": Change("let a run be the baseline no more", _unpin),
}


def add_parsers(commands: argparse._SubParsersAction) -> None:
    for name, change in CHANGES.items():
        parser = commands.add_parser(name, help=change.about)
        parser.add_argument("run", metavar="RUN", nargs="+")
        add_common(parser)
        parser.set_defaults(handler=_change, change=change)
    for name, argument, about in (
        ("rename", "NAME", "give a run another name; an empty one brings back that of its spec"),
        ("tag", "TAG,TAG", "give a run these tags in place of those it had; an empty text takes them away"),
        ("note", "TEXT", "give a run a note in place of the one it had; - reads it from the standard input"),
    ):
        parser = commands.add_parser(name, help=about)
        parser.add_argument("run", metavar="RUN")
        parser.add_argument("text", metavar=argument)
        add_common(parser)
        parser.set_defaults(handler=_annotate, what=name)
    parser = commands.add_parser("trash", help="list the deleted runs, or delete them for good")
    parser.add_argument("--empty", action="store_true", help="delete them for good; needs --yes")
    parser.add_argument("--yes", action="store_true", help="confirm it")
    add_common(parser)
    parser.set_defaults(handler=_trash)


def _change(args: argparse.Namespace) -> int:
    launch = changing(args)

    def do(run: str) -> None:
        said = args.change.do(launch, run)
        print(json.dumps({"run": run, "message": said}) if args.json else f"{run}: {said}")

    each(args.run, do)
    return 0


def _annotate(args: argparse.Namespace) -> int:
    launch = changing(args)
    given = {
        "rename": lambda: {"name": args.text},
        "tag": lambda: {"tags": parse_tags(args.text)},
        "note": lambda: {"note": sys.stdin.read() if args.text == "-" else args.text},
    }[args.what]()
    annotations = launch.annotate(args.run, **given)
    if args.json:
        print(json.dumps({"run": args.run, **asdict(annotations)}))
    else:
        ((field, value),) = ((field, getattr(annotations, field)) for field in given)
        text = printable(", ".join(value) if field == "tags" else value)
        print(f"{args.run}: {field} {text or 'taken away'}")
    return 0


def _trash(args: argparse.Namespace) -> int:
    launch = launcher(args)
    deleted = launch.deleted()
    size = sum(run.size for run in deleted)
    if args.empty:
        if deleted and not args.yes:
            raise RunError(f"{len(deleted)} runs ({_megabytes(size)}) would be deleted for good; add --yes to do it.")
        emptied = launch.empty_trash()
        print(json.dumps({"emptied": emptied}) if args.json else f"{emptied} runs deleted for good")
    elif args.json:
        for run in deleted:
            print(json.dumps(asdict(run)))
    else:
        for run in deleted:
            print(f"{run.run}: {printable(run.name)}, {_megabytes(run.size)}")
        print(f"{len(deleted)} deleted runs, {_megabytes(size)}")
    return 0


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
