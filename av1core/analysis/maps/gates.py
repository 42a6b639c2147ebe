"""What the backbone's gates do to a block: squeeze-excitation weighs channels, spatial attention weighs positions."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import nn

    from av1core.models.stage import StageModel

_AT_ONCE = 1024


@dataclass(frozen=True, eq=False)
class Gates:
    """The weights in [0, 1] that the backbone's gates give N blocks.

    channels: of squeeze-excitation (Hu et al. 2018, arXiv 1709.01507) by layer, float32 (N, C); empty for a backbone
    without. attention: of CBAM's spatial attention (Woo et al. 2018, arXiv 1807.06521) on the last map before pooling,
    float32 (N, h, w); None for a backbone without.
    """

    channels: dict[str, np.ndarray]
    attention: np.ndarray | None

    @property
    def spatial(self) -> bool:
        """Whether spatial attention has more than one position; else it weighs the whole map by one number."""
        return self.attention is not None and self.attention[0].size > 1


def gates(model: "StageModel", pixels: np.ndarray, qindex: np.ndarray | None = None) -> Gates:
    """The gates of a model for blocks: uint16 (N, S, S), 10-bit luma, and their qindex, integers (N,), if it needs it.

    The model is left as it was, also after an error. ValueError for no block.
    """
    import torch

    from av1core.models.stage import to_input
    from av1core.models.undisturbed import undisturbed

    found: dict[str, list[np.ndarray]] = {}
    with undisturbed(model), torch.inference_mode():
        device = next(model.parameters()).device
        for name, gate in _gate_modules(model):
            found[name] = []
            gate.register_forward_hook(
                lambda _module, _inputs, weights, kept=found[name]: kept.append(weights.float().cpu().numpy())
            )
        for first in range(0, len(pixels), _AT_ONCE):
            some = slice(first, first + _AT_ONCE)
            beside = None if qindex is None else torch.from_numpy(qindex[some].astype(np.int64)).to(device)
            model(to_input(torch.from_numpy(pixels[some].astype(np.int32)).to(device)), beside)
    weights = {name: np.concatenate(parts) for name, parts in found.items()}
    attention = weights.pop("attention", None)
    return Gates({name: of[:, :, 0, 0] for name, of in weights.items()}, None if attention is None else attention[:, 0])


def _gate_modules(model: "StageModel") -> Iterator[tuple[str, "nn.Module"]]:
    """The modules that put out the weights themselves, before timm multiplies the map with them."""
    from timm.layers import SEModule
    from timm.layers.cbam import SpatialAttn

    for layer, module in model.backbone.se.items():
        if isinstance(module, SEModule):
            yield layer, module.gate
    if isinstance(model.backbone.attention, SpatialAttn):
        yield "attention", model.backbone.attention.gate
