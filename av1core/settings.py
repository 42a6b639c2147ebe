"""Where things are and where work is done, from environment variables, for dashboard and command line alike."""

import os
from pathlib import Path
from typing import Literal

from av1core.errors import ClusterError
from av1core.translation import message


def runs_dir() -> Path:
    """The folder of run folders: AV1LAB_RUNS, else `runs` in the working directory."""
    return Path(os.environ.get("AV1LAB_RUNS", "runs"))


def is_first_start() -> bool:
    """Whether nobody named a folder of runs, and the one in the working directory is not there yet."""
    return "AV1LAB_RUNS" not in os.environ and not runs_dir().exists()


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


def executor() -> Literal["threads", "ray"]:
    """What executes runs and builds: a cluster if AV1LAB_EXECUTOR is "ray", threads of this process if it is empty."""
    value = os.environ.get("AV1LAB_EXECUTOR", "")
    if value not in ("", "ray"):
        raise ClusterError(
            message(
                'AV1LAB_EXECUTOR is "{value}"; it can be "ray", or be left empty for this machine alone.', value=value
            )
        )
    return "ray" if value else "threads"


def ray_address() -> str:
    """HOST:PORT of the Ray cluster: AV1LAB_RAY_ADDRESS; empty for RAY_ADDRESS or a cluster of this machine alone."""
    return os.environ.get("AV1LAB_RAY_ADDRESS", "")


def ray_gpus() -> float | None:
    """GPUs of one run on a cluster: AV1LAB_RAY_GPUS, a share of one below 1, whole above; None if it is not set."""
    value = os.environ.get("AV1LAB_RAY_GPUS", "")
    if not value:
        return None
    try:
        gpus = float(value)
    except ValueError:
        gpus = -1.0
    if not (0 <= gpus <= 1 or (gpus > 0 and gpus.is_integer())):
        raise ClusterError(
            message(
                'AV1LAB_RAY_GPUS is "{value}"; give a share of one GPU such as 0.5, or a whole number.', value=value
            )
        )
    return gpus
