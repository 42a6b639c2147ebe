"""What the thesis's scripts wrote about one run, its history and its metrics, read and checked against each other."""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from av1core.dataset.imports.pickles import load_pt
from av1core.errors import DatasetError, RunError

PERCENT_ABOVE = 1.5
"""A kind of share (F1, accuracy …) with any value above this is in percent in that file."""

ROUNDING = 5e-4
"""Shares of the two files may differ by this: a file may round to a tenth of a percent, and epochs differ by more."""

COLUMNS = {
    "train_loss": "train_loss",
    "train_f1": "train_f1",
    "train_acc": "train_accuracy",
    "val_loss": "val_loss",
    "val_f1": "val_f1",
    "val_acc": "val_accuracy",
    "val_precision": "val_precision",
    "val_recall": "val_recall",
}
"""The name in history.jsonl of each field of a thesis history; lr_NAME becomes learning_rates[NAME]."""

_SHARES = {
    "F1": ("train_f1", "val_f1"),
    "accuracy": ("train_acc", "val_acc"),
    "precision": ("val_precision",),
    "recall": ("val_recall",),
}


@dataclass(frozen=True)
class History:
    """records: the lines of history.jsonl; a value that was not written or is not finite is absent.

    percent: the kinds of shares that were in percent. left_out: fields that are none of these.
    """

    records: tuple[dict[str, Any], ...]
    percent: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def best(self) -> dict[str, Any]:
        """The record of the highest val_f1, the first of equals."""
        return max(self.records, key=lambda record: record["val_f1"])


def read_history(file: Path) -> History:
    """A dict of lists, one value an epoch, shares in [0, 1] or in percent.

    Raises RunError that names the file and the field: no val_f1, lists of different lengths, values that are no
    numbers, shares that fit neither scale. A pickle that asks for code is refused by name.
    """
    try:
        content = load_pt(file)
    except DatasetError as error:
        raise RunError(str(error)) from error
    if "val_f1" not in content:
        raise RunError(f"{file}: val_f1 is missing, and without it no epoch is the best; choose a history that has it.")
    taken = [key for key in content if key in COLUMNS or (isinstance(key, str) and key.startswith("lr"))]
    columns = {key: _numbers(file, key, content[key]) for key in taken}
    epochs = len(columns["val_f1"])
    for name, values in columns.items():
        if len(values) != epochs:
            raise RunError(f"{file}: {name} has {len(values)} values and val_f1 has {epochs}; they must be as many.")
    if not epochs:
        raise RunError(f"{file}: val_f1 is empty; the run finished no epoch.")
    percent = [kind for kind, names in _SHARES.items() if _to_shares(file, columns, names)]
    left_out = sorted(_text(key) for key in content if key not in columns)
    records = tuple(_record(columns, index) for index in range(epochs))
    return History(records, tuple(percent), tuple(left_out))


def read_metrics(file: Path) -> dict[str, Any]:
    """The JSON object as it is, NaN as text. Raises RunError that names the file."""
    try:
        values = json.loads(file.read_bytes(), parse_constant=str)
        json.dumps(values, allow_nan=False, ensure_ascii=False).encode()  # it is stored again
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"{file}: not a readable JSON file ({error}); copy it again or take it away.") from error
    if not isinstance(values, dict):
        raise RunError(f"{file}: metrics are a JSON object, and this is a {type(values).__name__}.")
    return values


def check_metrics(file: Path, metrics: dict[str, Any], history: History) -> None:
    """Raise RunError, naming file and field, if the metrics contradict the history beyond ROUNDING.

    A final F1 may be the last epoch's or the best's, and best_epoch may count from 0 or 1: scripts differ.
    `final_val_metrics` may be a new evaluation of the saved weights, which need not repeat the history.
    """
    best, last, epochs = history.best, history.records[-1], len(history.records)
    expected = {
        "best_f1": (best.get("val_f1"),),
        "best_val_f1": (best.get("val_f1"),),
        "final_val_f1": (last.get("val_f1"), best.get("val_f1")),
        "final_train_f1": (last.get("train_f1"), best.get("train_f1")),
    }
    for name, values in expected.items():
        known = [value for value in values if value is not None]
        if (value := number(file, metrics, name)) is None or not known:
            continue
        share = value / 100 if value > PERCENT_ABOVE else value
        if all(abs(share - each) > ROUNDING + 1e-9 for each in known):
            found = " or ".join(f"{each:.4f}" for each in dict.fromkeys(known))
            raise _contradiction(file, name, f"{value:g}", found)
    if (epoch := number(file, metrics, "best_epoch")) not in (None, best["epoch"], best["epoch"] - 1):
        raise _contradiction(file, "best_epoch", f"{epoch:g}", str(best["epoch"]))
    if (trained := number(file, metrics, "epochs_trained")) not in (None, epochs):
        raise _contradiction(file, "epochs_trained", f"{trained:g}", str(epochs))
    if (total := number(file, metrics, "total_epochs")) is not None and total < epochs:
        raise _contradiction(file, "total_epochs", f"{total:g}", str(epochs))


def number(file: Path, metrics: dict[str, Any], name: str) -> float | None:
    """A number of the metrics, None if it is not there. Raises RunError that names file and field."""
    value = metrics.get(name)
    try:
        return None if value is None else _number(value)
    except (TypeError, ValueError, OverflowError):
        raise RunError(f"{file}: {name} is {value!r} where a number is expected; correct it or take it out.") from None


def _contradiction(file: Path, name: str, found: str, expected: str) -> RunError:
    return RunError(
        f"{file}: {name} is {found}, but the history says {expected}. The two files are not of one run; "
        "put the right file beside the history, or take this one away."
    )


def _numbers(file: Path, name: str, values: Any) -> list[float]:
    try:
        if isinstance(values, str | bytes | dict):
            raise TypeError
        return [_number(value) for value in values]
    except (TypeError, ValueError, RuntimeError, OverflowError):
        raise RunError(f"{file}: {name} is not a list of numbers, one an epoch.") from None


def _number(value: Any) -> float:
    """Of a Python number, a numpy scalar or a tensor of one element."""
    value = value.item() if hasattr(value, "item") else value
    if type(value) not in (int, float):
        raise TypeError
    return float(value)


def _to_shares(file: Path, columns: dict[str, list[float]], names: Iterable[str]) -> bool:
    """Bring the named columns to [0, 1], in place; whether they were in percent."""
    present = [name for name in names if name in columns]
    values = (value for name in present for value in columns[name])
    in_percent = any(PERCENT_ABOVE < value < math.inf for value in values)
    for name in present:
        shares = [value / 100 if in_percent else value for value in columns[name]]
        for epoch, share in enumerate(shares, 1):
            # A value that is not finite stays out of the record, but without val_f1 an epoch cannot be compared.
            if not -1e-6 <= share <= 1 + 1e-6 and (math.isfinite(share) or name == "val_f1"):
                raise RunError(f"{file}: {name} of epoch {epoch} is {columns[name][epoch - 1]:g}, which is no share.")
        columns[name] = [min(max(share, 0.0), 1.0) if math.isfinite(share) else share for share in shares]
    return in_percent


def _record(columns: dict[str, list[float]], index: int) -> dict[str, Any]:
    here = {name: values[index] for name, values in columns.items() if math.isfinite(values[index])}
    rates = {name[3:] or "all": value for name, value in here.items() if name not in COLUMNS}
    values = {COLUMNS[name]: value for name, value in here.items() if name in COLUMNS}
    return {"epoch": index + 1} | values | ({"learning_rates": rates} if rates else {})


def _text(key: Any) -> str:
    return str(key).encode(errors="replace").decode()
