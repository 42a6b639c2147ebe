"""Integers from text files of any length, with the line of each, parsed without a Python loop over them."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from av1core.errors import DatasetError

_CHUNK_BYTES = 2**22
_LONGEST_LINE = 2**26
_MOST_DIGITS = 18  # of those that always fit in 64 bits

_MINUS, _ZERO, _NEWLINE = b"-0\n"
_IS_SPACE = np.isin(np.arange(256), list(b" \t\n\v\f\r,"))
_IS_DIGIT = np.isin(np.arange(256), list(b"0123456789"))


def read_integers(path: Path) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The integers of a file, between white space or commas, a chunk of whole lines at a time.

    Gives values, int64 (n,), and the line of each, from 1, int64 (n,). DatasetError, naming file and line, for
    anything else in it.
    """
    for text, first_line in _chunks(path):
        yield _parse(path, text, first_line)


def read_table(path: Path, columns: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The rows of a file with one row of integers a line, int64 (n, columns), and their lines, int64 (n,).

    A first line with a word in it is taken for a heading. DatasetError, naming file and line, for anything else.
    """
    for text, first_line in _chunks(path):
        if first_line == 1:
            heading, newline, rest = text.partition(b"\n")
            if re.search(rb"[A-Za-z_]{3}", heading):
                text = b" " + newline + rest
        values, lines = _parse(path, text, first_line)
        starts = np.flatnonzero(np.diff(lines, prepend=0))
        lengths = np.diff(starts, append=len(lines))
        if (lengths != columns).any():
            wrong = int(np.argmax(lengths != columns))
            raise DatasetError(
                f"{path}, line {lines[starts[wrong]]}: there are {lengths[wrong]} numbers where {columns} belong."
            )
        yield values.reshape(-1, columns), lines[starts]


def _chunks(path: Path) -> Iterator[tuple[bytes, int]]:
    """Pieces of whole lines, each with the number of its first line, from 1."""
    line = 1
    try:
        with open(path, "rb") as file:
            while text := file.read(_CHUNK_BYTES):
                if not text.endswith(b"\n"):
                    text += file.readline(_LONGEST_LINE)
                if len(text) > _LONGEST_LINE:
                    raise DatasetError(f"{path} has lines of more than {_LONGEST_LINE:,} bytes; it is not such a text.")
                yield text, line
                line += text.count(b"\n")
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.") from error


def _parse(path: Path, text: bytes, first_line: int) -> tuple[np.ndarray, np.ndarray]:
    letters = np.frombuffer(text, np.uint8)
    is_space = _IS_SPACE[letters]
    edges = np.flatnonzero(np.diff(is_space, prepend=True, append=True))
    starts, ends = edges[::2], edges[1::2]
    negative = letters[starts] == _MINUS
    allowed = _IS_DIGIT[letters] | is_space
    allowed[starts[negative]] = True
    digits = ends - starts - negative
    if not allowed.all() or ((digits < 1) | (digits > _MOST_DIGITS)).any():
        odd = np.searchsorted(starts, np.flatnonzero(~allowed), side="right") - 1
        odd = min([*odd[:1], *np.flatnonzero((digits < 1) | (digits > _MOST_DIGITS))[:1]])
        word = text[starts[odd] : ends[odd]][:40].decode("ascii", "backslashreplace")
        line = first_line + text.count(b"\n", 0, int(starts[odd]))
        raise DatasetError(f'{path}, line {line}: "{word}" is not an integer.')
    values = np.zeros(len(starts), np.int64)
    for place in range(int(digits.max(initial=0))):
        longer = digits > place
        values[longer] = values[longer] * 10 + (letters[(starts + negative)[longer] + place] - _ZERO)
    newlines = np.flatnonzero(letters == _NEWLINE)
    return np.where(negative, -values, values), first_line + np.searchsorted(newlines, starts)
