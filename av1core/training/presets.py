"""The thesis's experiments by the names it gives them, as values of the run spec."""

from dataclasses import dataclass
from typing import Any

from av1core.errors import SpecError


@dataclass(frozen=True)
class Preset:
    """A named starting point: `values` holds what differs from the spec's defaults."""

    key: str
    title: str
    about: str
    values: dict[str, Any]


PRESETS: dict[str, Preset] = {
    preset.key: preset
    for preset in (
        Preset(
            "stage1",
            "Stage 1",
            "NONE or PARTITION: trains the backbone that the later stages freeze.",
            {"name": "Stage 1", "stage": "stage1"},
        ),
        Preset(
            "baseline",
            "Baseline",
            "Stage 2, adapters with γ = 4, BatchNorm of the frozen backbone in train mode.",
            {"name": "Baseline", "stage": "stage2", "adapter": {"reduction": 4, "batchnorm": "train"}},
        ),
        Preset(
            "exp02",
            "Exp 02",
            "The baseline with γ = 2: twice the adapter parameters.",
            {"name": "Exp 02", "stage": "stage2", "adapter": {"reduction": 2, "batchnorm": "train"}},
        ),
        Preset(
            "exp03",
            "Exp 03",
            "The baseline with BatchNorm of the frozen backbone in eval mode (the BN fix).",
            {"name": "Exp 03", "stage": "stage2", "adapter": {"reduction": 4, "batchnorm": "eval"}},
        ),
    )
}


def preset(key: str) -> Preset:
    """The preset of that key. Raises SpecError that lists the keys."""
    try:
        return PRESETS[key]
    except KeyError:
        raise SpecError(f"preset: there is no {key!r}. The presets are {', '.join(PRESETS)}.") from None
