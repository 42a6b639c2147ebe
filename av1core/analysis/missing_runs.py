"""What a study lacks: the runs that its arms should have and have not, what comes first, and how long that takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from av1core.analysis.arms import Arm, Base, arms, launch_missing
from av1core.analysis.results import results
from av1core.analysis.studies import Study
from av1core.runs.folder import RunFolder
from av1core.runs.index import RunIndex
from av1core.runs.launcher import Launcher
from av1core.runs.progress import duration
from av1core.runs.records import RESUMABLE
from av1core.runs.sweep_plan import most_seconds
from av1core.translation import ENGLISH, Message, Words, message


@dataclass(frozen=True)
class Missing:
    """arms: those of a study that lack runs or cannot be. runs: how many are missing; coming: how many wait or train.

    stage1: names of the Stage-1 runs to train first. seconds: at most this long for what is missing; None if unknown.
    ended: by recipe, missing seeds whose runs ended early, with their states; they can be resumed instead.
    """

    arms: tuple[Arm, ...]
    runs: int
    coming: int
    stage1: tuple[str, ...] = ()
    seconds: float | None = None
    ended: Mapping[str, tuple[tuple[int, str], ...]] = field(default_factory=dict)

    def summary(self) -> str:
        """In a few sentences, such as "18 runs are missing, of 4 variants; 3 more are coming."."""
        return " ".join(self.sentences())

    def sentences(self) -> list[Message]:
        """What `summary` says, a sentence each."""
        if not self.runs and not self.coming:
            return [message("No run is missing.")]
        if not self.runs:
            return [message("No run is missing; {coming:,} coming.", coming=self.coming)]
        lacking = sum(bool(arm.missing) for arm in self.arms)
        said = [message("Missing runs: {runs:,}, of {variants:,} variants.", runs=self.runs, variants=lacking)]
        if lacking == 1:
            said = [message("Missing runs: {runs:,}, of one variant.", runs=self.runs)]
        if self.coming:
            said.append(message("{coming:,} more wait or train.", coming=self.coming))
        if self.stage1:
            named = ", ".join(self.stage1)
            said.append(message("Stage-1 runs that will be trained first: {names}.", names=named))
        if self.seconds is None:
            return [*said, message("The time is unknown until runs of this kind have been measured.")]
        within = duration(self.seconds)
        most = message("At most {time} at the measured speed; early stopping can end them sooner.", time=within)
        return [*said, most]

    def table(self, words: Words = ENGLISH) -> pd.DataFrame:
        """A row an arm: variant, seeds (those missing, as text) and note: what comes first, ended, or is wrong."""
        rows = [
            (words.tell(arm.variant.name), ", ".join(map(str, arm.missing)), self._note(arm, words))
            for arm in self.arms
        ]
        return pd.DataFrame(rows, columns=["variant", "seeds", "note"], dtype=str)

    def _note(self, arm: Arm, words: Words) -> str:
        if arm.spec is None:
            return words.tell(arm.problem)
        notes = []
        if arm.stage1 is not None:
            notes.append(words.tell("after {name}", name=arm.stage1.name))
        if arm.coming:
            notes.append(words.tell("{count} more wait or train", count=arm.coming))
        if ended := self.ended.get(arm.spec.experiment):
            seeds = ", ".join(
                words.tell("seed {seed} {state}", seed=seed, state=_ENDED[state]) for seed, state in ended
            )
            notes.append(words.tell("{seeds}: can be resumed instead", seeds=seeds))
        return "; ".join(notes)


_ENDED: dict[str, str] = {
    "failed": message("failed"),
    "cancelled": message("cancelled"),
    "paused": message("paused"),
    "interrupted": message("interrupted"),
}
"""How a run can end early, by its state."""


def missing(found: Sequence[Arm], index: RunIndex) -> Missing:
    """Of the arms of a study."""
    specs = [arm.spec.model_copy(update={"seed": seed}) for arm in found for seed in arm.missing]
    stage1 = {arm.stage1.hash: arm.stage1 for arm in found if arm.stage1 is not None and arm.missing}
    return Missing(
        tuple(arm for arm in found if arm.missing or arm.problem),
        len(specs),
        sum(arm.coming for arm in found),
        tuple(spec.name for spec in stage1.values()),
        # What rests on another backbone than any that was trained takes nobody knows how long.
        most_seconds(specs, index) if specs and not stage1 else None,
        _ended(found, index),
    )


def launch(launcher: Launcher, study: Study, base: Base, index: RunIndex, seeds: Sequence[int]) -> list[RunFolder]:
    """Queue what the study lacks now: what somebody else has launched since it was looked at is not launched again.

    AccessError for those who may only look; else a LabError as `launch_missing`.
    """
    launcher.access.require()
    index.refresh()
    table = results(index, study.stage)
    return launch_missing(launcher, arms(study, base, index, table[table["state"] == "finished"], seeds))


def _ended(found: Sequence[Arm], index: RunIndex) -> dict[str, tuple[tuple[int, str], ...]]:
    wanted = {arm.spec.experiment: set(arm.missing) for arm in found if arm.spec is not None and arm.stage1 is None}
    runs = index.query(
        "SELECT recipe, seed, state FROM runs WHERE list_contains(?, state) AND list_contains(?, recipe) ORDER BY seed",
        [list(RESUMABLE), list(wanted)],
    )
    ended: dict[str, dict[tuple[int, str], None]] = {}
    for run in runs.itertuples():
        if run.seed in wanted[run.recipe]:
            ended.setdefault(run.recipe, {})[int(run.seed), run.state] = None
    return {recipe: tuple(each) for recipe, each in ended.items()}
