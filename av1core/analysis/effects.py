"""What each factor of a sweep did, averaged over whatever else varied: main effects, and rows for parallel coordinates.

Only experiments of one stage that validated on the same blocks are put together. F1 in %.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd

from av1core.analysis.experiments import differing_settings
from av1core.analysis.statistics import mean_intervals
from av1core.runs.records import MEASURED
from av1core.training.spec import leaves
from av1core.training.sweep import value_text


@dataclass(frozen=True, eq=False)
class MainEffects:
    """table: a row a level of a factor, levels ascending: factor, level (text), f1 (mean of the experiments' val F1),
    low, high (95 % t interval of that mean over experiments; missing for one), experiments (how many).

    balanced: whether every combination of levels has as many experiments as every other. If not, a factor's means also
    differ by what the others happened to be.
    """

    table: pd.DataFrame
    balanced: bool


def beside(table: pd.DataFrame, stage: str, validation: str | None) -> pd.DataFrame:
    """The measured experiments of a table of `experiments` that can be put together: of a stage, on the same blocks."""
    same = (table["stage"] == stage) & (table["validation"] == validation) & (table["origin"] == MEASURED)
    return table[same].reset_index(drop=True)


def varied(table: pd.DataFrame) -> dict[str, int]:
    """Dotted keys of the settings in which experiments differ, in the spec's order, with their number of levels."""
    return {key: len(set(map(value_text, values))) for key, values in differing_settings(list(table["spec"])).items()}


def main_effects(table: pd.DataFrame, factors: Sequence[str]) -> MainEffects:
    """Of a table of `beside`; factors: dotted keys out of `varied`."""
    values = _values(table, factors)
    rows = []
    for factor in factors:
        for level in _ascending(values[factor]):
            f1 = table["val_f1"][[value_text(value) == value_text(level) for value in values[factor]]]
            rows.append((factor, value_text(level), f1.mean(), f1.std(), len(f1)))
    found = pd.DataFrame(rows, columns=["factor", "level", "f1", "std", "experiments"])
    found["low"], found["high"] = mean_intervals(
        found["f1"].to_numpy(float), found["std"].to_numpy(float), found["experiments"].to_numpy(int)
    )
    return MainEffects(found[["factor", "level", "f1", "low", "high", "experiments"]], _balanced(values))


def sweep_rows(table: pd.DataFrame, factors: Sequence[str]) -> pd.DataFrame:
    """A row an experiment: a column for each factor, numbers as they are and all else as text, and val_f1."""
    columns = {
        factor: pd.Series([value if _is_number(value) else value_text(value) for value in values], dtype=object)
        for factor, values in _values(table, factors).items()
    }
    numeric = {factor for factor, values in columns.items() if all(map(_is_number, values))}
    rows = pd.DataFrame({name: values.astype(float) if name in numeric else values for name, values in columns.items()})
    return rows.assign(val_f1=table["val_f1"].to_numpy(float))


def _values(table: pd.DataFrame, factors: Sequence[str]) -> dict[str, list[Any]]:
    settings = [leaves(json.loads(spec)) for spec in table["spec"]]
    return {factor: [setting.get(factor) for setting in settings] for factor in factors}


def _ascending(values: Sequence[Any]) -> list[Any]:
    levels = list({value_text(value): value for value in values}.values())
    return sorted(levels, key=lambda level: (not _is_number(level), level if _is_number(level) else value_text(level)))


def _is_number(value: Any) -> bool:
    return isinstance(value, Number) and not isinstance(value, bool | np.bool_)


def _balanced(values: dict[str, list[Any]]) -> bool:
    texts = [tuple(map(value_text, row)) for row in zip(*values.values(), strict=True)]
    cells = pd.Series(texts, dtype=object).value_counts()
    combinations = prod(len(set(map(value_text, column))) for column in values.values())
    return len(cells) == combinations and cells.nunique() <= 1
