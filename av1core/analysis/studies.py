"""Studies: a baseline and variants that differ from it in named factors, the thesis's own ready-made.

A study says what varies; a base, the spec of some run, says everything else. Together they name one recipe an arm, and
the index tells which of its seeds were trained, are coming, or are missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pandas as pd

from av1core.analysis.experiments import differing_settings, one_run_a_seed
from av1core.errors import LabError, SpecError
from av1core.runs.folder import RunFolder
from av1core.runs.index import RunIndex
from av1core.runs.launcher import Launcher
from av1core.runs.records import LIVE, MEASURED
from av1core.runs.speed import parsed
from av1core.training.presets import preset
from av1core.training.spec import RunSpec, parse_spec, with_overrides
from av1core.training.sweep import value_text

SEEDS = tuple(range(6))
"""The seeds that a study asks for unless told otherwise: six are the least with which its test can reach p ≤ 0.05."""

CUSTOM = "custom"


@dataclass(frozen=True)
class Variant:
    """One arm of a study. changes: values of the run spec by dotted key, or a whole part such as {"loss": {…}}.

    stage1: the same of the Stage-1 run that it starts from, where it needs another backbone than the base's.
    """

    name: str
    changes: Mapping[str, Any]
    stage1: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Study:
    """A question to a stage: the variants are compared with the baseline; factors: dotted keys that they differ in."""

    key: str
    title: str
    question: str
    stage: str
    baseline: Variant
    variants: tuple[Variant, ...]

    @property
    def arms(self) -> tuple[Variant, ...]:
        """The baseline, then the variants."""
        return (self.baseline, *self.variants)


def _of_preset(key: str, part: str) -> Variant:
    values = preset(key).values
    return Variant(preset(key).title.removeprefix("Loss: "), {part: values.get(part, {})})


def _batchnorm(key: str, title: str, stage: str) -> Study:
    return Study(
        key, title, "Does BatchNorm of the frozen backbone in eval mode (the BN fix) help?", stage,
        Variant("BN train", {"adapter.batchnorm": "train"}), (Variant("BN eval", {"adapter.batchnorm": "eval"}),),
    )  # fmt: skip


def _schedule(name: str, schedule: str, warmup: int) -> Variant:
    return Variant(name, {"schedule.name": schedule, "schedule.warmup_epochs": warmup})


_ALL_PARTS = ["stem", "layer1", "layer2", "layer3", "layer4"]

STUDIES: dict[str, Study] = {
    study.key: study
    for study in (
        _batchnorm("batchnorm", "BatchNorm mode", "stage2"),
        Study(
            "reduction", "Reduction γ", "How large must the adapters be?", "stage2",
            Variant("γ = 4", {"adapter.reduction": 4}),
            tuple(Variant(f"γ = {value}", {"adapter.reduction": value}) for value in (1, 2, 8)),
        ),
        Study(
            "loss", "Loss", "Does another loss help the rare classes?", "stage2",
            Variant("focal γ = 2", {"loss": {}}),
            tuple(
                _of_preset(f"loss_{key}", "loss")
                for key in (
                    "focal3", "poly", "poly_focal", "asymmetric", "focal_smoothing", "smoothing", "cross_entropy",
                    "arcface",
                )
            ),
        ),
        Study(
            "augmentation", "Augmentation", "Does augmentation help?", "stage2",
            Variant("none", {"augmentation": {}}),
            tuple(
                _of_preset(f"augment_{key}", "augmentation") for key in ("flips", "mixup", "cutmix", "randaugment")
            ),
        ),
        Study(
            "learning_rate", "Learning rate", "Which learning rate do the adapters want?", "stage2",
            Variant("1e-3", {"optimiser.adapter_lr": 1e-3}),
            tuple(
                Variant(text, {"optimiser.adapter_lr": float(text)}) for text in ("1e-4", "5e-4", "5e-3")
            ),
        ),
        Study(
            "schedule", "Schedule", "Does warm-up or a cosine help?", "stage2",
            _schedule("plateau", "plateau", 0),
            (
                _schedule("plateau, warm-up", "plateau", 5), _schedule("cosine", "cosine", 0),
                _schedule("cosine, warm-up", "cosine", 5),
            ),
        ),
        Study(
            "stage1_features", "Stage-1 features", "Are Stage-1 features the limit?", "stage2",
            Variant("frozen", {"adapter.unfrozen": [], "adapter.scheme": "thesis"}),
            (
                Variant("head only", {"adapter.unfrozen": [], "adapter.scheme": "none"}),
                Variant(
                    "layer4 unfrozen",
                    {"adapter.unfrozen": ["layer4"], "adapter.scheme": "thesis", "optimiser.backbone_lr": 3e-5},
                ),
                Variant(
                    "unfrozen",
                    {"adapter.unfrozen": _ALL_PARTS, "adapter.scheme": "thesis", "optimiser.backbone_lr": 3e-5},
                ),
                Variant(
                    "stem keep", {"adapter.unfrozen": [], "adapter.scheme": "thesis"}, {"backbone.stem": "keep"}
                ),
                Variant(
                    "ResNet-34", {"adapter.unfrozen": [], "adapter.scheme": "thesis"}, {"backbone.name": "resnet34"}
                ),
                Variant(
                    "Stage 1 on the natural mix", {"adapter.unfrozen": [], "adapter.scheme": "thesis"},
                    {"sampling": "natural", "loss.beta": 0.0},
                ),
            ),
        ),
        Study(
            "adapters", "Adapter scheme", "Do the paper's own adapters do better?", "stage2",
            Variant("thesis", {"adapter.scheme": "thesis"}),
            tuple(
                Variant(scheme.replace("_", " "), {"adapter.scheme": scheme})
                for scheme in ("conv_parallel", "conv_sequential", "residual_parallel", "residual_sequential")
            ),
        ),
        _batchnorm("stage3_rect", "Stage 3 RECT with the fix", "stage3_rect"),
        _batchnorm("stage3_ab", "Stage 3 AB with the fix", "stage3_ab"),
    )
}  # fmt: skip
"""The thesis's list, done and still open."""


