"""`runs queue` and `runs move`: the order of the waiting runs, and what holds them up."""

import argparse
import json

from av1core.cli.launching import add_common, changing, launcher


def add_parsers(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("queue", help="show the waiting runs in order, and what each still waits for")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--pause", action="store_true", help="let no waiting run start; running ones go on")
    what.add_argument("--resume", action="store_true", help="let them start again")
    add_common(parser)
    parser.set_defaults(handler=_queue)

    parser = commands.add_parser("move", help="put a waiting run at another place of the queue")
    parser.add_argument("run", metavar="RUN")
    parser.add_argument("place", metavar="PLACE", type=int, help="1 for the first")
    add_common(parser)
    parser.set_defaults(handler=_move)


def _queue(args: argparse.Namespace) -> int:
    launch = launcher(args)
    if args.pause:
        launch.pause_queue()
    elif args.resume:
        launch.resume_queue()
    waiting = launch.waiting()
    blocked = {run: launch.blocked_by(run) for run in waiting.runs}
    if args.json:
        runs = [{"run": run, "place": place, "blocked_by": blocked[run]} for place, run in enumerate(waiting.runs, 1)]
        print(json.dumps({"paused": waiting.paused, "runs": runs}))
        return 0
    if waiting.paused:
        print("The queue is paused: no run starts. Go on with: python -m av1core runs queue --resume")
    for place, run in enumerate(waiting.runs, 1):
        print(f"{place:>4}  {run}  {blocked[run]}".rstrip())
    if not waiting.runs:
        print("Nothing waits.")
    return 0


def _move(args: argparse.Namespace) -> int:
    changing(args).move(args.run, args.place - 1)
    args.pause = args.resume = False
    return _queue(args)
