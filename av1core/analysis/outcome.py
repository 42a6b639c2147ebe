"""What became of a hypothesis: the runs of its variant, their comparison with the study's baseline, and the verdict."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from av1core.analysis.arms import Arm, arms, bases
from av1core.analysis.experiments import comparisons, experiments
from av1core.analysis.hypotheses import Hypothesis, Judgement, Revision, judge
from av1core.analysis.reported import reported_comparison, reported_results
from av1core.analysis.studies import study
from av1core.analysis.tally import Tally
from av1core.analysis.verdicts import Comparison
from av1core.errors import LabError, SpecError
from av1core.runs.index import RunIndex

Tallies = Callable[[Mapping[str, str]], Mapping[str, Tally | LabError]]
"""Reads the tallies of runs, the dataset's path by run, as `tally.tallies` does for one folder of runs."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """measured: the comparison of runs of the Lab, None where `lacking` says, as a sentence, why there is none.

    reported: that of the reported result, if it has one. judgement: by what was measured, else by what was reported.
    begun: runs of the variant that were there before the prediction; 0 where its time was not recorded.
    """

    measured: Comparison | None
    reported: Comparison | None
    judgement: Judgement
    lacking: str = ""
    begun: int = 0

    @property
    def comparison(self) -> Comparison | None:
        """What is judged by."""
        return self.measured or self.reported


def outcome(hypothesis: Hypothesis, index: RunIndex, table: pd.DataFrame, tallies: Tallies) -> Outcome:
    """Read where most of the study was run, with Holm's correction over all its variants, as its table shows it.

    table: of `results`.
    """
    said = hypothesis.now
    finished = table[table["state"] == "finished"]
    begun, measured, reported = 0, None, None
    try:
        baseline, *variants = _arms(said, index, finished)
        (own,) = (arm for arm in variants if arm.variant.name == said.variant)
        begun = hypothesis.begun_before(_created(own, index))
        lacking = _lacking(baseline, own)
        if not lacking:
            keys = [arm.experiment for arm in (baseline, *variants) if arm.experiment]
            runs = finished[finished["experiment"].isin(keys)]
            read = tallies(dict(zip(runs["run"], runs["dataset"], strict=True)))
            found = comparisons(experiments(runs), baseline.experiment, runs, read)
            (measured,) = (each for each in found if each.variant == own.experiment)
    except SpecError as error:
        lacking = str(error)
    if hypothesis.reported:
        reported = reported_comparison(reported_results(), hypothesis.reported.experiment)
    return Outcome(measured, reported, judge(said, measured or reported), lacking, begun)


def _arms(said: Revision, index: RunIndex, finished: pd.DataFrame) -> list[Arm]:
    """The study's arms, the baseline first. SpecError where there is no such study or variant, or no run of it."""
    asked = study(said.study)
    if said.variant not in [variant.name for variant in asked.variants]:
        raise SpecError(f"variant: the study {said.study} has none called {said.variant!r}.")
    found = bases(asked, finished)
    if not found:
        raise SpecError("No run of the study has finished.")
    return arms(asked, found[0], index, finished)


def _lacking(baseline: Arm, own: Arm) -> str:
    missing = [what for what, arm in (("baseline", baseline), ("variant", own)) if arm.experiment is None]
    return f"No run of the {' or of the '.join(missing)} has finished." if missing else ""


def _created(arm: Arm, index: RunIndex) -> list[float]:
    """When each run of an arm was created, whatever has become of it."""
    if arm.spec is None:
        return []
    return index.query("SELECT created FROM runs WHERE recipe = ?", [arm.spec.experiment])["created"].tolist()
