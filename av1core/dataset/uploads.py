"""Pictures from a browser: how many and how large they may be, and what they are called here. All are kept, or none."""

import io
from collections.abc import Iterable
from pathlib import Path, PureWindowsPath

from av1core.errors import DatasetError
from av1core.media.photos import PICTURE_SUFFIXES, picture_size
from av1core.storage import file_name, fsync_folder
from av1core.translation import message

MOST_FILES = 500
MOST_FILE_MIB = 100
"""Of one file; the server takes no larger one (maxUploadSize in .streamlit/config.toml)."""
MOST_MIB = 1024
"""Of all files of a dataset together."""
MOST_PIXELS = 64_000_000
"""Of one picture."""

_NAME_SHOWN = 80


def keep_uploads(files: Iterable[tuple[str, bytes]], folder: Path) -> None:
    """Write pictures, (file name, content) each, into `folder`, which must not exist, under names that are safe there.

    A LabError names the file and the limit; then the folder is not there.
    """
    checked = _checked(files)
    draft = folder.with_name(f".{folder.name}")
    draft.mkdir()
    for name, content in checked.items():
        (draft / name).write_bytes(content)
    draft.rename(folder)
    fsync_folder(folder.parent)


def _checked(files: Iterable[tuple[str, bytes]]) -> dict[str, bytes]:
    """The contents by the names to keep them under."""
    found: dict[str, bytes] = {}
    shown_as: dict[str, str] = {}
    size = 0
    for given, content in files:
        shown = _shown(given)
        if len(found) == MOST_FILES:
            raise DatasetError(
                message(
                    "{file} is one too many: at most {most} pictures can be uploaded for a dataset.",
                    file=shown, most=MOST_FILES,
                )
            )  # fmt: skip
        size += len(content)
        if len(content) > MOST_FILE_MIB * 2**20:
            raise DatasetError(
                message(
                    "{file} is larger than {most} MiB, the most that an upload may have.",
                    file=shown, most=MOST_FILE_MIB,
                )
            )  # fmt: skip
        if size > MOST_MIB * 2**20:
            raise DatasetError(
                message(
                    "With {file} the uploads are larger than {most} MiB together; leave some out, or copy them to the "
                    "machine and build from their folder.",
                    file=shown, most=MOST_MIB,
                )
            )  # fmt: skip
        path = PureWindowsPath(given)  # knows the separators of every system
        suffix = path.suffix.lower()
        if suffix not in PICTURE_SUFFIXES:
            raise DatasetError(
                message(
                    "{file} is no picture by its name; upload {suffixes}.",
                    file=shown, suffixes=", ".join(PICTURE_SUFFIXES),
                )
            )  # fmt: skip
        height, width = picture_size(io.BytesIO(content), shown)
        if height * width > MOST_PIXELS:
            raise DatasetError(
                message(
                    "{file} has {size} pixels; an upload may have {most:,}. Crop it or scale it down.",
                    file=shown, size=f"{width}×{height}", most=MOST_PIXELS,
                )
            )  # fmt: skip
        name = file_name(path.stem, "picture")
        key = name.casefold()  # some file systems ignore case
        if key in shown_as:
            raise DatasetError(
                message(
                    "{first} and {second} would both be called {name}; rename one of them.",
                    first=shown_as[key], second=shown, name=name,
                )
            )  # fmt: skip
        shown_as[key], found[name + suffix] = shown, content
    if not found:
        raise DatasetError(message("No picture was uploaded; choose at least one."))
    return found


def _shown(given: str) -> str:
    """A name for a message: its last part, on one short line."""
    name = PureWindowsPath(given).name or given
    printable = "".join(character if character.isprintable() else "�" for character in name)
    return printable if len(printable) <= _NAME_SHOWN else f"{printable[: _NAME_SHOWN - 20]}…{printable[-19:]}"
