"""How far a live run is and how long it can still take, and which ended last, from their rows in the index."""

import math
from typing import Any

import pandas as pd

from av1core.runs.records import LIVE


def ended_last(runs: pd.DataFrame) -> pd.DataFrame:
    """The rows of runs that do not wait or train, the one that ended last first; those of unknown time at the end."""
    return runs[~runs["state"].isin(LIVE)].sort_values("ended", ascending=False, na_position="last", kind="stable")


def fraction_done(row: Any) -> float:
    """Share of the planned epochs that is trained, in [0, 1]; early stopping can end a run before 1."""
    within = row.step / row.steps if row.steps else 0.0
    return min(1.0, (row.epoch + within) / row.epochs) if row.epochs else 0.0


def seconds_left(row: Any, epoch_seconds: float | None, batch_size: int) -> float | None:
    """At most this long until the last planned epoch; None before anything was measured.

    epoch_seconds: mean of the finished epochs, None before the first; then the speed of this epoch's batches tells.
    batch_size: blocks a step.
    """
    if not row.epochs:
        return None
    if epoch_seconds is None:
        if not row.samples_per_second or not row.steps:
            return None
        epoch_seconds = row.steps * batch_size / row.samples_per_second
    return (1 - fraction_done(row)) * row.epochs * epoch_seconds


def duration(seconds: float | None) -> str:
    """Such as "45 s", "3 min 20 s", "2 h 05 min"; "–" if unknown."""
    if seconds is None or math.isnan(seconds):
        return "–"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