@dataclass(frozen=True)
class Base:
    """What a study's arms have in common, as the spec of its baseline arm, and where it was tried.

    validation: of the runs, or None where none has run. found: the arms that have finished runs. runs: how many.
    """

    spec: RunSpec
    validation: str | None = None
    found: int = 0
    runs: int = 0


@dataclass(frozen=True)
class Arm:
    """One arm of a study on a base, and its runs.

    spec: of any seed; None if it cannot be, and `problem` says why. stage1: the Stage-1 run that has to be launched
    first, None if there is one. experiment: the key of the finished runs, None without any. missing: the seeds asked
    for that are neither finished nor coming. coming: how many wait or train.
    """

    variant: Variant
    spec: RunSpec | None
    stage1: RunSpec | None = None
    experiment: str | None = None
    seeds: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()
    coming: int = 0
    problem: str = ""


def study(key: str) -> Study:
    """The ready-made study of that key. Raises SpecError that lists the keys."""
    try:
        return STUDIES[key]
    except KeyError:
        raise SpecError(f"study: there is no {key!r}. The studies are {', '.join(STUDIES)}.") from None


def bases(study: Study, table: pd.DataFrame) -> list[Base]:
    """What the study can be read on, from rows of `results` of finished runs: the base of most arms and runs first.

    Runs that differ only in what the study varies share a base. Of equals, the one that was tried last.
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
    return sorted(reversed(found.values()), key=lambda base: (base.found, base.runs), reverse=True)


def arms(self) -> tuple[Variant, ...]:
        """The baseline, then the variants."""
        return (self.baseline, *self.variants)


def _of_preset(key: str, part: str) -> Variant:
    values = preset(key).values
    return Variant(preset(key).title.removeprefix("Loss: "), {part: values.get(part, {})})


def _batchnorm(key: str, title: str, stage: str) -> Study:
    return Study(
        key, title, "Does BatchNorm of the frozen backbone in eval mode (the BN fix) help?", stage,
        Variant("BN train", {"adapter.batchnorm": "train"}), (Variant("BN eval", {"adapter.batchnorm": "eval"}),),
    )  # fmt: skip


def _schedule(name: str, schedule: str, warmup: int) -> Variant:
    return Variant(name, {"schedule.name": schedule, "schedule.warmup_epochs": warmup})


_ALL_PARTS = ["stem", "layer1", "layer2", "layer3", "layer4"]

STUDIES: dict[str, Study] = {
    study.key: study
    for study in (
        _batchnorm("batchnorm", "BatchNorm mode", "stage2"),
        Study(
            "reduction", "Reduction γ", "How large must the adapters be?", "stage2",
            Variant("γ = 4", {"adapter.reduction": 4}),
            tuple(Variant(f"γ = {value}", {"adapter.reduction": value}) for value in (1, 2, 8)),
        ),
        Study(
            "loss", "Loss", "Does another loss help the rare classes?", "stage2",
            Variant("focal γ = 2", {"loss": {}}),
            tuple(
                _of_preset(f"loss_{key}", "loss")
                for key in (
                    "focal3", "poly", "poly_focal", "asymmetric", "focal_smoothing", "smoothing", "cross_entropy",
                    "arcface",
                )
            ),
        ),
        Study(
            "augmentation", "Augmentation", "Does augmentation help?", "stage2",
            Variant("none", {"augmentation": {}}),
            tuple(
                _of_preset(f"augment_{key}", "augmentation") for key in ("flips", "mixup", "cutmix", "randaugment")
            ),
        ),
        Study(
            "learning_rate", "Learning rate", "Which learning rate do the adapters want?", "stage2",
            Variant("1e-3", {"optimiser.adapter_lr": 1e-3}),
            tuple(
                Variant(text, {"optimiser.adapter_lr": float(text)}) for text in ("1e-4", "5e-4", "5e-3")
            ),
        ),
        Study(
            "schedule", "Schedule", "Does warm-up or a cosine help?", "stage2",
            _schedule("plateau", "plateau", 0),
            (
                _schedule("plateau, warm-up", "plateau", 5), _schedule("cosine", "cosine", 0),
                _schedule("cosine, warm-up", "cosine", 5),
            ),
        ),
        Study(
            "stage1_features", "Stage-1 features", "Are Stage-1 features the limit?", "stage2",
            Variant("frozen", {"adapter.unfrozen": [], "adapter.scheme": "thesis"}),
            (
                Variant("head only", {"adapter.unfrozen": [], "adapter.scheme": "none"}),
                Variant(
                    "layer4 unfrozen",
                    {"adapter.unfrozen": ["layer4"], "adapter.scheme": "thesis", "optimiser.backbone_lr": 3e-5},
                ),
                Variant(
                    "unfrozen",
                    {"adapter.unfrozen": _ALL_PARTS, "adapter.scheme": "thesis", "optimiser.backbone_lr": 3e-5},
                ),
                Variant(
                    "stem keep", {"adapter.unfrozen": [], "adapter.scheme": "thesis"}, {"backbone.stem": "keep"}
                ),
                Variant(
                    "ResNet-34", {"adapter.unfrozen": [], "adapter.scheme": "thesis"}, {"backbone.name": "resnet34"}
                ),
                Variant(
                    "Stage 1 on the natural mix", {"adapter.unfrozen": [], "adapter.scheme": "thesis"},
                    {"sampling": "natural", "loss.beta": 0.0},
                ),
            ),
        ),
        Study(
            "adapters", "Adapter scheme", "Do the paper's own adapters do better?", "stage2",
            Variant("thesis", {"adapter.scheme": "thesis"}),
            tuple(
                Variant(scheme.replace("_", " "), {"adapter.scheme": scheme})
                for scheme in ("conv_parallel", "conv_sequential", "residual_parallel", "residual_sequential")
            ),
        ),
        _batchnorm("stage3_rect", "Stage 3 RECT with the fix", "stage3_rect"),
        _batchnorm("stage3_ab", "Stage 3 AB with the fix", "stage3_ab"),
    )
}  # fmt: skip
"""The thesis's list, done and still open."""


