"""Weight initialisation from an explicit generator, so that runs in parallel threads never disturb each other."""

import math

import torch
from torch import Tensor, nn


@torch.no_grad()
def initialise(module: nn.Module, generator: torch.Generator) -> None:
    """Draw every weight of a module anew from `generator`, in the order of its named modules.

    Convolutions: He normal, fan-out (He et al. 2015, arXiv 1502.01852), as timm's ResNet. Linear layers: uniform
    ±1/√fan-in, as torch. BatchNorm: scale 1, shift 0, running statistics reset. A module that defines
    `initialise(generator)` is asked last and may refine its own weights.
    """
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu", generator=generator)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
        elif isinstance(part, nn.Linear):
            bound = 1 / math.sqrt(part.in_features)
            nn.init.uniform_(part.weight, -bound, bound, generator=generator)
            if part.bias is not None:
                nn.init.uniform_(part.bias, -bound, bound, generator=generator)
        elif isinstance(part, nn.BatchNorm2d):
            part.reset_running_stats()
            nn.init.ones_(part.weight)
            nn.init.zeros_(part.bias)
    for part in module.modules():
        own = getattr(part, "initialise", None)
        if callable(own):
            own(generator)


_LEAST = -(2**63)


class SeededDropout(nn.Module):
    """Dropout (Srivastava et al. 2014) whose masks come from a generator of its own.

    torch's dropout draws from one generator for the whole process, which other threads use too; a run could then not be
    repeated.
    """

    def __init__(self, p: float):
        """p: probability of zeroing a feature, in [0, 1)."""
        super().__init__()
        self.p = p
        self.generator: torch.Generator | None = None

    def forward(self, x: Tensor) -> Tensor:
        """x: any shape → the same shape; the identity in eval mode."""
        return x * self.mask(x) if self.training and self.p else x

    def mask(self, x: Tensor) -> Tensor:
        """What dropout multiplies x by, of its shape and dtype: 0, or 1 / (1 − p) where a feature is kept; drawn anew.

        p is rounded to a multiple of 2⁻¹⁶.
        """
        # Four numbers of 16 bits from each drawn one, which is what takes the time; the same whatever the type of x.
        drawn = torch.randint(_LEAST, -_LEAST - 1, (-(-x.numel() // 4),), device=x.device, generator=self.generator)
        dropped = round(self.p * 2**16)
        kept = drawn.view(torch.int16)[: x.numel()].view(x.shape) >= dropped - 2**15
        return kept.to(x.dtype).mul_(2**16 / (2**16 - dropped))
