"""Experiments against one of them: what verdicts rest on, and tables that have them. Gaps and deltas in pp."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from av1core.analysis.experiments import one_run_a_seed
from av1core.analysis.references import Reference
from av1core.analysis.results import with_delta, with_references, with_reported
from av1core.analysis.statistics import MARGIN
from av1core.analysis.tally import Tally
from av1core.analysis.verdicts import Comparison, Measured, compare
from av1core.errors import LabError


def measured(runs: pd.DataFrame, tallies: Mapping[str, Tally | LabError]) -> Measured:
    """What a verdict rests on: rows of `results` of one experiment; by run its tally, or why there is none."""
    once = one_run_a_seed(runs)
    of_run = {run: run if pd.isna(seed) else int(seed) for run, seed in zip(once["run"], once["seed"], strict=True)}
    units = {run: tally.units() for run, tally in tallies.items() if run in of_run and isinstance(tally, Tally)}
    lacking = [str(tallies[run]) for run in of_run if isinstance(tallies.get(run), LabError)]
    return Measured(
        experiment=once["experiment"].iloc[0],
        val_f1={of_run[run]: value for run, value in zip(once["run"], once["val_f1"], strict=True)},
        confusion={of_run[run]: each.confusion for run, each in units.items()},
        unit=next(iter(units.values())).kind if units else "source",
        lacking=lacking[0] if lacking else "" if units else "There are no stored predictions.",
    )


def comparisons(
    table: pd.DataFrame,
    baseline: str,
    runs: pd.DataFrame,
    tallies: Mapping[str, Tally | LabError],
    margin: float = MARGIN,
) -> list[Comparison]:
    """Verdicts of the experiments of a table against one of them, its key; of those that validated on its blocks.

    table: of `experiments`. runs: rows of `results` of all their runs. tallies: by run, as `tally.tallies` reads them.
    margin: of equivalence, in pp. Rows of the table that are no experiments, such as references, are passed over.
    """
    own = table[table["experiment"] == baseline].iloc[0]
    beside = (table["validation"] == own["validation"]) & (table["stage"] == own["stage"])
    variants = table["experiment"][beside & (table["experiment"] != baseline)].dropna()
    of_experiment = dict(iter(runs.groupby("experiment", sort=False)))
    return compare(
        measured(of_experiment[baseline], tallies),
        [measured(of_experiment[variant], tallies) for variant in variants],
        margin,
    )


def with_verdicts(table: pd.DataFrame, comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """A copy of a table of `experiments` with what was compared: columns pairs, delta, delta_low, delta_high (over
    paired seeds), p_adjusted, needed (seeds), verdict and reason. The baseline's own row has a delta of 0 and no
    verdict; the delta of a row that was not compared stays."""
    by_variant = {each.variant: each for each in comparisons}
    baselines = {each.baseline for each in comparisons}
    found = [by_variant.get(key) for key in table["experiment"]]
    own = table["experiment"].isin(baselines).to_numpy()

    def column(value, missing=np.nan) -> list:
        return [missing if each is None else value(each) for each in found]

    delta = pd.Series(column(lambda each: each.delta), table.index, float)
    return table.assign(
        pairs=column(lambda each: each.pairs),
        delta=delta.mask(own, 0.0).fillna(table["delta"]),
        delta_low=column(lambda each: each.seeds.low),
        delta_high=column(lambda each: each.seeds.high),
        p_adjusted=column(lambda each: each.p_adjusted),
        needed=column(lambda each: np.nan if each.needed is None else each.needed),
        verdict=column(lambda each: each.verdict, None),
        reason=column(lambda each: each.reason, None),
    )


def beside(
    table: pd.DataFrame,
    compared: Sequence[Comparison],
    baseline: str | None,
    references: Mapping[str, Sequence[Reference]],
    reported: bool,
) -> pd.DataFrame:
    """A table of experiments of one stage with what was compared, and below it what stands beside: trivial references,
    by what the runs validate on, whose Δ is to the baseline too; and what was reported, whose Δ is to its own."""
    stage = table["stage"].iloc[0]
    rows = with_delta(with_references(table, stage, references), baseline, "experiment")
    rows = with_verdicts(rows.reset_index(drop=True), compared)
    return with_reported(rows, stage) if reported else rows
