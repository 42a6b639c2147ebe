"""Tables that compare runs. Every figure of a row is of that run's best epoch; F1 in %, gaps and deltas in pp."""

import json
from collections.abc import Mapping, Sequence

import pandas as pd

from av1core.analysis.references import Reference
from av1core.analysis.reported import reported_results
from av1core.runs.index import RunIndex
from av1core.runs.records import LIVE, MEASURED, UNKNOWN
from av1core.training.spec import leaves

REPORTED, REFERENCE = "reported", "reference"

RESULT_COLUMNS = (
    "run", "name", "origin", "stage", "seed", "train_f1", "val_f1", "gap", "train_f1_clean", "gap_clean", "train_loss",
    "val_loss", "best_epoch", "epochs", "delta", "trainable_parameters", "total_seconds", "state", "dataset", "split",
    "experiment", "baseline", "spec",
)  # fmt: skip

_SAME = ("stage", "dataset", "split")
_SHARES = ("train_f1", "train_f1_clean", "val_f1")


def results(index: RunIndex, stage: str | None = None) -> pd.DataFrame:
    """One row for every run that has finished an epoch, in order of creation.

    gap = train − val F1 as the thesis computes it (train F1 while training, dropout on, as sampled); gap_clean is the
    same with train F1 in eval mode on the natural class mix. `delta` is empty until `with_delta`; `baseline` marks the
    pinned run of a stage. What the files of an imported run do not say is missing.
    """
    best = index.best()
    table = best.rename(columns={"epochs": "epochs_planned", "epochs_done": "epochs"})
    table[list(_SHARES)] = table[list(_SHARES)] * 100
    table["gap"] = table["train_f1"] - table["val_f1"]
    table["gap_clean"] = table["train_f1_clean"] - table["val_f1"]
    table["delta"] = float("nan")
    table = table[list(RESULT_COLUMNS)]
    return table if stage is None else table[table["stage"] == stage].reset_index(drop=True)


def with_delta(table: pd.DataFrame, baseline: str | None) -> pd.DataFrame:
    """A copy whose `delta` is val F1 minus that of the run `baseline`, in pp, for runs of its stage, dataset and split.

    Others are validated on other blocks, and so may be those of an imported run whose dataset or split is unknown. A
    baseline that is None or not in the table leaves every delta empty.
    """
    table = table.copy()
    table["delta"] = float("nan")
    rows = table[table["run"] == baseline]
    if baseline is not None and len(rows):
        reference = rows.iloc[0]
        same = table[list(_SAME)].fillna("")  # the split is noted when the training begins
        comparable = ((same == same.loc[rows.index[0]]) & (same != UNKNOWN)).all(axis=1)
        table.loc[comparable, "delta"] = table.loc[comparable, "val_f1"] - reference["val_f1"]
    return table


def with_reported(table: pd.DataFrame, stage: str | None = None) -> pd.DataFrame:
    """The rows of runs followed by the reported ones, whose deltas are to their own reported baselines."""
    reported = reported_results(stage).rename(columns={"experiment": "name"})
    reported = reported.assign(origin=REPORTED, state=reported["source"])
    return pd.concat([table, reported.reindex(columns=table.columns)], ignore_index=True)


def with_references(
    table: pd.DataFrame, stage: str, references: Mapping[tuple[str, str], Sequence[Reference]]
) -> pd.DataFrame:
    """The rows of runs followed by the references of a stage, by dataset and split.

    They are scored on the blocks that the runs of their dataset and split validate on, so deltas to such a run hold:
    give them before `with_delta`. Train F1 is in eval mode on the natural mix, so only the like-for-like gap exists.
    """
    rows = [
        {
            "name": reference.name, "origin": REFERENCE, "stage": stage, "dataset": dataset, "split": split,
            "val_f1": 100 * reference.val_f1, "train_f1_clean": 100 * reference.train_f1,
            "gap_clean": 100 * (reference.train_f1 - reference.val_f1),
        }
        for (dataset, split), found in references.items()
        for reference in found
    ]  # fmt: skip
    if not rows:
        return table
    return pd.concat([table, pd.DataFrame(rows).reindex(columns=table.columns)], ignore_index=True)


