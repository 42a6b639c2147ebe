"""What of a stage can be compared, which of it is shown at first, and what is left out."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from av1core.analysis.experiments import (
    changes,
    each_run_alone,
    experiment_labels,
    experiments,
    one_run_a_seed,
    settled,
)
from av1core.analysis.results import results, run_labels
from av1core.runs.index import RunIndex
from av1core.runs.records import LIVE


@dataclass(frozen=True, eq=False)
class Comparable:
    """What of a stage can be compared: its experiments, or its single runs as experiments of one run.

    table: rows of `experiments`, in order of their first runs. runs: the rows of `results` that they are read from, one
    a seed. labels: by key. keys: of all that have a finished epoch, in order of creation; looks follow it. total: runs
    of the stage. Of them are left out: `live`, which wait or train; `ended`, which did not finish; `repeats` of a seed.
    """

    stage: str
    table: pd.DataFrame
    runs: pd.DataFrame
    labels: dict[str, str]
    keys: tuple[str, ...]
    total: int
    live: int
    ended: int
    repeats: int

    def chosen(self, keys: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The rows of `table` and of `runs` of these keys, in their order; `changes` tells these apart."""
        order = {key: place for place, key in enumerate(keys)}
        table, runs = (
            rows[rows["experiment"].isin(order)].sort_values("experiment", key=lambda of: of.map(order), kind="stable")
            for rows in (self.table, self.runs)
        )
        return table.assign(changes=changes(table)).reset_index(drop=True), runs.reset_index(drop=True)


def comparable(index: RunIndex, stage: str, single: bool = False) -> Comparable:
    """What can be compared of a stage; single: by run, those that have not finished included."""
    every = results(index, stage)
    table = each_run_alone(every) if single else every
    read = settled(table)
    once = one_run_a_seed(read)
    rows = experiments(read)
    state = index.query("SELECT run, state FROM runs WHERE stage = ?", [stage])
    out = state["state"][~state["run"].isin(read["run"])]
    live = int(out.isin(LIVE).sum())
    return Comparable(
        stage=stage,
        table=rows,
        runs=once,
        labels=run_labels(every) if single else experiment_labels(rows),
        keys=tuple(dict.fromkeys(table["experiment"])),
        total=len(state),
        live=live,
        ended=len(out) - live,
        repeats=len(read) - len(once),
    )


def experiments_by_stage(index: RunIndex) -> dict[str, int]:
    """How many experiments of each stage have a finished run."""
    counts = index.query(
        "SELECT stage, count(DISTINCT experiment) AS number FROM runs WHERE state = 'finished' GROUP BY stage"
    )
    return dict(zip(counts["stage"], counts["number"], strict=True))


def pinned(table: pd.DataFrame) -> str | None:
    """What a table of experiments is compared with at first: the pinned one, else one named Baseline, else the oldest
    of those on the blocks that most of them validated on.

    None of an empty table.
    """
    most = table["validation"].isin(table["validation"].mode()[:1])
    for rows in (
        table[table["baseline"]],
        table[table["name"] == "Baseline"],
        table[most].sort_values("created"),
        table,
    ):
        if len(rows):
            return rows["experiment"].iloc[0]
    return None


def newest(table: pd.DataFrame, most: int) -> list[str]:
    """The pinned experiment, then the others that were begun last, at most so many, the newest first."""
    return _with_pinned(table, table.iloc[::-1], most)


def best(table: pd.DataFrame, most: int) -> list[str]:
    """The pinned experiment, then the others of the highest mean val F1, at most so many, the best first."""
    return _with_pinned(table, table.sort_values("val_f1", ascending=False, kind="stable"), most)


def _with_pinned(table: pd.DataFrame, ordered: pd.DataFrame, most: int) -> list[str]:
    first = list(table["experiment"][table["baseline"]])[:1]
    return first + [key for key in ordered["experiment"] if key not in first][:most]
