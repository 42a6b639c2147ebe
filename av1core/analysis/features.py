"""What the parts of a run's Stage-1 backbone put out for blocks, without adapters, as tables of numbers.

In two forms: the mean over the positions of a map, which says what is in a block and not where; and with positions,
since a partition is about where.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from av1core.dataset.tables import Blocks
from av1core.training.spec import RunSpec
from av1core.translation import Message, message

if TYPE_CHECKING:
    from torch import Tensor

    from av1core.analysis.maps.subject import Subject
    from av1core.models.stage import StageModel

HEAD_INPUT = message("head input")

FEATURE_LAYERS = ("stem", "layer1", "layer2", "layer3", "layer4", HEAD_INPUT)
"""In the order of the forward pass: the parts of the backbone, the stem after its pooling and each layer after its
channel gate; and what Stage 1's head is given, the mean of the last map under spatial attention."""

MEAN, POSITIONS = "mean", "positions"

FORMS = {MEAN: message("mean over positions"), POSITIONS: message("with positions")}

GRID = 4
"""A map is averaged to at most GRID × GRID positions, so that a larger one has no more numbers than can be fitted."""

MOST_NUMBERS = 4096
"""Of a layer with positions: with very many channels it has 2×2 positions, or one."""

_AT_ONCE = 512


def layer_maps(model: "StageModel", pixels: np.ndarray, layers: Iterable[str]) -> dict[str, np.ndarray]:
    """By layer, float32 (N, C, P): channels and positions, row by row, of what the backbone makes of blocks.

    pixels: uint16 (N, 16, 16), values 0–1023. layers: one or more of FEATURE_LAYERS. Adapters do not act. The model is
    asked in eval mode, and is as before afterwards.
    """
    import torch

    from av1core.models.stage import to_input
    from av1core.models.undisturbed import undisturbed

    found: dict[str, list[np.ndarray]] = {layer: [] for layer in FEATURE_LAYERS if layer in set(layers)}
    *_, last = found
    device = next(model.parameters()).device
    with undisturbed(model), torch.inference_mode():
        for first in range(0, max(1, len(pixels)), _AT_ONCE):  # no block is one batch, which has the shapes
            some = torch.from_numpy(pixels[first : first + _AT_ONCE].astype(np.int32)).to(device)
            values = to_input(some)
            for layer in FEATURE_LAYERS[: FEATURE_LAYERS.index(last) + 1]:
                if layer == HEAD_INPUT:
                    values = model.backbone.pool(values)[..., None, None]
                else:
                    values = model.backbone.run(values, (layer,))
                if layer in found:
                    found[layer].append(_on_grid(values).float().cpu().numpy())
    return {layer: np.concatenate(maps) for layer, maps in found.items()}


def in_form(maps: np.ndarray, form: str) -> np.ndarray:
    """(N, C, P) → (N, C) for MEAN, (N, C·P) for POSITIONS: the same where a map has one position."""
    return maps.mean(2) if form == MEAN else maps.reshape(len(maps), -1)


def kept_features(subject: "Subject", rows: np.ndarray, layers: Sequence[str], form: str) -> dict[str, np.ndarray]:
    """By layer, float32 (N, F): `layer_maps` in a form, for rows of the block table of the run's dataset.

    They are kept on disk, for every run with the same backbone. ValueError if a block is of another size than 16×16.
    """
    rows = np.asarray(rows, np.int64)
    kind = f"features {backbone_digest(subject.model)} {subject.dataset.fingerprint} {form}"
    digest = hashlib.sha256(rows.tobytes()).hexdigest()[:16]
    names = {layer: f"{layer} {digest}" for layer in layers}
    kept = subject.store.get(kind, list(names.values()))
    missing = [layer for layer, name in names.items() if name not in kept]
    if missing:
        made = layer_maps(subject.model, subject.blocks(rows).pixels, missing)
        new = {names[layer]: in_form(maps, form) for layer, maps in made.items()}
        subject.store.put(kind, new)
        kept |= new
    return {layer: kept[name] for layer, name in names.items()}


def backbone_digest(model: "StageModel") -> str:
    """16 hexadecimal digits, the same for runs whose backbones have the same weights and BatchNorm statistics."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.backbone.state_dict().items()):
        if not name.endswith("num_batches_tracked"):  # on which no output rests
            digest.update(f"{name} {tuple(tensor.shape)} ".encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def backbone_note(spec: RunSpec) -> Message:
    """What of a run's backbone is not as Stage 1 left it, as a sentence; empty if it is all the same, or Stage 1's."""
    if spec.adapter is None:
        return Message("")
    if spec.adapter.unfrozen:
        parts = ", ".join(spec.adapter.unfrozen)
        return message("This run trained {parts} further, so these are not Stage 1's features.", parts=parts)
    if spec.adapter.batchnorm == "train":
        return message(
            "BatchNorm in train mode gave this run's backbone statistics of its own; its weights are Stage 1's."
        )
    return Message("")


def drawn_places(blocks: Blocks, rows: np.ndarray, most: int, seed: int = 0) -> np.ndarray:
    """At most so many of the rows (N,) of a block table, drawn by the seed: int64 (`most` or fewer,), ascending.

    Of a node at several qindexes one is drawn, since its pixels and so its features are the same.
    """
    rows = np.random.default_rng(seed).permutation(np.asarray(rows, np.int64))
    places = np.column_stack([getattr(blocks, name)[rows] for name in ("source", "frame", "row", "col", "size")])
    _, first = np.unique(places, axis=0, return_index=True)
    return np.sort(rows[np.sort(first)[:most]])


def _on_grid(values: "Tensor") -> "Tensor":
    """(N, C, H, W) → (N, C, P)."""
    from torch.nn.functional import adaptive_avg_pool2d

    channels, height, width = values.shape[1:]
    side = next(side for side in (GRID, 2, 1) if side == 1 or channels * side**2 <= MOST_NUMBERS)
    return adaptive_avg_pool2d(values, (min(side, height), min(side, width))).flatten(2)
