"""Values that imported files give, checked and converted: integers in a range, and luma of 10 bits."""

from typing import Any

import numpy as np

from av1core.errors import DatasetError
from av1core.partition import LUMA_MAX

CHUNK_PIXELS = 2**22
"""How many pixels are checked at a time, so that a large file never has to fit in memory."""


def array(values: Any, what: str) -> np.ndarray:
    """A tensor, an array or a list as a numpy array, without a copy where possible.

    what: the file and field, for messages. DatasetError if it is none of these, or not of numbers.
    """
    if hasattr(values, "detach"):
        values = values.detach()
    elif isinstance(values, (list, tuple)):
        values = [
            value.item() if hasattr(value, "item") and getattr(value, "ndim", 0) == 0 else value for value in values
        ]
    try:
        converted = np.asarray(values)
    except Exception as error:  # lists of unequal lengths, and tensors in layouts that numpy does not have
        raise DatasetError(f"{what} is not an array of numbers ({error}).") from error
    if converted.dtype.kind not in "biuf":
        raise DatasetError(f"{what} holds {_kind(values, converted)}, not numbers.")
    return converted


def integers(values: Any, what: str, count: int, low: int, high: int) -> np.ndarray:
    """One integer a block, int64 (count,), from anything that `array` takes; 3.0 counts as 3.

    DatasetError, naming the first block that is wrong, for fractions and for values outside low–high.
    """
    found = array(values, what)
    if found.shape not in ((count,), (count, 1)):
        raise DatasetError(
            f"{what} has the shape {found.shape}, but there are {count:,} blocks; it needs one for each."
        )
    found = found.reshape(count)
    with np.errstate(invalid="ignore"):
        wrong = (found != np.floor(found)) | (found < low) | (found > high)
    if wrong.any():
        index = int(np.argmax(wrong))
        raise DatasetError(
            f"{what} is {found[index]} for block {index} (from 0), and must be an integer from {low} to {high}."
        )
    return found.astype(np.int64)


def require_ten_bits(pixels: np.ndarray, rows: np.ndarray, what: str) -> None:
    """DatasetError, naming the block, for integer pixels (n, S, S) outside 0–1023. rows: numbers of the n blocks."""
    wrong = (pixels < 0) | (pixels > LUMA_MAX)
    if wrong.any():
        place = first_wrong(wrong, rows)
        raise DatasetError(
            f"{what} holds the value {pixels[place]} in block {rows[place[0]]} (from 0), and 10-bit luma is 0 to "
            f"{LUMA_MAX}; check its bit depth and byte order."
        )


def first_wrong(wrong: np.ndarray, rows: np.ndarray) -> tuple[int, ...]:
    """A place that is True in bool (n, S, S), not all False: in the block of the lowest number. rows: numbers (n,)."""
    blocks = np.flatnonzero(wrong.any(axis=(1, 2)))
    block = blocks[np.argmin(rows[blocks])]
    return (block, *np.unravel_index(np.argmax(wrong[block]), wrong.shape[1:]))


def _kind(values: Any, converted: np.ndarray) -> str:
    return type(values).__name__ if converted.ndim == 0 else f"values of the type {converted.dtype}"
