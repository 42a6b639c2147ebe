"""Results that were reported elsewhere, shipped as data/reported_results.csv and always marked as reported."""

from pathlib import Path

import pandas as pd

from av1core.errors import DatasetError

REPORTED_FILE = Path(__file__).parents[2] / "data" / "reported_results.csv"

COLUMNS = (
    "experiment", "stage", "source", "dataset", "change", "reported_baseline", "reduction", "batchnorm", "seeds",
    "train_f1", "val_f1", "train_loss", "val_loss", "best_epoch", "epochs",
)  # fmt: skip


def reported_results(stage: str | None = None, file: Path = REPORTED_FILE) -> pd.DataFrame:
    """The reported rows, of one stage or all; F1 and gap in %, `delta` in pp to each row's own reported baseline.

    A figure that was not reported is missing (NaN). Raises DatasetError if the file is missing or damaged.
    """
    try:
        table = pd.read_csv(file)
    except (OSError, ValueError) as error:
        raise DatasetError(f"{file}: the reported results cannot be read ({error}).") from error
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise DatasetError(f"{file}: the column {missing[0]} is missing.")
    table["gap"] = (table["train_f1"] - table["val_f1"]).round(2)
    baselines = table.set_index("experiment")["val_f1"]
    table["delta"] = (table["val_f1"] - table["reported_baseline"].map(baselines)).round(2)
    return table if stage is None else table[table["stage"] == stage].reset_index(drop=True)