@dataclass(frozen=True)
class Base:
    """What a study's arms have in common, as the spec of its baseline arm, and where it was tried.

    validation: of the runs, or None where none has run. found: the arms that have finished runs. runs: how many.
    """

    spec: RunSpec
    validation: str | None = None
    found: int = 0
    runs: int = 0


@dataclass(frozen=True)
class Arm:
    """One arm of a study on a base, and its runs.

    spec: of any seed; None if it cannot be, and `problem` says why. stage1: the Stage-1 run that has to be launched
    first, None if there is one. experiment: the key of the finished runs, None without any. missing: the seeds asked
    for that are neither finished nor coming. coming: how many wait or train.
    """

    variant: Variant
    spec: RunSpec | None
    stage1: RunSpec | None = None
    experiment: str | None = None
    seeds: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()
    coming: int = 0
    problem: str = ""


def study(key: str) -> Study:
    """The ready-made study of that key. Raises SpecError that lists the keys."""
    try:
        return STUDIES[key]
    except KeyError:
        raise SpecError(f"study: there is no {key!r}. The studies are {', '.join(STUDIES)}.") from None


def bases(study: Study, table: pd.DataFrame) -> list[Base]:
    """What the study can be read on, from rows of `results` of finished runs: the base of most arms and runs first.

    Runs that differ only in what the study varies share a base. Of equals, the one that was tried last.
    """
    rows = table[(table["stage"] == study.stage) & (table["origin"] == MEASURED)]
    grouped: dict[tuple[str, str], list] = {}
    for row in one_run_a_seed(rows).itertuples():
        base = _applied(_without_seed(row.spec), study.baseline.changes)
        if base is not None:
            grouped.setdefault((base.experiment, row.validation), []).append((base, row))
    found = []
    for (_, validation), members in grouped.items():
        base = members[-1][0]
        recipes = {arm.experiment for arm in (_applied(base, variant.changes) for variant in study.arms) if arm}
        there = {row.recipe for _, row in members if row.recipe in recipes}
        found.append(Base(base, validation, len(there), len(members)))
    return sorted(reversed(found), key=lambda base: (base.found, base.runs), reverse=True)


