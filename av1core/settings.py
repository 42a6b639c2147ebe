"""Where things are, from environment variables, for the dashboard and the command line alike."""

import os
from pathlib import Path


def runs_dir() -> Path:
    """The folder of run folders: AV1LAB_RUNS, else `runs` in the working directory."""
    return Path(os.environ.get("AV1LAB_RUNS", "runs"))


def dataset_roots() -> tuple[Path, ...]:
    """Folders whose sub-folders may be datasets: AV1LAB_DATASETS (separated as PATH), else `data` and `datasets`."""
    value = os.environ.get("AV1LAB_DATASETS")
    return tuple(Path(root) for root in value.split(os.pathsep)) if value else (Path("data"), Path("datasets"))


def find_datasets() -> list[Path]:
    """Every dataset folder directly below a root, by its dataset.json, in order of the roots and names."""
    found = (sorted(root.glob("*/dataset.json")) for root in dataset_roots())
    return [file.parent for files in found for file in files]
