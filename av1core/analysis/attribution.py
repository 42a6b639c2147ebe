"""Maps of single blocks: where a model finds the evidence for a class.

Captum does the arithmetic of most methods. Random ones draw from their seed alone and every block gets the same draws,
so a block's map depends neither on the blocks beside it nor on the device. Integrated gradients and conductance have a
quadrature of their own, see `_along_path`.
"""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from captum.attr import LayerActivation, LayerGradCam, Occlusion, Saliency
from torch import Tensor, nn

from av1core.analysis.maps.methods import MapSpec, baseline_luma
from av1core.errors import RunError
from av1core.hardware import exact_on_cuda
from av1core.models.layers import Layer, model_layers
from av1core.models.stage import StageModel
from av1core.models.undisturbed import undisturbed
from av1core.partition import LUMA_MAX
from av1core.translation import message

MOST_AT_ONCE = 1024
"""Blocks in one forward pass, copies along a path counted; the memory a call needs is bounded by it."""

STEPS = 128
"""Pieces of the path of integrated gradients and conductance."""

WINDOW, STRIDE = 4, 2
"""Of occlusion, in pixels."""

SAMPLES = 16
"""Noisy copies of a block for SmoothGrad, and points for GradientSHAP."""

SMOOTH_NOISE, SHAP_NOISE = 0.15, 0.02
"""Standard deviations of the noise: a share of the block's range, and of the full range of luma."""

_COPIES = {
    "integrated_gradients": STEPS + 1, "conductance": STEPS + 1, "smoothgrad": SAMPLES, "gradient_shap": SAMPLES,
}  # fmt: skip
"""Of a block in a forward pass."""

Forward = Callable[..., Tensor]


def attribute(
    model: nn.Module,
    blocks: np.ndarray,
    method: str,
    target: int | np.ndarray,
    layer: str | None = None,
    *,
    qindex: np.ndarray | None = None,
    baseline: str = "mean",
    output: str = "logit",
    background: np.ndarray | None = None,
    seed: int = 0,
) -> np.ndarray:
    """The maps of blocks for one class, or for one class each: float32 (N, h, w), h = w = S or those of the layer.

    model: takes float (N, 1, S, S) in [0, 1] and qindex, and gives logits (N, classes); layers are those of
    `model_layers`, so methods of layers need a StageModel. blocks: uint16 (N, S, S), 10-bit luma. method, baseline,
    output: keys of METHODS, which names each one's paper, BASELINES and OUTPUTS. target: class index, or int (N,).
    qindex: integers (N,) in 0–255, needed only if it is an input of the model. background: uint16 (B, S, S), blocks
    that GradientSHAP starts from beside the baseline. The model's parameters, buffers, gradients, mode and hooks are as
    before, also after an error.
    RunError for an unknown method or layer, a layer whose map is 1×1, an impossible class, or a missing qindex.
    """
    spec = MapSpec(method, layer, baseline, output, seed)
    targets = np.broadcast_to(np.asarray(target, np.int64), len(blocks))
    with undisturbed(model), torch.enable_grad():
        place = None if layer is None else spatial_layer(model, layer, blocks.shape[-1])
        if not len(blocks):
            sides = blocks.shape[1:] if place is None else (place.height, place.width)
            return np.empty((0, *sides), np.float32)
        device = next(model.parameters()).device
        if device.type == "cuda":
            exact_on_cuda()
        of_blocks = None if qindex is None else torch.from_numpy(qindex.astype(np.int64)).to(device)
        references = baseline_luma(blocks, baseline)
        forward = explained(model, output)
        # The classes are checked on one block, before any work.
        with torch.no_grad():
            outputs = forward(to_luma(blocks[:1], device), None if of_blocks is None else of_blocks[:1])
        _check_targets(outputs.shape[1], targets)
        maker = _Maker(forward, spec, place and model.get_submodule(place.module), background, device)
        maps = []
        for some in _chunks(len(blocks), _COPIES.get(method, 1)):
            inputs, start = (to_luma(luma[some], device) for luma in (blocks, references))
            beside = None if of_blocks is None else of_blocks[some]
            of_some = torch.from_numpy(targets[some].copy()).to(device)
            maps.append(maker.maps(inputs, start, of_some, beside))
        return torch.cat(maps).squeeze(1).float().cpu().numpy()