def arms(study: Study, base: Base, index: RunIndex, table: pd.DataFrame, seeds: Sequence[int] = SEEDS) -> list[Arm]:
    """The study's arms on a base, the baseline first, with what was trained of them.

    table: rows of `results` of finished runs. A run that waits or trains is of an arm if its spec is; what has finished
    counts only if it validated on the base's blocks.
    """
    finished = one_run_a_seed(table[table["origin"] == MEASURED])
    if base.validation is not None:
        finished = finished[finished["validation"] == base.validation]
    live = index.query("SELECT recipe, seed FROM runs WHERE list_contains(?, state)", [list(LIVE)])
    return [_arm(variant, base, index, finished, live, seeds) for variant in study.arms]


def launch_missing(launcher: Launcher, arms: Sequence[Arm]) -> list[RunFolder]:
    """Queue exactly the missing runs of these arms, seed by seed, after the Stage-1 runs that some of them need."""
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


def factors(table: pd.DataFrame, baseline: pd.Series) -> dict[str, int]:
    """Dotted keys in which single experiments differ from a baseline, with how many experiments vary each.

    table: of `experiments`; baseline: a row of it. Only experiments that validated on its blocks count.
    """
    counts: dict[str, int] = {}
    for row in _beside(table, baseline).itertuples():
        for key in differing_settings([baseline["spec"], row.spec]):
            counts[key] = counts.get(key, 0) + 1
    return counts


def custom(table: pd.DataFrame, baseline: pd.Series, factors: Sequence[str]) -> Study:
    """The study of all experiments that differ from a baseline in these factors at most; arguments as of `factors`."""
    variants = []
    for row in _beside(table, baseline).itertuples():
        differing = differing_settings([baseline["spec"], row.spec])
        if differing and set(differing) <= set(factors):
            changes = {key: value for key, (_, value) in differing.items()}
            name = ", ".join(f"{key} = {value_text(value)}" for key, value in changes.items())
            variants.append(Variant(name, changes))
    what = ", ".join(factors)
    return Study(CUSTOM, what, f"What do {what} do?", baseline["stage"], Variant(baseline["name"], {}), tuple(variants))


def _beside(table: pd.DataFrame, baseline: pd.Series) -> pd.DataFrame:
    same = (table["stage"] == baseline["stage"]) & (table["validation"] == baseline["validation"])
    return table[same & (table["origin"] == MEASURED) & (table["experiment"] != baseline["experiment"])]


def _arm(
    variant: Variant, base: Base, index: RunIndex, finished: pd.DataFrame, live: pd.DataFrame, seeds: Sequence[int]
) -> Arm:
    try:
        spec = parse_spec(with_overrides(base.spec.model_dump(mode="json"), dict(variant.changes)))
        stage1 = _stage1(variant, spec, index) if variant.stage1 else None
    except LabError as error:
        return Arm(variant, None, problem=str(error))
    spec = spec.model_copy(update={"name": variant.name})
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


def _stage1(variant: Variant, spec: RunSpec, index: RunIndex) -> RunSpec | str:
    """The run to start from, finished or else coming, or the spec of one that has to be launched."""
    if spec.stage1_run is None:
        raise SpecError("stage1_run: the base names no Stage-1 run, so nothing can be changed about it.")
    own = RunFolder.open(index.runs_dir, spec.stage1_run).spec()
    wanted = parse_spec(with_overrides(own.model_dump(mode="json"), dict(variant.stage1)))
    wanted = wanted.model_copy(update={"name": f"Stage 1, {variant.name.removeprefix('Stage 1 ')}"})
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
