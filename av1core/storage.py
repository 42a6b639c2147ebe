"""Files that are whole or absent: written beside their final name, forced to disk, then renamed."""

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any
from uuid import uuid4


def write_bytes_atomically(path: str | os.PathLike, data: bytes) -> None:
    """Replace the file at `path` by `data`; a reader sees the old content or the new, never a part.

    The folder must exist. On error nothing is left behind.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    fsync_folder(path.parent)


def write_json_atomically(path: str | os.PathLike, value: Any) -> None:
    """Write `value` as indented UTF-8 JSON. NaN and infinity are a ValueError: JSON has no such numbers."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_bytes_atomically(path, text.encode())


def read_json(path: str | os.PathLike) -> Any:
    """The value stored in a JSON file. OSError if it cannot be read, ValueError if it is not JSON."""
    return json.loads(Path(path).read_bytes())


def file_sha256(path: str | os.PathLike) -> str:
    """Hexadecimal sha256 of a file, read a piece at a time. OSError if it cannot be read."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_name(text: str, otherwise: str = "source") -> str:
    """A text as a file name, without a folder: letters, digits, "_", "-" and "."; `otherwise` if nothing is left."""
    return re.sub(r"[^\w.-]+", "_", text).strip("._") or otherwise


def fsync_folder(folder: str | os.PathLike) -> None:
    """Force a folder's entries to disk, so that a rename inside it survives a power cut."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows cannot open a folder
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
