"""Curves over training: each seed's, and the mean and band over the seeds of an experiment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from av1core.analysis.experiments import one_run_a_seed
from av1core.analysis.statistics import mean_intervals
from av1core.runs.index import RunIndex
from av1core.translation import message

Along = Literal["epoch", "time", "blocks"]
Band = Literal["range", "interval"]

X_TITLES: dict[Along, str] = {
    "epoch": message("Epoch"),
    "time": message("Training time (min)"),
    "blocks": message("Training blocks seen"),
}
BANDS: dict[Band, str] = {
    "range": message("lowest to highest seed"),
    "interval": message("95 % interval of the mean"),
}
METRICS = ("val_f1", "train_f1", "train_f1_clean", "gap", "gap_clean", "val_loss", "train_loss")
"""F1 in %, gaps in pp."""


@dataclass(frozen=True, eq=False)
class Curves:
    """What curve figures draw.

    seeds: a row a run and epoch: experiment, run, seed, epoch, x, best (whether it is the run's best epoch), and
    METRICS. means: a row an experiment and epoch that all its seeds reached, since a mean over fewer and fewer seeds
    would follow whichever stopped last: experiment, epoch, x, seeds (how many), and for each metric m its mean m and
    band m_low, m_high; without a band (NaN) for one seed. x_title: what x is, with its unit.
    """

    seeds: pd.DataFrame
    means: pd.DataFrame
    x_title: str


def curves(
    index: RunIndex, table: pd.DataFrame, along: Along = "epoch", band: Band = "range", smoothing: int = 1
) -> Curves:
    """The curves of rows of `results`, of any experiments.

    along: what x is, see X_TITLES; at an epoch, time and blocks are the mean over the seeds. smoothing: epochs of a
    centred moving mean of each seed's metrics, 1 for none; the best epochs are always those of the values as measured.
    """
    once = one_run_a_seed(table)
    epochs = index.query(
        """SELECT run, epochs.epoch, 100 * val_f1 AS val_f1, 100 * train_f1 AS train_f1,
            100 * train_f1_clean AS train_f1_clean, 100 * (train_f1 - val_f1) AS gap,
            100 * (train_f1_clean - val_f1) AS gap_clean, val_loss, train_loss,
            sum(seconds) OVER run_until / 60 AS time,
            sum(epoch_blocks) OVER run_until AS blocks
        FROM epochs JOIN runs USING (run) WHERE run IN (SELECT unnest(?::VARCHAR[]))
        WINDOW run_until AS (PARTITION BY run ORDER BY epochs.epoch)
        ORDER BY epochs.epoch""",
        [list(once["run"])],
    )
    seeds = once[["run", "experiment", "seed", "best_epoch"]].merge(epochs, on="run")
    seeds["best"] = seeds["epoch"] == seeds["best_epoch"]
    seeds["x"] = seeds[along].astype(float)
    if smoothing > 1:
        rolled = seeds.groupby("run", sort=False)[list(METRICS)].rolling(smoothing, center=True, min_periods=1).mean()
        seeds[list(METRICS)] = rolled.reset_index(level=0, drop=True)
    seeds = seeds[["experiment", "run", "seed", "epoch", "x", "best", *METRICS]]
    return Curves(seeds, _means(seeds, band), X_TITLES[along])


def others(index: RunIndex, table: pd.DataFrame, along: Along = "epoch", most: int = 40) -> pd.DataFrame:
    """Mean val F1 in % over the seeds of rows of `results`, to be drawn behind what was chosen: experiment, epoch, x,
    val_f1, at the epochs that all seeds of an experiment reached.

    along: as in `curves`. most: of the experiments those with the highest val F1 at their best epochs, the best first.
    """
    once = one_run_a_seed(table)
    best = once.groupby("experiment", sort=False)["val_f1"].mean().sort_values(ascending=False, kind="stable")
    once = once[once["experiment"].isin(best.index[:most])]
    return index.query(
        f"""WITH chosen AS (SELECT unnest(?) AS run, unnest(?) AS experiment, unnest(?) AS place),
        along AS (
            SELECT chosen.experiment, place, epochs.epoch, val_f1, sum(seconds) OVER run_until / 60 AS time,
                sum(epoch_blocks) OVER run_until AS blocks
            FROM epochs JOIN runs USING (run) JOIN chosen USING (run)
            WINDOW run_until AS (PARTITION BY run ORDER BY epochs.epoch)
        )
        SELECT experiment, epoch, CAST(avg({along}) AS DOUBLE) AS x, 100 * avg(val_f1) AS val_f1
        FROM along GROUP BY experiment, place, epoch
        HAVING count(*) = (SELECT count(*) FROM chosen WHERE chosen.experiment = along.experiment)
        ORDER BY place, epoch""",
        [list(once["run"]), list(once["experiment"]), [best.index.get_loc(key) for key in once["experiment"]]],
    )


def learning_rates(index: RunIndex, table: pd.DataFrame, along: Along = "epoch") -> pd.DataFrame:
    """Learning rates of rows of `results`, by part of the model: experiment, part, epoch, x, rate (mean over seeds)."""
    found = curves(index, table, along).means[["experiment", "epoch", "x"]]
    once = one_run_a_seed(table)
    rates = index.query(
        """SELECT run, epoch, unnest(map_keys(learning_rates)) AS part, unnest(map_values(learning_rates)) AS rate
        FROM epochs WHERE run IN (SELECT unnest(?::VARCHAR[])) ORDER BY epoch""",
        [list(once["run"])],
    )
    rates = once[["run", "experiment"]].merge(rates, on="run")
    means = rates.groupby(["experiment", "part", "epoch"], sort=False)["rate"].mean().reset_index()
    return means.merge(found, on=["experiment", "epoch"])[["experiment", "part", "epoch", "x", "rate"]]


def class_f1(index: RunIndex, table: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """F1 in % of each class at the best epochs, of rows of `results` of one stage: run, experiment, class, f1.

    classes: the stage's, in its order. A run whose history does not tell them has no rows.
    """
    once = one_run_a_seed(table)
    values = index.query(
        """SELECT run, unnest(val_f1_per_class) * 100 AS f1, generate_subscripts(val_f1_per_class, 1) AS place
        FROM epochs JOIN (SELECT unnest(?::VARCHAR[]) AS run, unnest(?::BIGINT[]) AS epoch) USING (run, epoch)""",
        [list(once["run"]), once["best_epoch"].astype(int).tolist()],
    )
    values["class"] = [classes[place - 1] for place in values["place"]]
    values = once[["run", "experiment"]].merge(values, on="run")
    return values.sort_values("place", kind="stable")[["run", "experiment", "class", "f1"]].reset_index(drop=True)


def class_means(values: pd.DataFrame) -> pd.DataFrame:
    """`class_f1` over seeds, in %: experiment, class, f1 (mean), low, high (95 % t interval; missing for one seed)."""
    grouped = values.groupby(["experiment", "class"], sort=False)["f1"]
    table = grouped.agg(["mean", "std", "size"]).reset_index()
    low, high = mean_intervals(*(table[name].to_numpy(float) for name in ("mean", "std", "size")))
    return pd.DataFrame(
        {"experiment": table["experiment"], "class": table["class"], "f1": table["mean"], "low": low, "high": high}
    )


def with_class_f1(
    table: pd.DataFrame, values: pd.DataFrame, key: Literal["run", "experiment"], classes: Sequence[str]
) -> pd.DataFrame:
    """A copy of a table of runs or experiments with a column f1_CLASS for each class, the mean of `class_f1` in %.

    The columns are those of `tables.CLASS_F1`.
    """
    wide = values.pivot_table("f1", key, "class").reindex(index=table[key], columns=list(classes))
    return table.assign(**{f"f1_{name}": wide[name].to_numpy(float) for name in classes})


def _means(seeds: pd.DataFrame, band: Band) -> pd.DataFrame:
    runs = seeds.groupby("experiment", sort=False)["run"].nunique()
    grouped = seeds.groupby(["experiment", "epoch"], sort=False)
    count = grouped.size()
    means = grouped[["x", *METRICS]].mean()
    if band == "range":
        low, high = grouped[list(METRICS)].min(), grouped[list(METRICS)].max()
    else:
        std = grouped[list(METRICS)].std()
        parts = means[list(METRICS)].to_numpy(), std.to_numpy(), np.repeat(count.to_numpy()[:, None], len(METRICS), 1)
        low, high = (pd.DataFrame(each, std.index, std.columns) for each in mean_intervals(*parts))
    single = count.to_numpy() < 2
    for metric in METRICS:
        means[f"{metric}_low"] = low[metric].mask(single)
        means[f"{metric}_high"] = high[metric].mask(single)
    means["seeds"] = count
    means = means.reset_index()
    return means[means["seeds"].to_numpy() == means["experiment"].map(runs).to_numpy()].reset_index(drop=True)
