"""imported.json: what is known of a run that was trained elsewhere and taken over with its history only.

Such a run has no spec.json: most of its settings are not known, and the Lab's defaults would be made up.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from av1core.errors import RunError


@dataclass(frozen=True)
class SourceFile:
    """A file that the run was taken from: its path within the folder of results, and its content's SHA-256."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Imported:
    """What its files and the user told of a run; None is not known. F1 lies in [0, 1], epochs count from 1.

    dataset, split: as the user named them, else `unknown`. metrics: the metrics file as it was found. percent: the
    kinds of values that the history held in percent. left_out: fields of the history that the Lab has no place for.
    weights_parameters: counted in the weights file, BatchNorm's statistics left out.
    """

    name: str
    stage: str
    dataset: str
    split: str
    best_epoch: int
    best_val_f1: float
    stopped_early: bool | None
    reduction: int | None
    loss_type: str | None
    total_parameters: int | None
    trainable_parameters: int | None
    weights_parameters: int | None
    percent: tuple[str, ...]
    left_out: tuple[str, ...]
    files: tuple[SourceFile, ...]
    metrics: dict[str, Any]

    def settings(self) -> dict[str, Any]:
        """The settings that are known, by the dotted keys of a run spec; `loss_type` is the scripts' own word."""
        known = {"adapter.reduction": self.reduction, "loss_type": self.loss_type}
        return {key: value for key, value in known.items() if value is not None}


def read_imported(file: Path) -> Imported:
    """Raises RunError that names the file if it is missing or damaged."""
    try:
        return _ADAPTER.validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise RunError(f"{file}: not a readable record of an imported run: {error}") from error


_ADAPTER = TypeAdapter(Imported)
