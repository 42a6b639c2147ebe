"""Folders that are not whole: hidden while they are made or deleted, so that nobody takes a part for a run."""

import re
import shutil
import time
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

LONG_AGO = 3600.0
"""Seconds without a change after which nobody works on a hidden folder any more."""

_HIDDEN = re.compile(r"\..+\.[0-9a-f]{32}")


def hidden(path: Path) -> Path:
    """A new hidden name beside that of a folder."""
    return path.with_name(f".{path.name}.{uuid4().hex}")


def remove_folder(path: Path) -> None:
    """Delete a folder for good, as far as the system lets it."""
    doomed = hidden(path)
    try:
        path.rename(doomed)
    except OSError:
        doomed = path
    shutil.rmtree(doomed, ignore_errors=True)


def remove_hidden_folders(parent: Path) -> None:
    """Delete the hidden folders in a folder that processes left which were killed while they made or deleted them."""
    for path in parent.glob(".*"):
        with suppress(FileNotFoundError):  # whole meanwhile
            if _HIDDEN.fullmatch(path.name) and time.time() - path.stat().st_mtime > LONG_AGO:
                shutil.rmtree(path, ignore_errors=True)
