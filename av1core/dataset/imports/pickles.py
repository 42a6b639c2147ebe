"""Files of torch.save, read without running anything that they hold: tensors, arrays, numbers, texts, lists, dicts."""

import re
import threading
from pathlib import Path

from av1core.dataset.imports.numpy_pickles import STAND_INS, Refused, with_arrays
from av1core.errors import DatasetError

_ZIP_START = b"PK\x03\x04"

_REFUSED = re.compile(r"GLOBAL (\S+) (?:was not|whose module)")

_LOADING = threading.Lock()
"""torch keeps its list of allowed types for the whole process, and the end of one load would empty another's."""


def load_pt(path: str | Path) -> dict:
    """The dict that a .pt file holds: tensors on the CPU, mapped from it where its format allows; arrays read-only.

    Files of the format before torch 1.6 are read too. DatasetError, naming the file, if it is missing, damaged or
    holds no dict; and if it asks for any Python object beyond tensors and numpy's numbers and arrays, which is named.
    """
    import torch

    path = Path(path)
    try:
        with open(path, "rb") as file:
            is_zip = file.read(len(_ZIP_START)) == _ZIP_START
        with _LOADING, torch.serialization.safe_globals(STAND_INS):
            content = with_arrays(torch.load(path, map_location="cpu", weights_only=True, mmap=is_zip))
    except FileNotFoundError as error:
        raise DatasetError(f"There is no file {path}.") from error
    except Exception as error:  # damaged bytes can ask a pickle for nearly anything
        raise DatasetError(f"{path} {_reason(error)}") from error
    if not isinstance(content, dict):
        raise DatasetError(f"{path} holds a {type(content).__name__} where a dict of named fields is expected.")
    return content


def _reason(error: Exception) -> str:
    refused = _REFUSED.search(str(error))
    if refused or isinstance(error, Refused):
        name = refused[1] if refused else str(error)
        return (
            f'asks for the Python object "{name}", and loading such objects can run any code, so it was not loaded. '
            "Save the file again with tensors, arrays, numbers, texts, lists and dicts only."
        )
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read: {error.strerror}."
    return (
        "is damaged, cut short or not a file of torch.save in its usual form; copy it again, or load it and save it "
        "anew with torch.save."
    )
