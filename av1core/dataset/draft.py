"""The unfinished dataset: a hidden folder beside its final place, from which a build that was stopped goes on."""

import fcntl
import io
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from av1core.dataset.folder import FRAMES, require_free
from av1core.dataset.frames import write_frames
from av1core.dataset.tables import BLOCKS, DESCRIPTION
from av1core.errors import Cancelled, DatasetError
from av1core.media.tree import Nodes
from av1core.storage import fsync_folder, read_json, write_bytes_atomically, write_json_atomically
from av1core.translation import message

_PLAN, _LOCK, _READ, _LABELS = "plan.json", "lock", "read", "labels"


@dataclass(frozen=True)
class FramesRead:
    """What reading the frames of one source found. sha256: of the input file. digests: hex `frame_digest` of each."""

    numbers: tuple[int, ...]
    height: int
    width: int
    sha256: str
    digests: tuple[str, ...]


class Draft:
    """Frames and labels so far. Each piece is written whole or not at all, so that any moment is a good one to stop."""

    def __init__(self, folder: Path):
        self.folder = folder
        for name in (FRAMES, _READ, _LABELS):
            (folder / name).mkdir(exist_ok=True)

    def frames_read(self, source: str) -> FramesRead | None:
        """What was noted when the frames of a source had all been written; None before that."""
        file = self.folder / _READ / f"{source}.json"
        if not file.exists():
            # Another node may have written it; a network file system looks again when the folder is opened.
            os.listdir(file.parent)
            if not file.exists():
                return None
        values = read_json(file)
        return FramesRead(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})

    def write_frames(self, source: str, frames: Iterable[np.ndarray], *, pixels: int) -> None:
        """Write the frame file of a source, as `frames.write_frames` does, but whole or not at all."""
        temporary = self.folder / _READ / f"{source}.{uuid4().hex}.tif"
        write_frames(temporary, frames, pixels=pixels)
        temporary.replace(self.folder / FRAMES / f"{source}.tif")

    def note_frames(self, source: str, read: FramesRead) -> None:
        """Note that all frames of a source are written."""
        write_json_atomically(self.folder / _READ / f"{source}.json", asdict(read))

    def has_labels(self, source: int, frame: int, qindex: int) -> bool:
        """Whether a frame's tree at a qindex is kept. source, frame: indices, of the source and in its frame file."""
        return self._labels_file(source, frame, qindex).exists()

    def write_labels(self, source: int, frame: int, qindex: int, nodes: Nodes) -> None:
        """Keep a frame's tree at a qindex, as `has_labels` asks for it."""
        buffer = io.BytesIO()
        np.save(buffer, np.stack([nodes.row, nodes.col, nodes.size, nodes.partition]).astype(np.int32))
        write_bytes_atomically(self._labels_file(source, frame, qindex), buffer.getvalue())

    def labels(self) -> Iterator[tuple[int, int, int, np.ndarray]]:
        """(source, frame, qindex, int32 (4, nodes) of row, col, size and partition), in ascending order."""
        files = (self.folder / _LABELS).glob("*.npy")
        for source, frame, qindex in sorted(tuple(map(int, file.stem.split("-"))) for file in files):
            yield source, frame, qindex, np.load(self._labels_file(source, frame, qindex))

    def finish(self, out: Path) -> None:
        """Drop what only a draft needs, and give the folder its name."""
        for entry in self.folder.iterdir():
            if entry.name not in (FRAMES, BLOCKS, DESCRIPTION):
                _remove(entry)
        fsync_folder(self.folder)
        if out.exists():
            out.rmdir()
        self.folder.rename(out)
        fsync_folder(out.parent)

    def _labels_file(self, source: int, frame: int, qindex: int) -> Path:
        return self.folder / _LABELS / f"{source}-{frame}-{qindex}.npy"


def draft_folder(out: Path) -> Path:
    """Where the draft of the dataset `out` lies, whether or not there is one."""
    return out.with_name(f".{out.name}.partial")


@contextmanager
def open_draft(out: Path, plan: dict[str, Any], *, restart: bool = False) -> Iterator[Draft]:
    """The draft of the dataset `out`: a new one, or the one that a build of the same plan left when it was stopped.

    restart: drop what is there. An error before the first labels leaves nothing behind. DatasetError if `out` exists,
    if the draft there is of another plan, or if another process works on it.
    """
    require_free(out)
    folder = draft_folder(out)
    with _locked(folder, out):
        if restart:
            _clear(folder)
        found = _plan(folder)
        if found not in (None, plan):
            changed = ", ".join(sorted(key for key in {*plan, *found} if plan.get(key) != found.get(key)))
            raise DatasetError(
                message(
                    "{folder} holds an unfinished build of {out} with other settings (they differ in {changed}). "
                    "Repeat the build with those settings to finish it, or restart it (--restart) to begin anew.",
                    folder=folder, out=out, changed=changed,
                )
            )  # fmt: skip
        write_json_atomically(folder / _PLAN, plan)
        draft = Draft(folder)
        try:
            yield draft
        except (Cancelled, KeyboardInterrupt):
            raise
        except BaseException:
            # Reading frames again is cheap; encoding them is not.
            if not any((folder / _LABELS).iterdir()):
                shutil.rmtree(folder, ignore_errors=True)
            raise


def discard_draft(out: Path) -> None:
    """Delete an unfinished build of the dataset `out`. DatasetError while a build works on it, here or elsewhere."""
    folder = draft_folder(out)
    if folder.exists():
        with _locked(folder, out):
            shutil.rmtree(folder)


@contextmanager
def _locked(folder: Path, out: Path) -> Iterator[None]:
    """Make the folder, and keep other processes out of it; the system frees the lock of a process that was killed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR)
    except OSError as error:
        raise DatasetError(
            message("{out} cannot be created: {reason}; choose another place.", out=out, reason=str(error.strerror))
        ) from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DatasetError(
                message("{out} is being built by another process; wait for it or stop it.", out=out)
            ) from error
        yield
    finally:
        os.close(lock)


def _plan(folder: Path) -> dict[str, Any] | None:
    try:
        return read_json(folder / _PLAN)
    except (OSError, ValueError):
        return None


def _clear(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.name != _LOCK:
            _remove(entry)


def _remove(entry: Path) -> None:
    if entry.is_dir():
        shutil.rmtree(entry)
    else:
        entry.unlink()
