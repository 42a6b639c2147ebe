"""Stand-ins for what a pickle rebuilds numpy's arrays and scalars from.

numpy's own functions trust their arguments: a changed byte in a pickled dtype turns numbers into pointers. These take
the same arguments, check them, and know no elements but numbers and texts.
"""

import re
from typing import Any

import numpy as np

_CODE = re.compile(r"b1|[iu][1248]|f(2|4|8|16)|c(8|16|32)|[SU][0-9]{1,6}")


class Refused(Exception):
    """A pickle asks for something that is not loaded; the message is its name."""


class Dtype:
    """Stands for numpy.dtype. dtype: of numbers or texts, in any byte order. Refused for any other, such as objects."""

    def __init__(self, code: str, align: bool = False, copy: bool = False):
        if not isinstance(code, str) or not _CODE.fullmatch(code):
            raise Refused(f"numpy.dtype({code!r})")
        self.dtype = np.dtype(code)

    def __setstate__(self, state: tuple) -> None:
        """Of the state only the byte order says more than the code does."""
        if state[1] in ("<", ">"):
            self.dtype = self.dtype.newbyteorder(state[1])


class Array:
    """Stands for numpy.ndarray. values: the array, read-only, once its state is set."""

    values: np.ndarray

    def __setstate__(self, state: tuple) -> None:
        _, shape, kind, is_fortran, data = state
        self.values = np.frombuffer(data, kind.dtype).reshape(shape, order="F" if is_fortran else "C")


def _new_array(subtype: Any, shape: Any, code: Any) -> Array:
    """Stands for numpy's _reconstruct, which makes an empty array for a state to fill."""
    return Array()


def _scalar(kind: Dtype, data: bytes) -> np.generic:
    (value,) = np.frombuffer(data, kind.dtype)
    return value


def _empty_bytes() -> bytes:
    """Stands for bytes(), as which the data of an array without elements is pickled."""
    return b""


STAND_INS = [
    (Dtype, "numpy.dtype"),
    (Array, "numpy.ndarray"),
    (_empty_bytes, "builtins.bytes"),
    # numpy 2 and numpy 1 have them in different modules.
    *((_new_array, f"{module}.multiarray._reconstruct") for module in ("numpy._core", "numpy.core")),
    *((_scalar, f"{module}.multiarray.scalar") for module in ("numpy._core", "numpy.core")),
]
"""Each with the name that a pickle knows it by."""


def with_arrays(content: Any) -> Any:
    """What was unpickled, with each stand-in inside dicts, lists and tuples replaced by its numpy array."""
    if isinstance(content, Array):
        return content.values
    if isinstance(content, dict):
        return {key: with_arrays(value) for key, value in content.items()}
    if type(content) in (list, tuple):
        return type(content)(with_arrays(value) for value in content)
    return content
