"""Captum maps of a stage model's layers for single blocks.

Grad-CAM: Selvaraju et al. 2017 (arXiv 1610.02391); Captum's LayerGradCam without its ReLU, so that evidence against a
class stays visible.
"""

import threading
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import torch
from captum.attr import LayerGradCam

from av1core.errors import RunError
from av1core.models.backbone import LAYERS
from av1core.models.small_maps import map_sizes
from av1core.models.stage import StageModel, to_input

STEM = "stem"
"""The first convolution after BatchNorm and ReLU, before pooling."""

_MODULES = {STEM: "backbone.act1", **{layer: f"backbone.{layer}" for layer in LAYERS}}

# Captum hooks the model's modules: two threads on one model would read each other's activations.
_locks: WeakKeyDictionary[StageModel, threading.Lock] = WeakKeyDictionary()
_locks_guard = threading.Lock()


@dataclass(frozen=True)
class LayerMap:
    """Where a layer can be attributed: its name and the height and width of its map for the block size."""

    layer: str
    height: int
    width: int

    @property
    def spatial(self) -> bool:
        """Whether the map has more than one position; Grad-CAM on 1×1 is a single number."""
        return self.height * self.width > 1


def layer_maps(model: StageModel, size: int) -> list[LayerMap]:
    """The stem and each residual layer with the size of its map for size×size blocks."""
    with _lock(model):
        sizes = map_sizes(model, size, tuple(_MODULES.values()))
    return [LayerMap(layer, *sizes[module]) for layer, module in _MODULES.items()]


def grad_cam(model: StageModel, pixels: np.ndarray, target: int, layer: str) -> np.ndarray:
    """Grad-CAM of a layer for one class.

    pixels: uint16 (N, S, S) 10-bit luma. target: class index. Returns float32 (N, h, w), the layer's own resolution,
    signed. The model's mode, parameters, buffers and gradients are as before, also after an error. Raises RunError
    for an unknown layer or one whose map is 1×1.
    """
    if layer not in _MODULES:
        raise RunError(f"layer: there is no {layer!r}. The layers are {', '.join(_MODULES)}.")
    chosen = next(entry for entry in layer_maps(model, pixels.shape[-1]) if entry.layer == layer)
    if not chosen.spatial:
        raise RunError(
            f"layer: the map of {layer} is 1×1 for these blocks: a single number without a position. "
            "Choose an earlier layer."
        )
    module = model.get_submodule(_MODULES[layer])
    inputs = to_input(torch.from_numpy(pixels.astype(np.int32))).to(next(model.parameters()).device)
    with _lock(model):
        modes = [(part, part.training) for part in model.modules()]
        model.eval()
        try:
            with torch.enable_grad():
                maps = LayerGradCam(model, module).attribute(inputs, target=target)
        finally:
            for part, mode in modes:
                part.training = mode
    return maps.detach().squeeze(1).float().cpu().numpy()


def _lock(model: StageModel) -> threading.Lock:
    with _locks_guard:
        return _locks.setdefault(model, threading.Lock())
