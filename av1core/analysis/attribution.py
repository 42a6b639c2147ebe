"""Captum maps of a stage model's layers for single blocks.

Grad-CAM: Selvaraju et al. 2017 (arXiv 1610.02391); Captum's LayerGradCam without its ReLU, so that evidence against a
class stays visible.
"""

import threading
from weakref import WeakKeyDictionary

import numpy as np
import torch
from captum.attr import LayerGradCam

from av1core.errors import RunError
from av1core.models.backbone import PARTS
from av1core.models.geometry import LayerGeometry, geometry
from av1core.models.stage import StageModel, to_input

# The stem's map is the one after BatchNorm and ReLU, before pooling.
_MODULES = {part: f"backbone.{'act1' if part == 'stem' else part}" for part in PARTS}

# Captum hooks the model's modules: two threads on one model would read each other's activations.
_locks: WeakKeyDictionary[StageModel, threading.Lock] = WeakKeyDictionary()
_locks_guard = threading.Lock()


def layer_maps(model: StageModel, size: int) -> tuple[LayerGeometry, ...]:
    """The layers for size×size blocks. Grad-CAM of one that is not `spatial` is a single number."""
    # Geometry copies the model, and with it the hooks that another thread may have on it just then.
    with _lock(model):
        return geometry(model, size)


def grad_cam(
    model: StageModel, pixels: np.ndarray, target: int, layer: str, qindex: np.ndarray | None = None
) -> np.ndarray:
    """Grad-CAM of a layer for one class.

    pixels: uint16 (N, S, S) 10-bit luma. target: class index. qindex: integers (N,) in 0–255, needed only if it is an
    input of the model. Returns float32 (N, h, w), the layer's own resolution, signed. The model's mode, parameters,
    buffers and gradients are as before, also after an error. Raises RunError for an unknown layer, one whose map is
    1×1, or a missing qindex.
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
    device = next(model.parameters()).device
    inputs = to_input(torch.from_numpy(pixels.astype(np.int32))).to(device)
    beside = None if qindex is None else torch.from_numpy(qindex.astype(np.int64)).to(device)
    with _lock(model):
        modes = [(part, part.training) for part in model.modules()]
        model.eval()
        try:
            with torch.enable_grad():
                maps = LayerGradCam(model, module).attribute(inputs, target, additional_forward_args=beside)
        finally:
            for part, mode in modes:
                part.training = mode
    return maps.detach().squeeze(1).float().cpu().numpy()


def _lock(model: StageModel) -> threading.Lock:
    with _locks_guard:
        return _locks.setdefault(model, threading.Lock())
