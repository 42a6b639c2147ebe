"""Files that are whole or absent: written beside their final name, forced to disk, then renamed. And advisory locks."""

import errno
import fcntl
import hashlib
import json
import logging
import os
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

logger = logging.getLogger(__name__)

_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)
"""What a file system answers that has no locks."""

_NAME_BYTES = 80
_RESERVED = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³])(\..*)?", re.IGNORECASE)  # devices of Windows


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


def remove_unfinished_files(folder: str | os.PathLike) -> None:
    """Delete what processes left in a folder that were killed while they wrote a file there, if nobody writes now."""
    for file in Path(folder).glob(".*.tmp"):
        file.unlink(missing_ok=True)


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
    """A text as a file name of any system, without a folder; `otherwise` if nothing is left.

    Letters, digits, "_", "-" and ".", at most 80 bytes of UTF-8, so that endings and marks can be added to it.
    """
    name = re.sub(r"[^\w.-]+", "_", unicodedata.normalize("NFC", text)).strip("._")
    name = name.encode()[:_NAME_BYTES].decode(errors="ignore").strip("._") or otherwise
    return f"_{name}" if _RESERVED.fullmatch(name) else name


def is_file_name(text: str) -> bool:
    """Whether a text will do as it stands for a file name of any system, such as `file_name` makes."""
    letters = re.fullmatch(r"\w([\w.-]*[\w-])?", text)
    return bool(letters) and len(text.encode()) <= _NAME_BYTES and not _RESERVED.fullmatch(text)


def fsync_folder(folder: str | os.PathLike) -> None:
    """Force a folder's entries to disk, so that a rename inside it survives a power cut."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows cannot open a folder
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def locked(path: str | os.PathLike, wait: bool = True) -> Iterator[bool]:
    """Hold an advisory lock on a file, made where it is missing; threads and processes exclude each other alike.

    Yields whether the lock is held: without `wait`, False while somebody else holds it. The system frees the lock of a
    process that ends in any way. A file system without locks grants every one. OSError if the file cannot be made.
    """
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o666)
    try:
        yield _lock(handle, path, wait)
    finally:
        os.close(handle)


def _lock(handle: int, path: str | os.PathLike, wait: bool) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        logger.warning("%s: this file system has no locks; let one process at a time change runs there", path)
    return True
