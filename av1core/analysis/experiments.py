"""One row an experiment: all seeds of one recipe that validated on the same blocks. F1 in %, gaps and deltas in pp.

Every figure is the mean of the values that its runs have at their own best epochs. A run that was repeated with its
seed says nothing new, as it only comes out the same, and is counted once.
"""

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from av1core.analysis.statistics import mean_intervals
from av1core.runs.records import UNKNOWN
from av1core.training.spec import leaves

_MEANS = [
    "train_f1", "val_f1", "gap", "train_f1_clean", "gap_clean", "train_loss", "val_loss", "best_epoch", "epochs",
    "total_seconds",
]  # fmt: skip
_FIRSTS = [
    "name", "origin", "stage", "dataset", "split", "validation", "recipe", "stage1_run", "created",
    "trainable_parameters", "spec",
]  # fmt: skip


def one_run_a_seed(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of `results`, in any order, without those that repeat a seed of their experiment: the oldest stays."""
    repeated = table.sort_values(["created", "run"]).duplicated(["experiment", "seed"])
    return table[~repeated.reindex(table.index)]


def each_run_alone(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of `results` as experiments of one run each, to compare single runs by the same means."""
    return table.assign(experiment=table["run"])


def settled(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of `results` that experiments are read from: the finished runs, and of an experiment without any, all.

    A mean over finished and half-trained runs would be of neither.
    """
    finished = table["state"] == "finished"
    return table[finished | ~table["experiment"].isin(table["experiment"][finished])]


def experiments(table: pd.DataFrame) -> pd.DataFrame:
    """One row an experiment of a table of `results`, in order of their first runs.

    Columns: those of `results` that its runs share; the means of the others; runs (their ids, by seed) and seeds (how
    many); repeats (runs left out as they repeat a seed); val_f1_std (over seeds, n − 1), val_f1_low and val_f1_high
    (95 % t interval of the mean), all three missing for one seed; baseline (whether one of its runs is pinned); delta,
    missing; changes (the settings in which the experiments of a stage differ, with this one's values).
    """
    once = one_run_a_seed(table)
    grouped = once.sort_values("seed", kind="stable").groupby("experiment", sort=False)
    result = grouped[_FIRSTS].first().join(grouped[_MEANS].mean())
    result["runs"] = grouped["run"].agg(list)
    result["seeds"] = grouped.size()
    result["val_f1_std"] = grouped["val_f1"].std()
    result["val_f1_low"], result["val_f1_high"] = mean_intervals(
        result["val_f1"].to_numpy(float), result["val_f1_std"].to_numpy(float), result["seeds"].to_numpy(int)
    )
    every = table.groupby("experiment", sort=False)
    result["repeats"] = every.size() - result["seeds"]
    result["baseline"] = every["baseline"].any()
    result["delta"] = np.nan
    result = result.loc[list(every.groups)].reset_index(names="experiment")
    result["changes"] = changes(result)
    return result


def experiment_labels(table: pd.DataFrame) -> dict[str, str]:
    """A label for each experiment that tells it from every other: its name, and its key where names repeat."""
    repeated = table["name"].duplicated(keep=False)
    labels = table["name"].where(~repeated, table["name"] + " · " + table["experiment"])
    return dict(zip(table["experiment"], labels, strict=True))


def differing_settings(specs: Sequence[str]) -> dict[str, list]:
    """The settings in which specs differ, by dotted key, with one value a spec; name and seed are left out.

    specs: JSON, as in the index. A setting that an imported run does not tell is `unknown`, and differs from nothing.
    """
    settings = [leaves(json.loads(spec)) for spec in specs]
    keys = dict.fromkeys(key for setting in settings for key in setting if key not in ("name", "seed"))
    values = {key: [setting.get(key, UNKNOWN) for setting in settings] for key in keys}
    known = {key: [value for value in column if value != UNKNOWN] for key, column in values.items()}
    return {key: values[key] for key, column in known.items() if any(value != column[0] for value in column)}


def settings(specs: Mapping[str, str], differing: bool = True) -> pd.DataFrame:
    """A row a setting, as text: column setting, its dotted key, and one by each key of `specs`, which are JSON.

    differing: only the settings in which they differ, as `differing_settings` finds them; else all. Name and seed are
    left out, and what a spec does not have is `unknown`.
    """
    if differing:
        values = differing_settings(list(specs.values()))
    else:
        found = [leaves(json.loads(spec)) for spec in specs.values()]
        every = dict.fromkeys(name for each in found for name in each if name not in ("name", "seed"))
        values = {name: [each.get(name, UNKNOWN) for each in found] for name in every}
    rows = [{"setting": name, **dict(zip(specs, map(str, row), strict=True))} for name, row in values.items()]
    return pd.DataFrame(rows, columns=["setting", *specs])


def changes(table: pd.DataFrame) -> list[str]:
    """For each row of a table of experiments the settings in which those of its stage differ, with its own values."""
    found = pd.Series("", index=table.index)
    for _, group in table.groupby("stage"):
        differing = differing_settings(list(group["spec"]))
        for position, row in enumerate(group.index):
            found[row] = ", ".join(f"{key} = {column[position]}" for key, column in differing.items())
    return found.tolist()
