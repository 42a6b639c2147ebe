"""The arms of a study on a base: one recipe each, and which of its seeds were trained, are coming, or are missing."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pandas as pd

from av1core.analysis.experiments import differing_settings, one_run_a_seed
from av1core.analysis.studies import Study, Variant
from av1core.dataset.record import SPLITS
from av1core.errors import LabError, SpecError, said
from av1core.runs.folder import RunFolder
from av1core.runs.index import RunIndex
from av1core.runs.launcher import Launcher
from av1core.runs.records import LIVE, MEASURED
from av1core.runs.run_row import experiment_key
from av1core.runs.speed import parsed
from av1core.training.presets import preset
from av1core.training.spec import MOST_NAME, RunSpec, parse_spec, with_overrides
from av1core.training.sweep import value_text
from av1core.translation import ENGLISH, Words, message

SEEDS = tuple(range(6))
"""The seeds that a study asks for unless told otherwise: six are the least with which its test can reach p ≤ 0.05."""


@dataclass(frozen=True)
class Base:
    """What a study's arms have in common, as the spec of its baseline arm, and where it was tried.

    validation: of the runs, or None where none has run. found: the arms that have finished runs. runs: how many.
    """

    spec: RunSpec
    validation: str | None = None
    found: int = 0
    runs: int = 0

    @property
    def key(self) -> str:
        """What names it in links and commands: as of the experiment that its baseline's runs are."""
        return experiment_key(self.spec.experiment, self.validation)


@dataclass(frozen=True)
class Arm:
    """One arm of a study on a base, and its runs.

    spec: of any seed; None if it cannot be, and `problem` says why. stage1: the Stage-1 run that has to be launched
    first, None if there is one. experiment: the key of the finished runs, None without any. missing: the seeds asked
    for that are neither finished nor coming. coming: how many wait, train or are paused.
    """

    variant: Variant
    spec: RunSpec | None
    stage1: RunSpec | None = None
    experiment: str | None = None
    seeds: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()
    coming: int = 0
    problem: str = ""


def bases(study: Study, table: pd.DataFrame) -> list[Base]:
    """What the study can be read on, from rows of `results` of finished runs: the base of most arms and runs first.

    Runs that differ only in what the study varies share a base. Of equals, the one whose settings were tried on most
    backbones, then the one on whose backbone most experiments rest, then the one that was tried last.
    """
    rows = table[(table["stage"] == study.stage) & (table["origin"] == MEASURED)]
    found: dict[tuple[str, str], Base] = {}
    for (recipe, validation), seeds in one_run_a_seed(rows).groupby(["recipe", "validation"], sort=False):
        spec = _changed(parsed(seeds["spec"].iloc[0]), study.baseline)
        if spec is None or recipe not in {arm.experiment for arm in map(partial(_changed, spec), study.arms) if arm}:
            continue
        key = (spec.experiment, validation)
        before = found.pop(key, Base(spec, validation))
        found[key] = replace(before, found=before.found + 1, runs=before.runs + len(seeds))
    newest_first = list(found.values())[::-1]
    resting = rows.groupby("stage1_run")["experiment"].nunique()
    backbones = Counter(_of_any_backbone(base) for base in found.values())

    def rank(base: Base) -> tuple[int, ...]:
        return base.found, base.runs, backbones[_of_any_backbone(base)], resting.get(base.spec.stage1_run, 0)

    return sorted(newest_first, key=rank, reverse=True)


def _of_any_backbone(base: Base) -> str:
    return base.spec.model_copy(update={"stage1_run": None}).experiment


def preset_base(stage: str, dataset: str, stage1_run: str) -> Base:
    """A base that nothing was tried on: the thesis's settings of a later stage, on a dataset and a Stage-1 run.

    dataset: the path of its folder. stage1_run: the run's id.
    """
    values = preset("exp03" if stage == "stage2" else stage).values
    return Base(parse_spec(values | {"dataset": dataset, "stage1_run": stage1_run}))


def base_labels(study: Study, found: Sequence[Base], words: Words = ENGLISH) -> list[str]:
    """What each base is, in a line: its dataset and split, how much of the study was tried on it, and where its
    settings are not the thesis's; its key too where that tells no two apart."""
    usual = _changed(preset_base(study.stage, "", "").spec, study.baseline).model_dump_json()
    labels = []
    for base in found:
        differing = differing_settings([usual, base.spec.model_dump_json()])
        own = [f"{key} = {value_text(value)}" for key, (_, value) in differing.items() if key not in _WHERE]
        by = base.spec.split
        split = words.tell("its own split") if by == "dataset" else words.tell("split {by}", by=SPLITS.get(by, by))
        tried = words.plural(
            "{found} of {arms} variants, {count:,} run", "{found} of {arms} variants, {count:,} runs", base.runs,
            found=base.found, arms=len(study.arms),
        )  # fmt: skip
        labels.append(" · ".join([f"{Path(base.spec.dataset).name}, {split}", tried, *own]))
    return [
        f"{label} · {base.key}" if labels.count(label) > 1 else label for label, base in zip(labels, found, strict=True)
    ]


