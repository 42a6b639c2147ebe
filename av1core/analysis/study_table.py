"""The table of a study: a row an arm, its seeds averaged, compared with the baseline. F1 in %, gaps and deltas in pp.

No row mixes epochs, splits or averaging: each figure is the mean of the values that the arm's finished runs have at
their own best epochs, and all of them validated on the base's blocks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from av1core.analysis.arms import SEEDS, Arm, Base, arms, bases
from av1core.analysis.comparisons import comparisons, with_verdicts
from av1core.analysis.curves import class_f1, with_class_f1
from av1core.analysis.experiments import experiments
from av1core.analysis.references import Reference
from av1core.analysis.results import REFERENCE, results, with_references, with_reported
from av1core.analysis.statistics import MARGIN
from av1core.analysis.studies import Study
from av1core.analysis.tally import Tallies
from av1core.analysis.verdicts import Comparison
from av1core.partition import STAGES
from av1core.runs.index import RunIndex


@dataclass(frozen=True, eq=False)
class StudyResult:
    """A study on a base, with what its runs came to.

    arms: the baseline first. runs: rows of `results` of all their finished runs. table: a row an arm, in their order,
    with the columns of `tables.study_columns` and those of `experiments`; of an arm without runs seeds is 0 and every
    figure missing. comparisons: of the variants that have runs, in the study's order; none where the baseline has none.
    """

    study: Study
    base: Base
    arms: tuple[Arm, ...]
    runs: pd.DataFrame
    table: pd.DataFrame
    comparisons: tuple[Comparison, ...]

    @property
    def labels(self) -> dict[str, str]:
        """The variant's name by the experiment that its runs are."""
        return {arm.experiment: arm.variant.name for arm in self.arms if arm.experiment is not None}

    def comparison(self, variant: str) -> Comparison | None:
        """That of the variant of this name; None where it or the baseline has no runs."""
        experiments = {name: experiment for experiment, name in self.labels.items()}
        return next((each for each in self.comparisons if each.variant == experiments.get(variant)), None)


def study_results(
    study: Study,
    base: Base,
    index: RunIndex,
    tallies: Tallies,
    seeds: Sequence[int] = SEEDS,
    margin: float = MARGIN,
) -> StudyResult:
    """Read a study on a base from the index. seeds: those that an arm should have; margin: of equivalence, in pp.

    A base that says nothing of what it validates on is taken as the one of the same spec that has runs, if there is.
    """
    table = results(index, study.stage)
    finished = table[table["state"] == "finished"]
    if base.validation is None:
        same = (found for found in bases(study, finished) if found.spec.experiment == base.spec.experiment)
        base = next(same, base)
    found = arms(study, base, index, finished, seeds)
    keys = list(dict.fromkeys(arm.experiment for arm in found if arm.experiment is not None))
    runs = finished[finished["experiment"].isin(keys)]
    measured = experiments(runs).set_index("experiment").loc[keys].reset_index()
    compared = []
    if found[0].experiment is not None and len(keys) > 1:
        compared = comparisons(
            measured, found[0].experiment, runs, tallies(dict(zip(runs["run"], runs["dataset"], strict=True))), margin
        )
    classes = STAGES[study.stage].classes
    measured = with_class_f1(with_verdicts(measured, compared), class_f1(index, runs, classes), "experiment", classes)
    return StudyResult(study, base, tuple(found), runs, _by_arm(measured, found), tuple(compared))


def beside(
    result: StudyResult, reported: bool = False, references: Mapping[str, Sequence[Reference]] | None = None
) -> pd.DataFrame:
    """The table, and below it the trivial references of the runs' blocks and what was reported of the study, marked.

    references: by what runs validate on. Their Δ is to the study's baseline; that of a reported row to its own.
    DatasetError if the reported results cannot be read.
    """
    study, table = result.study, result.table
    of_table = set(table["validation"])
    blocks = {validation: found for validation, found in (references or {}).items() if validation in of_table}
    table = with_references(table, study.stage, blocks).reset_index(drop=True)
    own, trivial = table.iloc[0], table["origin"] == REFERENCE
    table.loc[trivial & (table["validation"] == own["validation"]), "delta"] = table["val_f1"] - own["val_f1"]
    return with_reported(table, study.stage, study.key) if reported else table


def _by_arm(measured: pd.DataFrame, found: Sequence[Arm]) -> pd.DataFrame:
    rows = measured.set_index("experiment").reindex([arm.experiment for arm in found]).reset_index()
    return rows.assign(name=[arm.variant.name for arm in found], seeds=rows["seeds"].fillna(0).astype(int))
