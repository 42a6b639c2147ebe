"""Results that were reported elsewhere, shipped as data/reported_results.csv and always marked as reported."""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from av1core.analysis.verdicts import Comparison, Measured, compare
from av1core.errors import DatasetError, said
from av1core.translation import message

REPORTED_FILE = Path(__file__).parents[2] / "data" / "reported_results.csv"

COLUMNS = (
    "experiment", "stage", "study", "source", "dataset", "change", "reported_baseline", "reduction", "batchnorm",
    "seeds", "train_f1", "val_f1", "train_loss", "val_loss", "best_epoch", "epochs", "decision",
)  # fmt: skip


def reported_results(stage: str | None = None, file: Path = REPORTED_FILE) -> pd.DataFrame:
    """The reported rows, of one stage or all; F1 and gap in %, `delta` in pp to each row's own reported baseline.

    study: keys of the ready-made studies that a row belongs to, separated by spaces. decision: "keep" or "discard";
    that of Exp 02 follows from Exp 03, which goes back to γ = 4. A figure that was not reported is missing (NaN).
    Raises DatasetError if the file is missing or damaged.
    """
    try:
        table = pd.read_csv(file)
    except (OSError, ValueError) as error:
        raise DatasetError(
            message("{file}: the reported results cannot be read ({error}).", file=file, error=said(error))
        ) from error
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise DatasetError(message("{file}: the column {missing} is missing.", file=file, missing=missing[0]))
    table["gap"] = (table["train_f1"] - table["val_f1"]).round(2)
    baselines = table.set_index("experiment")["val_f1"]
    table["delta"] = (table["val_f1"] - table["reported_baseline"].map(baselines)).round(2)
    return table if stage is None else table[table["stage"] == stage].reset_index(drop=True)


def reported_comparison(reported: pd.DataFrame, experiment: str) -> Comparison | None:
    """A reported experiment against its reported baseline, by the rules of every verdict: nothing but one seed of each.

    reported: of `reported_results`. None where it is no row, or one that names no baseline.
    """
    rows = reported.set_index("experiment")
    if experiment not in rows.index or rows["reported_baseline"].isna()[experiment]:
        return None
    pair = (rows["reported_baseline"][experiment], experiment)
    baseline, variant = (
        Measured(name, {0: rows["val_f1"][name]}, {}, lacking="Its predictions were not reported.") for name in pair
    )
    (comparison,) = compare(baseline, [variant])
    return replace(comparison, delta=rows["delta"][experiment])  # of two figures, rounded as they are


def cumulative_gain(reported: pd.DataFrame, baseline: str = "Baseline") -> float:
    """What the kept changes gained over a baseline, in pp of val F1: the sum of their Δ, each to what was kept before.

    reported: of `reported_results`. A change that was tried on something else than what was kept then has no part.
    """
    kept, gain = baseline, 0.0
    for row in reported[reported["decision"] == "keep"].itertuples():
        if row.reported_baseline == kept:
            kept, gain = row.experiment, gain + row.delta
    return round(gain, 2)
