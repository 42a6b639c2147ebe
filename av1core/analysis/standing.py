"""Where a project stands: the best experiment of each stage, and what was gained over the baseline."""

from dataclasses import dataclass

import pandas as pd

from av1core.analysis.comparisons import comparisons
from av1core.analysis.experiments import experiments
from av1core.analysis.selection import pinned
from av1core.analysis.tally import Tallies
from av1core.analysis.verdicts import Comparison
from av1core.partition import STAGES

ENOUGH = 6
"""Seeds beyond which more do not make an experiment count for more: the fewest that a verdict needs."""


@dataclass(frozen=True)
class Best:
    """The best experiment of a stage: mean val macro-F1 over seeds in %, with its 95 % interval; NaN for one seed."""

    stage: str
    experiment: str
    name: str
    origin: str
    seeds: int
    val_f1: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Gain:
    """What the best experiment of a stage gained over the baseline, as `comparisons` has it among all its variants.

    Holm's correction is over all of them: the best of many is better than a baseline by chance alone.
    """

    best: Best
    baseline: str
    comparison: Comparison


def best_of_stages(table: pd.DataFrame) -> list[Best]:
    """One entry a stage that has results, in the order of the hierarchy. table: rows of `results` of finished runs.

    Of each stage the experiments count that validated on the blocks that most of them did, and have most seeds.
    """
    found = (best_of(table[table["stage"] == stage]) for stage in STAGES)
    return [best for best in found if best is not None]


def best_of(table: pd.DataFrame) -> Best | None:
    """As `best_of_stages`, of rows of one stage; None where there are none."""
    rows = _comparable(table)
    if rows.empty:
        return None
    tried = rows[rows["seeds"] >= min(ENOUGH, rows["seeds"].max())]
    top = tried.loc[tried["val_f1"].idxmax()]
    return Best(
        top["stage"], top["experiment"], top["name"], top["origin"], int(top["seeds"]), top["val_f1"],
        top["val_f1_low"], top["val_f1_high"],
    )  # fmt: skip


def gain(table: pd.DataFrame, tallies: Tallies) -> Gain | None:
    """Of the best experiment over the baseline, the pinned one or that named Baseline, for rows of one stage.

    None where there are none, or where the baseline is the best.
    """
    best, rows = best_of(table), _comparable(table)
    if best is None:
        return None
    baseline = pinned(rows)
    if baseline == best.experiment:
        return None
    own = table[table["experiment"].isin(rows["experiment"])]
    of_runs = tallies(dict(zip(own["run"], own["dataset"], strict=True)))
    (found,) = (each for each in comparisons(rows, baseline, own, of_runs) if each.variant == best.experiment)
    return Gain(best, rows.set_index("experiment").loc[baseline, "name"], found)


def _comparable(table: pd.DataFrame) -> pd.DataFrame:
    """The experiments of a stage on the blocks that most of them validated on."""
    if table.empty:
        return table
    rows = experiments(table)
    return rows[rows["validation"].isin(rows["validation"].mode()[:1])].reset_index(drop=True)
