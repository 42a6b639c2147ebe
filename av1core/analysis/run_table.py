"""The table of all runs, and what is looked for in it."""

from collections.abc import Collection

import pandas as pd

from av1core.runs.index import RunIndex


def run_table(index: RunIndex) -> pd.DataFrame:
    """One row a run, newest first: its row of the index without `spec`, then best_epoch and val_f1.

    The best epoch is the first of the highest val F1, which lies in [0, 1]; a run without a finished epoch has neither.
    """
    table = index.query(
        """SELECT runs.* EXCLUDE (spec), best.epoch AS best_epoch, best.val_f1
        FROM runs LEFT JOIN (
            SELECT run, max_by(epoch, (coalesce(val_f1, -1), -epoch)) AS epoch, max(val_f1) AS val_f1
            FROM epochs GROUP BY run
        ) best USING (run)
        ORDER BY created DESC NULLS LAST, run"""
    )
    # A missing number would turn the others into decimal fractions.
    return table.astype({"seed": "Int64", "best_epoch": "Int64"})


def known_tags(table: pd.DataFrame) -> list[str]:
    """Every tag of a `run_table`, once, in order of the alphabet."""
    return sorted({tag for tags in table["tags"] for tag in tags}, key=str.casefold)


def select(
    table: pd.DataFrame,
    text: str = "",
    stages: Collection[str] = (),
    states: Collection[str] = (),
    tags: Collection[str] = (),
) -> pd.DataFrame:
    """The rows of a `run_table` that have what is looked for; what is empty is not looked for.

    text: words, in any case of letters, each somewhere in the name, the tags, the note or the id. Of stages, states and
    tags one of those given must be there.
    """
    found = pd.Series(True, index=table.index)
    if words := text.casefold().split():
        joined = table["tags"].map("\n".join).astype(str)
        everything = (table["name"] + "\n" + table["note"] + "\n" + table["run"] + "\n" + joined).str.casefold()
        for word in words:
            found &= everything.str.contains(word, regex=False)
    if stages:
        found &= table["stage"].isin(stages)
    if states:
        found &= table["state"].isin(states)
    if tags:
        found &= table["tags"].map(lambda own: not set(tags).isdisjoint(own)).astype(bool)
    return table[found]
