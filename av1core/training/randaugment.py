"""RandAugment on luma: random photometric changes of each block, for the whole batch at once.

Only operations that move no pixel: a partition is tied to the 16×16 grid, so a shift, a rotation or a shear would make
its label wrong. The reaches are mild, for the encoder weighs a block's detail against the quantiser step: with far more
or less contrast it would cut the block another way. Equalise and solarise are left out for that reason. `Operation`
tells what each operation takes and gives.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

MAGNITUDE_MAX = 10

BRIGHTNESS_REACH = 0.2
CONTRAST_REACH = 0.3
GAMMA_REACH = 0.5
SHARPNESS_REACH = 0.5
NOISE_DEVIATION = 0.01
POSTERISE_LEVELS = 64


def brightness(x: Tensor, strength: Tensor, noise: Tensor) -> Tensor:
    """Add up to ±0.2 to all of a block; its residual stays as it is."""
    return x + BRIGHTNESS_REACH * strength


def contrast(x: Tensor, strength: Tensor, noise: Tensor) -> Tensor:
    """Scale the distance from the block's mean by 0.7 to 1.3."""
    return x + CONTRAST_REACH * strength * (x - x.mean((-2, -1), keepdim=True))


def gamma(x: Tensor, strength: Tensor, noise: Tensor) -> Tensor:
    """Raise to the power 2^±0.5 at most: lifts or lowers the mid-tones, black and white stay."""
    return x.pow(torch.exp2(GAMMA_REACH * strength))


def sharpness(x: Tensor, strength: Tensor, noise: Tensor) -> Tensor:
    """Go up to half of the way to the 3×3 mean (a blur), or as far away from it; edges stay in place."""
    blurred = F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)
    return x + SHARPNESS_REACH * strength * (x - blurred)


def grain(x: Tensor, strength: Tensor, noise: Tensor) -> Tensor:
    """Add white noise of a standard deviation of up to 0.01, about ten of 1023 steps."""
    return x + NOISE_DEVIATION * strength * noise


def posterise(x: Tensor, strength: Tensor, noise: Tensor) -> Tensor:
    """Go up to the whole way to the nearest of 64 levels."""
    return x + strength.abs() * ((x * (POSTERISE_LEVELS - 1)).round() / (POSTERISE_LEVELS - 1) - x)


Operation = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(x, strength, noise) → changed x (N, 1, S, S).

x in [0, 1]; strength (N, 1, 1, 1) in [−1, 1], 0 being the identity; noise, shaped as x, standard normal.
"""

OPERATIONS: tuple[Operation, ...] = (brightness, contrast, gamma, sharpness, grain, posterise)


def randaugment(inputs: Tensor, operations: int, magnitude: int, generator: torch.Generator) -> Tensor:
    """Change each block by that many operations in a row (Cubuk et al. 2020, arXiv 1909.13719).

    For each block and place in the row, one of OPERATIONS or the identity is drawn, all equally likely, and a
    direction. inputs: (N, 1, S, S) float32 in [0, 1]. magnitude: 0 to 10, the strength in tenths of each reach. Returns
    the same shape and range.
    """
    options = {"device": inputs.device, "generator": generator}
    places = (len(inputs), 1, 1, 1)
    for _ in range(operations):
        # The last number stands for the identity.
        chosen = torch.randint(len(OPERATIONS) + 1, places, **options)
        strength = (torch.randint(2, places, **options) * 2 - 1) * (magnitude / MAGNITUDE_MAX)
        noise = torch.randn(inputs.shape, **options)
        changed = inputs
        for number, operation in enumerate(OPERATIONS):
            changed = torch.where(chosen == number, operation(inputs, strength, noise), changed)
        inputs = changed.clamp(0, 1)
    return inputs
