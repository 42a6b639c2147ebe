"""The Conv-Adapter inside residual blocks, in the four schemes of Chen et al. 2022 (arXiv 2208.07463).

h ← h + α·Δh with Δh = up(f(down(z))): `down` is a grouped K×K convolution to C/γ channels, f the backbone's
activation, `up` 1×1, α one number a channel; no normalisation and no bias. z and h are

| scheme                | z                               | h                       |
|-----------------------|---------------------------------|-------------------------|
| `conv_parallel`       | the input of a K×K convolution  | its output              |
| `conv_sequential`     | its output                      | its output              |
| `residual_parallel`   | the input of the residual block | the output of the block |
| `residual_sequential` | the output of the block         | the output of the block |

The K×K convolution is the one that carries the block's stride, as in the authors' code: the middle one of a bottleneck,
and the first one of a basic block, where both are 3×3. Its output is taken before BatchNorm.
"""

from collections.abc import Callable
from typing import Literal

import torch
from timm.models.resnet import BasicBlock, Bottleneck
from torch import Tensor, nn

from av1core.errors import SpecError
from av1core.translation import message

BlockScheme = Literal["conv_parallel", "conv_sequential", "residual_parallel", "residual_sequential"]


class BlockAdapter(nn.Module):
    """Runs a residual block of timm that stays as it is, adapted: `adapter(block, x)`."""

    def __init__(self, block: nn.Module, scheme: BlockScheme, reduction: int):
        """block: the BasicBlock or Bottleneck that it will be called with, for its sizes; it is not kept.

        reduction: γ. Raises SpecError if γ does not divide the channels of z, or for another kind of block.
        """
        super().__init__()
        if not isinstance(block, BasicBlock | Bottleneck):
            raise SpecError(
                message(
                    "adapter.scheme: {scheme} fits basic and bottleneck blocks, and this backbone has {name}. "
                    "Choose 'thesis'.",
                    scheme=scheme,
                    name=type(block).__name__,
                )
            )
        place, _, order = scheme.partition("_")
        self.inside, self.parallel = place == "conv", order == "parallel"
        convolution = _strided_convolution(block)
        if self.inside:
            # Not the block's stride: in an anti-aliased block a pooling after the activation takes that.
            c_in, c_out, stride = convolution.in_channels, convolution.out_channels, convolution.stride[0]
        else:
            c_in, c_out, stride = block.conv1.in_channels, _last_norm(block).num_features, block.stride
        if not self.parallel:
            c_in, stride = c_out, 1
        if c_in % reduction:
            raise SpecError(
                message(
                    "adapter.reduction: γ={reduction} does not divide {c_in} channels. Choose a smaller γ.",
                    reduction=reduction,
                    c_in=c_in,
                )
            )
        hidden, kernel = c_in // reduction, convolution.kernel_size[0]
        self.down = nn.Conv2d(c_in, hidden, kernel, stride, padding=kernel // 2, groups=hidden, bias=False)
        self.act = type(block.act1)()
        self.up = nn.Conv2d(hidden, c_out, 1, bias=False)
        self.alpha = nn.Parameter(torch.ones(c_out, 1, 1))

    def forward(self, block: nn.Module, x: Tensor) -> Tensor:
        """x: (N, C_in, H, W), the block's input → (N, C_out, H', W'), its adapted output."""
        return run_block(block, x, self._adapt) if self.inside else self._adapt(block, x)

    def _adapt(self, module: nn.Module, x: Tensor) -> Tensor:
        h = module(x)
        return h + self.alpha * self.up(self.act(self.down(x if self.parallel else h)))

    @torch.no_grad()
    def initialise(self, generator: torch.Generator) -> None:
        """Near zero at the start (α 1, `up` normal of std 0.001), so that an adapted model begins as the frozen one."""
        nn.init.ones_(self.alpha)
        nn.init.normal_(self.up.weight, std=1e-3, generator=generator)


def run_block(block: BasicBlock | Bottleneck, x: Tensor, convolve: Callable[[nn.Module, Tensor], Tensor]) -> Tensor:
    """A block's forward pass as timm's, with `convolve(convolution, input)` for its strided convolution.

    x: (N, C_in, H, W) → (N, C_out, H', W').
    """
    if isinstance(block, BasicBlock):
        h = block.aa(block.act1(block.drop_block(block.bn1(convolve(block.conv1, x)))))
        h = block.bn2(block.conv2(h))
        act = block.act2
    else:
        h = block.act1(block.bn1(block.conv1(x)))
        h = block.aa(block.act2(block.drop_block(block.bn2(convolve(block.conv2, h)))))
        h = block.bn3(block.conv3(h))
        act = block.act3
    if block.se is not None:
        h = block.se(h)
    if block.drop_path is not None:
        h = block.drop_path(h)
    return act(h + (x if block.downsample is None else block.downsample(x)))


def _strided_convolution(block: BasicBlock | Bottleneck) -> nn.Conv2d:
    return block.conv1 if isinstance(block, BasicBlock) else block.conv2


def _last_norm(block: BasicBlock | Bottleneck) -> nn.BatchNorm2d:
    return block.bn2 if isinstance(block, BasicBlock) else block.bn3
