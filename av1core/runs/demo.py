"""The runs that the Lab is shipped with, in data/demo_runs: they are opened where no run was ever trained.

`demo_training` makes them. Each carries the tag `demo`, by which it is known as one wherever it is.
"""

import shutil
from pathlib import Path

from av1core.errors import RunError
from av1core.runs.folder import RunFolder
from av1core.runs.hidden import hidden

DEMO = "demo"
"""The tag of a run that was shipped."""

SHIPPED = Path(__file__).parents[2] / "data" / "demo_runs"


def open_demo(runs_dir: Path, shipped: Path = SHIPPED) -> list[str]:
    """Copy the shipped runs into a runs folder, but those that it has; returns the ids of those copied.

    Raises RunError where the folder cannot be written, or where nothing is shipped.
    """
    sources = sorted(file.parent for file in Path(shipped).glob("*/spec.json"))
    if not sources:
        raise RunError(f"{shipped}: there are no demo runs. Train them with: python -m av1core demo")
    opened = []
    try:
        Path(runs_dir).mkdir(parents=True, exist_ok=True)
        for source in sources:
            target = Path(runs_dir) / source.name
            if target.exists():
                continue
            # A folder appears under its name only when it is whole.
            draft = hidden(target)
            shutil.copytree(source, draft)
            draft.rename(target)
            opened.append(source.name)
    except OSError as error:
        raise RunError(f"{runs_dir}: the demo runs cannot be copied there ({error.strerror}).") from error
    return opened


def demo_runs(runs_dir: Path) -> list[str]:
    """The ids of the shipped runs in a runs folder, by their tag, later stages before the Stage-1 runs.

    RunError if the annotations of a run are damaged.
    """
    folders = [RunFolder(file.parent) for file in sorted(Path(runs_dir).glob("*/annotations.json"))]
    found = [folder for folder in folders if DEMO in folder.annotations().tags]
    return [folder.id for folder in sorted(found, key=lambda folder: folder.stage() == "stage1")]