def explained(model: nn.Module, output: str) -> Forward:
    """The function that maps explain, (N, 1, S, S), qindex → (N, classes): the logits or the log-odds."""
    if output == "logit":
        return model

    def log_odds(inputs: Tensor, qindex: Tensor | None = None) -> Tensor:
        logits = model(inputs, qindex)
        others = logits[:, None, :].expand(-1, logits.shape[1], -1)
        own = torch.eye(logits.shape[1], dtype=torch.bool, device=logits.device)
        return logits - others.masked_fill(own, -torch.inf).logsumexp(2)

    return log_odds


def to_luma(luma: np.ndarray, device: torch.device) -> Tensor:
    """Luma (N, S, S) in 0–1023, of any number type → network input, float32 (N, 1, S, S) in [0, 1]."""
    return torch.from_numpy(luma.astype(np.float32)).to(device).unsqueeze(1) / LUMA_MAX


def spatial_layer(model: StageModel, name: str, block_size: int) -> Layer:
    """The layer of this name, which has a map of more than one position; RunError if there is none such."""
    layers = {entry.name: entry for entry in model_layers(model, block_size)}
    if name not in layers:
        raise RunError(
            message("layer: there is no {name}. The layers are {layers}.", name=repr(name), layers=", ".join(layers))
        )
    if not layers[name].spatial:
        raise RunError(
            message(
                "layer: the map of {name} is 1×1 for these blocks: a single number without a position. Choose an "
                "earlier layer.",
                name=name,
            )
        )
    return layers[name]


