"""What became of a hypothesis: the runs of its variant, their comparison with the study's baseline, and the verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from av1core.analysis.arms import Arm, bases
from av1core.analysis.hypotheses import Hypothesis, Judgement, judge
from av1core.analysis.reported import reported_comparison, reported_results
from av1core.analysis.results import results
from av1core.analysis.studies import Study, study
from av1core.analysis.study_table import StudyResult, study_results
from av1core.analysis.tally import Tallies
from av1core.analysis.verdicts import Comparison
from av1core.dataset.record import SPLITS
from av1core.errors import SpecError, said
from av1core.runs.index import RunIndex
from av1core.translation import message


@dataclass(frozen=True, eq=False)
class Outcome:
    """measured: the comparison of runs of the Lab, None where `lacking` says, as a sentence, why there is none.

    where: the dataset and split of those runs, in words. reported: the comparison of the reported result, if the
    hypothesis has one. judgement: by what was measured, else by what was reported. begun: runs of the variant that were
    there before the prediction; 0 where its time was not recorded.
    """

    measured: Comparison | None
    reported: Comparison | None
    judgement: Judgement
    lacking: str = ""
    where: str = ""
    begun: int = 0

    @property
    def comparison(self) -> Comparison | None:
        """What is judged by."""
        return self.measured or self.reported


def outcomes(hypotheses: Sequence[Hypothesis], index: RunIndex, tallies: Tallies) -> list[Outcome]:
    """Each study is read on the base where most of it was run, with Holm's correction over all its variants.

    DatasetError if the reported results cannot be read.
    """
    reported, table = reported_results(), results(index)
    finished = table[table["state"] == "finished"]

    @cache
    def read(key: str) -> tuple[StudyResult, int]:
        return _study_result(study(key), finished, index, tallies)

    found = []
    for hypothesis in hypotheses:
        own = hypothesis.reported and reported_comparison(reported, hypothesis.reported.experiment)
        try:
            study(hypothesis.now.study).variant(hypothesis.now.variant)
            result, others = read(hypothesis.now.study)
            found.append(_outcome(hypothesis, result, others, own, index))
        except SpecError as error:
            found.append(Outcome(None, own, judge(hypothesis.now, own), said(error)))
    return found


def _study_result(asked: Study, finished: pd.DataFrame, index: RunIndex, tallies: Tallies) -> tuple[StudyResult, int]:
    """The study's result, and on how many other bases it was run. SpecError if no run of it has finished."""
    found = bases(asked, finished)
    if not found:
        raise SpecError(message("No run of the study has finished."))
    return study_results(asked, found[0], index, tallies), len(found) - 1


def _outcome(
    hypothesis: Hypothesis, result: StudyResult, others: int, reported: Comparison | None, index: RunIndex
) -> Outcome:
    now = hypothesis.now
    baseline, *variants = result.arms
    (own,) = (arm for arm in variants if arm.variant.name == now.variant)
    begun = hypothesis.begun_before(_created(own, index))
    if lacking := _lacking(baseline, own):
        return Outcome(None, reported, judge(now, reported), lacking, begun=begun)
    measured = result.comparison(now.variant)
    return Outcome(measured, reported, judge(now, measured), where=_where(result, others), begun=begun)


def _lacking(baseline: Arm, own: Arm) -> str:
    if baseline.experiment and own.experiment:
        return ""
    if own.experiment:
        return message("No run of the baseline has finished.")
    if baseline.experiment:
        return message("No run of the variant has finished.")
    return message("No run of the baseline or of the variant has finished.")


def _where(result: StudyResult, others: int) -> str:
    run = result.runs.iloc[0]
    by = run["split"]
    split = message("split unknown") if pd.isna(by) else message("split {by}", by=SPLITS.get(by, by))
    found = {"dataset": Path(run["dataset"]).name, "split": split, "others": others}
    if not others:
        return message("{dataset}, {split}", **found)
    if others == 1:
        return message("{dataset}, {split}; it was run on one other base too", **found)
    return message("{dataset}, {split}; it was run on {others} other bases too", **found)


def _created(arm: Arm, index: RunIndex) -> list[float]:
    """When each run of an arm was created, whatever has become of it."""
    if arm.spec is None:
        return []
    return index.query("SELECT created FROM runs WHERE recipe = ?", [arm.spec.experiment])["created"].tolist()
