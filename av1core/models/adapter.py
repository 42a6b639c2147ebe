"""The Conv-Adapter of the thesis, after Chen et al. 2022 (arXiv 2208.07463).

h ← h + α·up(relu(depthwise(relu(bn(down(h)))))). It differs from the paper's, which has no normalisation, a depth-wise
`down`, and sits inside every residual block; here one adapter follows a whole layer.
"""

import torch
from torch import Tensor, nn


class ConvAdapter(nn.Module):
    """A bottleneck of C/γ channels beside the identity: (N, C, H, W) → (N, C, H, W)."""

    def __init__(self, channels: int, reduction: int):
        """channels: C of the map it follows. reduction: γ, a divisor of C."""
        super().__init__()
        hidden = channels // reduction
        self.down = nn.Conv2d(channels, hidden, 1, bias=False)
        self.bn = nn.BatchNorm2d(hidden)
        self.act1 = nn.ReLU()
        self.depthwise = nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden, bias=False)
        self.act2 = nn.ReLU()
        self.up = nn.Conv2d(hidden, channels, 1, bias=False)
        self.alpha = nn.Parameter(torch.ones(()))

    def forward(self, h: Tensor) -> Tensor:
        """h: (N, C, H, W), the layer's output → the same shape."""
        delta = self.up(self.act2(self.depthwise(self.act1(self.bn(self.down(h))))))
        return h + self.alpha * delta

    @torch.no_grad()
    def initialise(self, generator: torch.Generator) -> None:
        """Near zero at the start (α 1, `up` normal of std 0.001), so that an adapted model begins as the frozen one."""
        nn.init.ones_(self.alpha)
        nn.init.normal_(self.up.weight, std=1e-3, generator=generator)