class _Maker:
    """Makes the maps of one spec for batches of blocks."""

    def __init__(self, forward: Forward, spec: MapSpec, module: nn.Module | None, background, device: torch.device):
        """background: as in `attribute`."""
        self.forward, self.spec, self.module, self.device = forward, spec, module, device
        self.background = None if background is None else to_luma(background, device)

    def maps(self, inputs: Tensor, start: Tensor, target: Tensor, qindex: Tensor | None) -> Tensor:
        """(N, 1, h, w). inputs, start: (N, 1, S, S), the blocks and their baselines. target: int64 (N,)."""
        common = {"additional_forward_args": qindex}
        match self.spec.method:
            case "saliency":
                return Saliency(self.forward).attribute(inputs.requires_grad_(), target, **common).detach()
            case "smoothgrad":
                return self._smoothgrad(inputs, target, qindex)
            case "gradient_shap":
                return self._gradient_shap(inputs, start, target, qindex)
            case "occlusion":
                maps = Occlusion(self.forward).attribute(
                    inputs, (1, WINDOW, WINDOW), (1, STRIDE, STRIDE), start, target,
                    perturbations_per_eval=max(1, MOST_AT_ONCE // len(inputs)), **common,
                )  # fmt: skip
                return maps.detach() / WINDOW**2
            case "grad_cam":
                return LayerGradCam(self.forward, self.module).attribute(inputs, target, **common).detach()
            case "activation":
                return LayerActivation(self.forward, self.module).attribute(inputs, **common).detach().mean(1, True)
            case _:
                return self._along_path(inputs, start, target, qindex)

    def _along_path(self, inputs: Tensor, start: Tensor, target: Tensor, qindex: Tensor | None) -> Tensor:
        """Integrated gradients of the input, or conductance of a layer: (N, 1, h, w), channels summed.

        A ReLU network's gradient jumps hundreds of times along a path, so any quadrature converges slowly: Captum's
        Gauss-Legendre rule misses completeness by several percent with 128 points. Here each piece of the path is
        integrated by the trapezoid rule, and what it then lacks of the piece's known rise of the output is shared among
        the places in proportion to how far the gradients at its ends disagree there. That costs nothing, makes the map
        complete up to rounding, and a place is as near to the integral as by Captum's rule or nearer.
        """
        shares = torch.linspace(0, 1, STEPS + 1, device=self.device)[:, None, None, None]
        points = (start[:, None] + shares * (inputs - start)[:, None]).flatten(0, 1).requires_grad_()
        beside = None if qindex is None else qindex.repeat_interleave(STEPS + 1)
        values = points
        if self.module is None:
            outputs = self.forward(points, beside)
        else:
            outputs, values = self._with_layer(points, beside)
        outputs = outputs.gather(1, target.repeat_interleave(STEPS + 1)[:, None])[:, 0]
        (gradients,) = torch.autograd.grad(outputs.sum(), values)
        values, gradients = (found.detach().unflatten(0, (-1, STEPS + 1)) for found in (values, gradients))
        rises = outputs.detach().unflatten(0, (-1, STEPS + 1)).diff(dim=1)
        steps = values.diff(dim=1)
        at_start, at_end = steps * gradients[:, :-1], steps * gradients[:, 1:]
        pieces, doubt = (at_start + at_end) / 2, (at_end - at_start).abs()
        lacking = rises - pieces.sum((2, 3, 4))
        doubt /= doubt.sum((2, 3, 4), keepdim=True).clamp(min=torch.finfo(doubt.dtype).tiny)
        return (pieces + lacking[..., None, None, None] * doubt).sum((1, 2))[:, None]

    def _with_layer(self, points: Tensor, qindex: Tensor | None) -> tuple[Tensor, Tensor]:
        """The outputs (N, classes), and what the layer put out, (N, C, h, w)."""
        found: list[Tensor] = []
        hook = self.module.register_forward_hook(lambda _module, _inputs, output: found.append(output))
        try:
            return self.forward(points, qindex), found[-1]
        finally:
            hook.remove()

    def _smoothgrad(self, inputs: Tensor, target: Tensor, qindex: Tensor | None) -> Tensor:
        spread = SMOOTH_NOISE * (inputs.amax((2, 3), keepdim=True) - inputs.amin((2, 3), keepdim=True))
        noise = self._drawing()(torch.randn, SAMPLES, 1, *inputs.shape[2:])
        return self._gradients(inputs[:, None] + spread[:, None] * noise, target, qindex).mean(1)

    def _gradient_shap(self, inputs: Tensor, start: Tensor, target: Tensor, qindex: Tensor | None) -> Tensor:
        draw = self._drawing()
        # One point in each of as many equal pieces of the path: less scatter than points anywhere.
        shares = (torch.arange(SAMPLES, device=self.device) + draw(torch.rand, SAMPLES)) / SAMPLES
        noisy = inputs[:, None] + SHAP_NOISE * draw(torch.randn, SAMPLES, 1, *inputs.shape[2:])
        starts = start[:, None].repeat(1, SAMPLES, 1, 1, 1)
        if self.background is not None and len(self.background):
            # Every other path begins at a block of the background, in turn.
            starts[:, 1::2] = self.background[torch.arange(SAMPLES // 2, device=self.device) % len(self.background)]
        points = starts + shares[:, None, None, None] * (noisy - starts)
        return ((noisy - starts) * self._gradients(points, target, qindex)).mean(1)

    def _gradients(self, points: Tensor, target: Tensor, qindex: Tensor | None) -> Tensor:
        """The gradients (N, P, 1, S, S) at P points (N, P, 1, S, S) for each block."""
        count = points.shape[1]
        gradients = Saliency(self.forward).attribute(
            points.flatten(0, 1).requires_grad_(), target.repeat_interleave(count), abs=False,
            additional_forward_args=None if qindex is None else qindex.repeat_interleave(count),
        )  # fmt: skip
        return gradients.detach().unflatten(0, points.shape[:2])

    def _drawing(self) -> Callable[..., Tensor]:
        """Draws from the seed anew, on the CPU: every batch and every device gets the same."""
        generator = torch.Generator().manual_seed(self.spec.seed)
        return lambda kind, *shape: kind(*shape, generator=generator).to(self.device)


def _chunks(count: int, copies: int) -> Iterator[slice]:
    size = max(1, MOST_AT_ONCE // copies)
    return (slice(first, first + size) for first in range(0, count, size))


def _check_targets(classes: int, targets: np.ndarray) -> None:
    if wrong := [value for value in targets.tolist() if not 0 <= value < classes]:
        raise RunError(
            message(
                "target: there is no class {wrong}; the model has {classes}, counted from 0.",
                wrong=wrong[0], classes=classes,
            )
        )  # fmt: skip
