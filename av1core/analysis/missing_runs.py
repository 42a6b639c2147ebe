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


@dataclass(frozen=True)
class Missing:
    """arms: those of a study that lack runs or cannot be. runs: how many are missing; coming: how many wait or train.

    stage1: names of the Stage-1 runs to train first. seconds: at most this long for what is missing; None if unknown.
    ended: by recipe, how runs of missing seeds ended early, such as "seed 1 failed"; they can be resumed instead.
    """

    arms: tuple[Arm, ...]
    runs: int
    coming: int
    stage1: tuple[str, ...] = ()
    seconds: float | None = None
    ended: Mapping[str, str] = field(default_factory=dict)

    def summary(self) -> str:
        """In a few sentences, such as "4 variants lack 18 runs (3 wait or train)."."""
        if not self.runs:
            coming = f": {_of(self.coming, 'run')} {_verb(self.coming, 'waits or trains', 'wait or train')}"
            return f"No run is missing{coming if self.coming else ''}."
        lacking = sum(bool(arm.missing) for arm in self.arms)
        text = f"{_of(lacking, 'variant')} {_verb(lacking, 'lacks', 'lack')} {_of(self.runs, 'run')}"
        if self.coming:
            text += f" ({self.coming} more {_verb(self.coming, 'waits or trains', 'wait or train')})"
        if self.stage1:
            named = ", ".join(self.stage1)
            text += f". {_of(len(self.stage1), 'Stage-1 run')} will be trained first: {named}"
        if self.seconds is None:
            return f"{text}. The time is unknown until runs of this kind have been measured."
        return f"{text}. At most {duration(self.seconds)} at the measured speed; early stopping can end them sooner."

    def table(self) -> pd.DataFrame:
        """A row an arm: variant, seeds (those missing, as text) and note: what comes first, ended, or is wrong."""
        rows = [(arm.variant.name, ", ".join(map(str, arm.missing)), self._note(arm)) for arm in self.arms]
        return pd.DataFrame(rows, columns=["variant", "seeds", "note"], dtype=str)

    def _note(self, arm: Arm) -> str:
        if arm.spec is None:
            return arm.problem
        first = [f"after {arm.stage1.name}"] if arm.stage1 is not None else []
        coming = [f"{arm.coming} more {_verb(arm.coming, 'waits or trains', 'wait or train')}"] if arm.coming else []
        ended = self.ended.get(arm.spec.experiment)
        return "; ".join(first + coming + ([f"{ended}: can be resumed instead"] if ended else []))


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
    """Queue what the study lacks now: what somebody else has launched since it was looked at is not launched again."""
    launcher.access.require()
    index.refresh()
    table = results(index, study.stage)
    return launch_missing(launcher, arms(study, base, index, table[table["state"] == "finished"], seeds))


def _ended(found: Sequence[Arm], index: RunIndex) -> dict[str, str]:
    wanted = {arm.spec.experiment: set(arm.missing) for arm in found if arm.spec is not None and arm.stage1 is None}
    runs = index.query(
        "SELECT recipe, seed, state FROM runs WHERE list_contains(?, state) AND list_contains(?, recipe) ORDER BY seed",
        [list(RESUMABLE), list(wanted)],
    )
    said: dict[str, list[str]] = {}
    for run in runs.itertuples():
        if run.seed in wanted[run.recipe]:
            said.setdefault(run.recipe, []).append(f"seed {int(run.seed)} {run.state}")
    return {recipe: ", ".join(dict.fromkeys(each)) for recipe, each in said.items()}


def _of(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _verb(number: int, one: str, many: str) -> str:
    return one if number == 1 else many
