"""The command line: python -m av1core COMMAND. Errors that are the user's to read end with exit code 2."""

import argparse
import sys

from av1core.cli import (
    dataset,
    demo,
    export,
    hypotheses,
    import_runs,
    presets,
    references,
    report,
    runs,
    study,
    sweep,
    train,
)
from av1core.errors import Cancelled, LabError

_COMMANDS = (
    dataset, references, train, sweep, demo, runs, presets, study, hypotheses, report, import_runs, export,
)  # fmt: skip


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m av1core", description="Train and compare Conv-Adapters for AV1 block partitions."
    )
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.add_parser(subparsers)
    return parser


def main(arguments: list[str] | None = None) -> int:
    args = make_parser().parse_args(arguments)
    try:
        return args.handler(args)
    except Cancelled as error:
        print(error, file=sys.stderr)
        return 130
    except LabError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