def configurations(table: pd.DataFrame) -> pd.DataFrame:
    """One row a configuration (all seeds of one spec): number of seeds, and means over them.

    table: of `results`, any stages. `val_f1_std` is the standard deviation over seeds (n − 1), empty for one seed;
    `changes` names the settings in which the configurations of a stage differ, with this one's values; `baseline` marks
    that of the pinned run.
    """
    grouped = table.groupby("experiment", sort=False)
    means = grouped[
        [
            "train_f1",
            "val_f1",
            "gap",
            "train_f1_clean",
            "gap_clean",
            "val_loss",
            "best_epoch",
            "epochs",
            "total_seconds",
        ]
    ].mean()
    firsts = grouped[["name", "origin", "stage", "dataset", "split", "trainable_parameters", "spec"]].first()
    result = firsts.join(means)
    result["seeds"] = grouped["seed"].nunique(dropna=False)  # a seed that is not known is one too
    result["val_f1_std"] = grouped["val_f1"].std()
    result["baseline"] = grouped["baseline"].any()
    result = result.reset_index()
    result["changes"] = _changes(result)
    return result


def with_configuration_delta(table: pd.DataFrame, baseline: str | None) -> pd.DataFrame:
    """As `with_delta`, for a table of `configurations` and the experiment hash of its baseline."""
    return with_delta(table.assign(run=table["experiment"]), baseline).drop(columns="run")


def differing_settings(specs: list[str]) -> dict[str, list]:
    """The settings in which specs differ, by dotted key, with one value a spec; name and seed are left out.

    specs: JSON, as in the index. A setting that an imported run does not tell is `unknown`, and differs from nothing.
    """
    settings = [leaves(json.loads(spec)) for spec in specs]
    keys = dict.fromkeys(key for setting in settings for key in setting if key not in ("name", "seed"))
    values = {key: [setting.get(key, UNKNOWN) for setting in settings] for key in keys}
    known = {key: [value for value in column if value != UNKNOWN] for key, column in values.items()}
    return {key: values[key] for key, column in known.items() if any(value != column[0] for value in column)}


def _changes(configurations: pd.DataFrame) -> list[str]:
    changes = pd.Series("", index=configurations.index)
    for _, group in configurations.groupby("stage"):
        differing = differing_settings(list(group["spec"]))
        for position, row in enumerate(group.index):
            changes[row] = ", ".join(f"{key} = {column[position]}" for key, column in differing.items())
    return changes.tolist()


def stage1_choices(runs: pd.DataFrame) -> dict[str, str]:
    """Labels of the Stage-1 runs that a later stage can start from: the finished ones, then those to wait for."""
    states = ["finished", *LIVE]
    rows = runs[(runs["stage"] == "stage1") & (runs["origin"] == MEASURED) & runs["state"].isin(states)]
    rows = rows.sort_values("state", key=lambda state: state != "finished", kind="stable")
    labels = run_labels(rows)
    for row in rows[rows["state"] != "finished"].itertuples():
        labels[row.run] += f" ({row.state}: the new run waits for it)"
    return labels


def run_labels(runs: pd.DataFrame) -> dict[str, str]:
    """A short label for each run that tells it from every other: its name, and seed and start where names repeat."""
    started = pd.to_datetime(runs["created"], unit="s").dt.strftime("%d %b %H:%M:%S")
    names = runs["name"]
    seeded = names + ", seed " + runs["seed"].astype("string").fillna("?")
    labels = names.where(~names.duplicated(keep=False), seeded)
    dated = seeded + ", " + started.fillna("?")
    labels = labels.where(~labels.duplicated(keep=False), dated)
    labels = labels.where(~labels.duplicated(keep=False), runs["run"])
    return dict(zip(runs["run"], labels, strict=True))
