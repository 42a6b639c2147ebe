"""Changing several runs at once."""

from collections.abc import Callable, Iterable

from av1core.errors import LabError, RunError


def each(runs: Iterable[str], change: Callable[[str], object]) -> None:
    """Do `change` with every run, whatever becomes of the others. Raises RunError that says what failed, each once."""
    problems: dict[str, None] = {}
    for run in runs:
        try:
            change(run)
        except LabError as error:
            problems[str(error)] = None
    if problems:
        raise RunError("\n".join(problems))
