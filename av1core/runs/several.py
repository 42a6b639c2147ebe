"""Changing several runs at once."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from av1core.errors import LabError, RunError

Item = TypeVar("Item")


def each(items: Iterable[Item], change: Callable[[Item], object]) -> None:
    """Change every item, such as the run of an id, whatever becomes of the others.

    Raises RunError that says what went wrong, the same only once.
    """
    problems: dict[str, None] = {}
    for item in items:
        try:
            change(item)
        except LabError as error:
            problems[str(error)] = None
    if problems:
        raise RunError("\n".join(problems))
