"""Types of arguments: a text becomes a value, or the argument's error."""

import argparse

from av1core.dataset.encoding import TOOLS
from av1core.errors import MediaError
from av1core.media.libaom import QINDEX_OF_CQ_LEVEL


def checked(parse):
    """An argparse type that shows a MediaError as the argument's error."""

    def convert(text: str):
        try:
            return parse(text)
        except MediaError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return convert


def integers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list like 80,128") from error


def cq_levels(text: str) -> tuple[int, ...]:
    levels = integers(text)
    if not all(0 <= level <= 63 for level in levels):
        raise argparse.ArgumentTypeError(f"{text!r}: a cq-level is 0 to 63")
    return tuple(QINDEX_OF_CQ_LEVEL[level] for level in levels)


def option(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (name and sign and value):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def tool(text: str) -> tuple[str, bool]:
    name, _, value = text.partition("=")
    if name not in TOOLS or value not in ("on", "off"):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=on or NAME=off, with a name of {', '.join(TOOLS)}")
    return name, value == "on"


def fraction(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share between 0 and 1, like 0.2")
    return value