_WHERE = ("dataset", "split", "stage1_run")


def arms(study: Study, base: Base, index: RunIndex, table: pd.DataFrame, seeds: Sequence[int] = SEEDS) -> list[Arm]:
    """The study's arms on a base, the baseline first, with what was trained of them.

    table: rows of `results` of finished runs. A run that waits or trains is of an arm if its spec is; what has finished
    counts only if it validated on the base's blocks.
    """
    finished = one_run_a_seed(table[table["origin"] == MEASURED])
    if base.validation is not None:
        finished = finished[finished["validation"] == base.validation]
    live = index.query("SELECT recipe, seed FROM runs WHERE list_contains(?, state)", [[*LIVE, "paused"]])
    return [_arm(variant, base, index, finished, live, seeds) for variant in study.arms]


def launch_missing(launcher: Launcher, arms: Sequence[Arm]) -> list[RunFolder]:
    """Queue exactly the missing runs of these arms, seed by seed, after the Stage-1 runs that some of them need.

    Raises a LabError as `Launcher.submit`; a Stage-1 run that was queued before it stays in the queue.
    """
    launched: list[RunFolder] = []
    specs: list[tuple[int, RunSpec]] = []
    stage1_runs: dict[str, str] = {}
    for arm in arms:
        if arm.spec is None or not arm.missing:
            continue
        spec = arm.spec
        if arm.stage1 is not None:
            if arm.stage1.hash not in stage1_runs:
                launched.append(launcher.submit(arm.stage1))
                stage1_runs[arm.stage1.hash] = launched[-1].id
            spec = spec.model_copy(update={"stage1_run": stage1_runs[arm.stage1.hash]})
        specs += [(seed, spec.model_copy(update={"seed": seed})) for seed in arm.missing]
    ordered = [spec for _, spec in sorted(specs, key=lambda pair: pair[0])]
    return launched + (launcher.submit_all(ordered) if ordered else [])


def _arm(
    variant: Variant, base: Base, index: RunIndex, finished: pd.DataFrame, live: pd.DataFrame, seeds: Sequence[int]
) -> Arm:
    try:
        spec = parse_spec(with_overrides(base.spec.model_dump(mode="json"), dict(variant.changes)))
        stage1 = _stage1(variant, spec, index) if variant.stage1 else None
        if stage1 is not None and stage1 == base.spec.stage1_run:
            raise SpecError(message("stage1_run: the base rests on this Stage 1 already."))
    except LabError as error:
        return Arm(variant, None, problem=said(error))
    spec = _named(spec, variant.name)
    if isinstance(stage1, RunSpec):
        return Arm(variant, spec, stage1, missing=tuple(seeds))
    if stage1 is not None:
        spec = spec.model_copy(update={"stage1_run": stage1})
    rows = finished[finished["recipe"] == spec.experiment]
    done = tuple(sorted(rows["seed"].astype(int)))
    coming = set(live["seed"][live["recipe"] == spec.experiment].astype(int)) - set(done)
    return Arm(
        variant, spec, None,
        experiment=rows["experiment"].iloc[0] if len(rows) else None,
        seeds=done,
        missing=tuple(seed for seed in seeds if seed not in done and seed not in coming),
        coming=len(coming),
    )  # fmt: skip


def _named(spec: RunSpec, name: str) -> RunSpec:
    """The spec with that name, which is shortened to what a run may be called."""
    mark = f"… {spec.experiment[:6]}"
    name = name if len(name) <= MOST_NAME else name[: MOST_NAME - len(mark)] + mark
    return spec.model_copy(update={"name": name})


def _stage1(variant: Variant, spec: RunSpec, index: RunIndex) -> RunSpec | str:
    """The run to start from, finished or else coming, or the spec of one that has to be launched."""
    if spec.stage1_run is None:
        raise SpecError(message("stage1_run: the base names no Stage-1 run, so nothing can be changed about it."))
    own = RunFolder.open(index.runs_dir, spec.stage1_run).spec()
    wanted = parse_spec(with_overrides(own.model_dump(mode="json"), dict(variant.stage1)))
    wanted = _named(wanted, f"Stage 1, {variant.name.removeprefix('Stage 1 ')}")
    states = ["finished", *LIVE]
    runs = index.query(
        """SELECT run, spec FROM runs WHERE stage = 'stage1' AND origin = ? AND list_contains(?, state)
        ORDER BY list_position(?, state), created""",
        [MEASURED, states, states],
    )
    for row in runs.itertuples():
        if parsed(row.spec).hash == wanted.hash:
            return row.run
    return wanted


def _changed(spec: RunSpec, variant: Variant) -> RunSpec | None:
    """None where the values do not go together."""
    try:
        return parse_spec(with_overrides(spec.model_dump(mode="json"), dict(variant.changes)))
    except SpecError:
        return None
