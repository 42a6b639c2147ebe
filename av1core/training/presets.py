"""The thesis's experiments, those it plans included, by the names it gives them, as values of the run spec."""

from dataclasses import dataclass
from typing import Any

from av1core.errors import SpecError
from av1core.translation import message


@dataclass(frozen=True)
class Preset:
    """A named starting point: `values` holds what differs from the spec's defaults."""

    key: str
    title: str
    about: str
    values: dict[str, Any]


def _stage1(key: str, title: str, about: str, **values: Any) -> Preset:
    return Preset(key, title, about, {"name": title, "stage": "stage1", **values})


def _with_fix(key: str, title: str, about: str, *, stage: str = "stage2", **values: Any) -> Preset:
    """A variant of Exp 03: γ = 4 and BatchNorm of the frozen backbone in eval mode, unless it says otherwise."""
    adapter = {"reduction": 4, "batchnorm": "eval", **values.pop("adapter", {})}
    return Preset(key, title, about, {"name": title, "stage": stage, "adapter": adapter, **values})


_IN_TRAIN_MODE = {"batchnorm": "train"}

PRESETS: dict[str, Preset] = {
    preset.key: preset
    for preset in (
        _stage1("stage1", "Stage 1", "NONE or PARTITION: trains the backbone that the later stages freeze."),
        _with_fix(
            "baseline",
            "Baseline",
            "Stage 2, adapters with γ = 4, BatchNorm of the frozen backbone in train mode.",
            adapter=_IN_TRAIN_MODE,
        ),
        _with_fix(
            "exp02",
            "Exp 02",
            "The baseline with γ = 2: twice the adapter parameters.",
            adapter=_IN_TRAIN_MODE | {"reduction": 2},
        ),
        _with_fix(
            "exp03", "Exp 03", "The baseline with BatchNorm of the frozen backbone in eval mode (the BN fix)."
        ),
        _with_fix(
            "stage3_rect",
            "Stage 3 RECT",
            "HORZ or VERT, on the same frozen backbone, with the fix.",
            stage="stage3_rect",
        ),
        _with_fix(
            "stage3_ab", "Stage 3 AB", "HORZ_A, HORZ_B, VERT_A or VERT_B, with the fix.", stage="stage3_ab"
        ),
        # The loss study (Exp 04); class-balanced focal with γ = 2 is Exp 03 itself.
        _with_fix("loss_focal3", "Loss: focal γ = 3", "Class-balanced focal loss with γ = 3.", loss={"gamma": 3.0}),
        _with_fix("loss_poly", "Loss: PolyLoss", "Poly-1, class-balanced.", loss={"name": "poly"}),
        _with_fix("loss_poly_focal", "Loss: Poly-focal", "Poly-1 on focal, balanced.", loss={"name": "poly_focal"}),
        _with_fix("loss_asymmetric", "Loss: asymmetric", "γ₊ = 0, γ₋ = 4.", loss={"name": "asymmetric", "beta": 0.0}),
        _with_fix(
            "loss_focal_smoothing", "Loss: focal, smoothed", "Class-balanced focal, label smoothing 0.1.",
            loss={"smoothing": 0.1},
        ),
        _with_fix(
            "loss_smoothing", "Loss: label smoothing", "Cross-entropy, label smoothing 0.1.",
            loss={"name": "cross_entropy", "smoothing": 0.1, "beta": 0.0},
        ),
        _with_fix(
            "loss_cross_entropy", "Loss: cross-entropy", "Unweighted cross-entropy.",
            loss={"name": "cross_entropy", "beta": 0.0},
        ),
        _with_fix("loss_arcface", "Loss: ArcFace", "Margin 0.3, s = 16.", loss={"name": "arcface", "beta": 0.0}),
        _with_fix("augment_cutmix", "CutMix", "CutMix with α = 1.", augmentation={"cutmix_alpha": 1.0}),
        _with_fix("augment_mixup", "MixUp", "MixUp with α = 0.2.", augmentation={"mixup_alpha": 0.2}),
        _with_fix(
            "augment_randaugment", "RandAugment", "Two changes of the luma, magnitude 5.",
            augmentation={"randaugment_operations": 2},
        ),
        _with_fix(
            "augment_flips", "Flips and transposition", "Mirrored blocks with mirrored labels.",
            augmentation={"flips": True, "transposition": True},
        ),
        *(
            _with_fix(
                f"lr_{rate:.0e}".replace("e-0", "e-"), f"Adapter LR {rate:.0e}".replace("e-0", "e-"),
                "Of the learning-rate sweep; 1e-3 is Exp 03 itself.", optimiser={"adapter_lr": rate},
            )
            for rate in (1e-4, 5e-4, 5e-3)
        ),
        _with_fix("warmup", "Warm-up", "Rates rise over five epochs.", schedule={"warmup_epochs": 5}),
        _with_fix("cosine", "Cosine", "Rates fall along a cosine to the last epoch.", schedule={"name": "cosine"}),
        _with_fix(
            "cosine_warmup", "Cosine, warm-up", "Five epochs of warm-up, then a cosine.",
            schedule={"name": "cosine", "warmup_epochs": 5},
        ),
        # Stage-1 feature quality.
        _with_fix(
            "unfrozen", "Stage 2, unfrozen", "The whole backbone trains along, at a tenth of its Stage-1 rate.",
            adapter={"unfrozen": ["stem", "layer1", "layer2", "layer3", "layer4"]}, optimiser={"backbone_lr": 3e-5},
        ),
        _with_fix(
            "unfrozen_layer4", "Stage 2, layer4 unfrozen", "The last layer trains along.",
            adapter={"unfrozen": ["layer4"]}, optimiser={"backbone_lr": 3e-5},
        ),
        _with_fix("head_only", "Stage 2, head only", "No adapters: a linear probe.", adapter={"scheme": "none"}),
        _stage1(
            "stage1_keep", "Stage 1, keep stem", "No early stride: layer3 and layer4 have maps to speak of.",
            backbone={"stem": "keep"},
        ),
        _stage1(
            "stage1_natural", "Stage 1, natural mix", "Natural sampling, no class weights.",
            sampling="natural", loss={"beta": 0.0},
        ),
        # The paper's own adapters.
        *(
            _with_fix(
                f"paper_{scheme}",
                f"Conv-Adapter: {scheme.replace('_', ' ')}",
                "The paper's adapter inside every residual block of layer3 and layer4.", adapter={"scheme": scheme},
            )
            for scheme in ("conv_parallel", "conv_sequential", "residual_parallel", "residual_sequential")
        ),
    )
}  # fmt: skip


def preset(key: str) -> Preset:
    """The preset of that key. Raises SpecError that lists the keys."""
    try:
        return PRESETS[key]
    except KeyError:
        raise SpecError(
            message("preset: there is no {key}. The presets are {presets}.", key=repr(key), presets=", ".join(PRESETS))
        ) from None
