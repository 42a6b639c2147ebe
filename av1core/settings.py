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


def readonly() -> bool:
    """Whether nothing may be changed: AV1LAB_READONLY. All but an empty text, 0, false, no and off says yes."""
    return os.environ.get("AV1LAB_READONLY", "").strip().lower() not in ("", "0", "false", "no", "off")


def launchers() -> tuple[str, ...]:
    """The addresses that may change things where a login is configured: AV1LAB_LAUNCHERS, separated by commas."""
    addresses = (address.strip() for address in os.environ.get("AV1LAB_LAUNCHERS", "").split(","))
    return tuple(address for address in addresses if address)
