"""Deleted runs, kept until the trash is emptied: whole run folders that were moved to .lab/trash."""

import os
from dataclasses import dataclass
from pathlib import Path

from av1core.errors import LabError, RunError
from av1core.runs.folder import RunFolder
from av1core.runs.hidden import remove_folder
from av1core.runs.queue import LAB
from av1core.translation import message


@dataclass(frozen=True)
class Deleted:
    """A run in the trash. deleted: Unix seconds. size: bytes of its files."""

    run: str
    name: str
    deleted: float
    size: int


class Trash:
    """The deleted runs of a runs folder."""

    def __init__(self, runs_dir: Path):
        self.runs_dir = Path(runs_dir)
        self.folder = self.runs_dir / LAB / "trash"

    def list(self) -> list[Deleted]:
        """What can be restored, the last deleted first."""
        if not self.folder.is_dir():
            return []
        found = [_deleted(RunFolder(path)) for path in self.folder.iterdir() if path.is_dir() and path.name[0] != "."]
        return sorted(found, key=lambda deleted: (-deleted.deleted, deleted.run))

    def put(self, folder: RunFolder) -> None:
        """Move a run here. RunError where that cannot be done; the run stays then."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            os.utime(folder.path)  # tells when it was deleted
            folder.path.rename(self._place(folder.id))
        except OSError as error:
            raise RunError(
                message("{run} could not be deleted ({reason}); it is as it was.", run=folder.id, reason=error.strerror)
            ) from error

    def restore(self, run_id: str) -> RunFolder:
        """Move a run back to where it was. RunError if it is not here, or if there is another of its id."""
        source, target = RunFolder.find(self.folder, run_id), RunFolder(self.runs_dir / run_id)
        if target.path.exists():
            raise RunError(message("There is a run {run} again; delete that one first.", run=run_id))
        try:
            source.path.rename(target.path)
        except OSError as error:
            raise RunError(
                message(
                    "{run} could not be restored ({reason}); it is still in the trash.",
                    run=run_id,
                    reason=error.strerror,
                )
            ) from error
        return target

    def empty(self) -> int:
        """Delete for good what is here; how many runs that were."""
        count = len(self.list())
        remove_folder(self.folder)
        return count

    def _place(self, run_id: str) -> Path:
        place = self.folder / run_id
        # The run of this id that was deleted before it would be the older one: ids hold the second of their making.
        if place.exists():
            RunFolder(place).remove()
        return place


def _deleted(folder: RunFolder) -> Deleted:
    try:
        imported = folder.imported()
        name = folder.annotations().name or (imported.name if imported else folder.spec().name)
    except LabError:
        name = folder.id
    size = sum(file.stat().st_size for file in folder.path.rglob("*") if file.is_file())
    return Deleted(folder.id, name, folder.path.stat().st_mtime, size)
