"""Studies: a baseline and variants that differ from it in named factors, the thesis's own ready-made.

A study says what varies; everything else is said by the base that it is read on (`analysis.arms`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from av1core.analysis.experiments import differing_settings
from av1core.errors import SpecError
from av1core.runs.records import MEASURED
from av1core.training.presets import preset
from av1core.training.sweep import value_text
from av1core.translation import message

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

    def variant(self, name: str) -> Variant:
        """The variant of that name. Raises SpecError that lists the names."""
        found = {variant.name: variant for variant in self.variants}
        if name not in found:
            raise SpecError(
                message(
                    "variant: the study {key} has none called {name}; it has {found}.",
                    key=self.key,
                    name=repr(name),
                    found=", ".join(found),
                )
            )
        return found[name]


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


def study(key: str) -> Study:
    """The ready-made study of that key. Raises SpecError that lists the keys."""
    try:
        return STUDIES[key]
    except KeyError:
        raise SpecError(
            message("study: there is no {key}. The studies are {studies}.", key=repr(key), studies=", ".join(STUDIES))
        ) from None


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
