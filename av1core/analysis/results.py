"""One row a run: every figure is of that run's best epoch, F1 in %, gaps and deltas in pp."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import pandas as pd

from av1core.analysis.references import Reference
from av1core.analysis.reported import reported_comparison, reported_results
from av1core.partition import STAGES
from av1core.runs.index import RunIndex
from av1core.runs.records import DAMAGED, LIVE, MEASURED

REPORTED, REFERENCE = "reported", "reference"

RESULT_COLUMNS = (
    "run", "name", "origin", "stage", "seed", "train_f1", "val_f1", "gap", "train_f1_clean", "gap_clean", "train_loss",
    "val_loss", "best_epoch", "epochs", "delta", "trainable_parameters", "total_seconds", "state", "dataset", "split",
    "validation", "recipe", "experiment", "stage1_run", "created", "baseline", "weights", "spec",
)  # fmt: skip

_SAME = ["stage", "validation"]
_SHARES = ("train_f1", "train_f1_clean", "val_f1")


def results(index: RunIndex, stage: str | None = None) -> pd.DataFrame:
    """One row for every run that has finished an epoch, in order of creation; not for one whose files are damaged.

    gap = train − val F1 as the thesis computes it (train F1 while training, dropout on, as sampled); gap_clean is the
    same with train F1 in eval mode on the natural class mix. `delta` is empty until `with_delta`; `baseline` marks the
    pinned run of a stage, `weights` tells whether a run has those of its best epoch. What the files of an imported run
    do not say is missing.
    """
    best = index.best()
    best = best[best["state"] != DAMAGED].reset_index(drop=True)
    table = best.rename(columns={"epochs": "epochs_planned", "epochs_done": "epochs"})
    table[list(_SHARES)] = table[list(_SHARES)] * 100
    table["gap"] = table["train_f1"] - table["val_f1"]
    table["gap_clean"] = table["train_f1_clean"] - table["val_f1"]
    table["delta"] = float("nan")
    table = table[list(RESULT_COLUMNS)]
    return table if stage is None else table[table["stage"] == stage].reset_index(drop=True)


def with_delta(table: pd.DataFrame, baseline: str | None, key: str = "run") -> pd.DataFrame:
    """A copy whose `delta` is val F1 minus that of the row `baseline`, in pp, for rows of its stage and blocks.

    key: the column that `baseline` is of: run, or experiment. Others are validated on other blocks, and so may be those
    of an imported run whose dataset or split is unknown. A baseline that is None or not in the table leaves every delta
    empty.
    """
    table = table.copy()
    table["delta"] = float("nan")
    rows = table[table[key] == baseline]
    if baseline is not None and len(rows):
        reference = rows.iloc[0]
        comparable = (table[_SAME] == reference[_SAME]).all(axis=1)  # what is missing equals nothing
        table.loc[comparable, "delta"] = table.loc[comparable, "val_f1"] - reference["val_f1"]
    return table


def with_reported(table: pd.DataFrame, stage: str | None = None, study: str | None = None) -> pd.DataFrame:
    """The rows of runs or experiments, then the reported ones, whose deltas are to their own reported baselines.

    study: its key, to have only the rows that belong to it. DatasetError if the reported results cannot be read.
    """
    reported = reported_results(stage)
    compared = [reported_comparison(reported, name) for name in reported["experiment"]]
    reported = reported.rename(columns={"experiment": "name", "change": "changes"})
    reported = reported.assign(
        origin=REPORTED, state=reported["source"],
        verdict=[of and of.verdict for of in compared], reason=[of and of.reason for of in compared],
    )  # fmt: skip
    if study is not None:
        reported = reported[[study in keys.split() for keys in reported["study"].fillna("")]]
    return pd.concat([table, reported.reindex(columns=table.columns)], ignore_index=True)


def with_references(table: pd.DataFrame, stage: str, references: Mapping[str, Sequence[Reference]]) -> pd.DataFrame:
    """The rows of runs followed by the references of a stage, by what their runs validate on (`validation`).

    They are scored on the very blocks of those runs, so deltas to such a run hold: give them before `with_delta`.
    Train F1 is in eval mode on the natural mix, so only the like-for-like gap exists.
    """
    of_blocks = table.drop_duplicates("validation").set_index("validation")
    rows = [
        {
            "name": reference.name, "origin": REFERENCE, "stage": stage, "validation": validation,
            "dataset": of_blocks.loc[validation, "dataset"], "split": of_blocks.loc[validation, "split"],
            "val_f1": 100 * reference.val_f1, "train_f1_clean": 100 * reference.train_f1,
            "gap_clean": 100 * (reference.train_f1 - reference.val_f1),
            **{f"f1_{name}": 100 * f1 for name, f1 in zip(STAGES[stage].classes, reference.f1_per_class, strict=True)},
        }
        for validation, found in references.items()
        for reference in found
    ]  # fmt: skip
    if not rows:
        return table
    return pd.concat([table, pd.DataFrame(rows).reindex(columns=table.columns)], ignore_index=True)


def with_model(runs: pd.DataFrame | pd.Series) -> "pd.Series | bool":
    """Of rows of the index, of results or of the run table, or of one row: whether there is a model to look into."""
    return (runs["state"] == "finished") & (runs["origin"] == MEASURED) & runs["weights"]


def stage1_choices(runs: pd.DataFrame) -> dict[str, str]:
    """Labels of the Stage-1 runs that a later stage can start from: the pinned one, other finished ones, then those to
    wait for."""
    states = ["finished", *LIVE]
    rows = runs[(runs["stage"] == "stage1") & (runs["origin"] == MEASURED) & runs["state"].isin(states)]
    rows = rows.sort_values("baseline", ascending=False, kind="stable")
    rows = rows.sort_values("state", key=lambda state: state != "finished", kind="stable")
    labels = run_labels(rows)
    for row in rows[rows["state"] != "finished"].itertuples():
        labels[row.run] += f" ({row.state}: the new run waits for it)"
    return labels


def run_labels(runs: pd.DataFrame) -> dict[str, str]:
    """A short label for each run that tells it from every other: its name, and seed and start where names repeat."""
    started = pd.Series(
        [None if pd.isna(time) else f"{datetime.fromtimestamp(time):%d %b %H:%M:%S}" for time in runs["created"]],
        index=runs.index, dtype="string",
    )  # fmt: skip
    names = runs["name"]
    seeded = names + ", seed " + runs["seed"].astype("string").fillna("?")
    labels = names.where(~names.duplicated(keep=False), seeded)
    dated = seeded + ", " + started.fillna("?")
    labels = labels.where(~labels.duplicated(keep=False), dated)
    labels = labels.where(~labels.duplicated(keep=False), runs["run"])
    return dict(zip(runs["run"], labels, strict=True))
