"""A run under study: its model made ready to be asked about blocks of its dataset, and its maps kept on disk."""

import hashlib
import threading
from functools import cached_property

import numpy as np

from av1core.analysis.maps.methods import MapSpec
from av1core.analysis.maps.store import ArrayStore
from av1core.dataset.blocks import StageBlocks, chosen_blocks, stage_rows
from av1core.dataset.folder import Dataset
from av1core.dataset.split import resolve_split
from av1core.models.fast_forms import to_inference
from av1core.models.inference import class_probabilities
from av1core.models.layers import Layer, model_layers
from av1core.models.stage import StageModel
from av1core.partition import MODEL_SIZE, STAGES
from av1core.runs.checkpoint import load_best
from av1core.runs.folder import RunFolder
from av1core.storage import file_sha256

BACKGROUND = 8
"""Blocks of the training side that GradientSHAP starts from."""


class Subject:
    """The model of a run's best epoch, on the CPU, with its dataset.

    stage: what it decides. model: in its form for inference, frozen; `plain_model` is one to change. layers: where it
    has maps. weights: hexadecimal digest of everything it was loaded from. Threads may share a subject.
    """

    def __init__(self, folder: RunFolder, dataset: Dataset, store: ArrayStore):
        """dataset: the one of the run's spec. store: keeps maps. RunError if the run has no readable weights."""
        self.folder, self.dataset, self.store = folder, dataset, store
        self.spec = folder.spec()
        self.stage = STAGES[self.spec.stage]
        self.model = to_inference(load_best(folder), MODEL_SIZE)
        self.layers: tuple[Layer, ...] = model_layers(self.model, MODEL_SIZE)
        files = [file for file in (folder.best_file, folder.backbone_file) if file.exists()]
        self.weights = hashlib.sha256(" ".join(map(file_sha256, files)).encode()).hexdigest()[:16]
        self._background_lock = threading.Lock()

    def layer(self, name: str) -> Layer:
        """The layer of this name; KeyError if there is none."""
        return {layer.name: layer for layer in self.layers}[name]

    def plain_model(self) -> StageModel:
        """The model anew, in its ordinary form and in eval mode, to be changed. RunError if it cannot be read now."""
        return load_best(self.folder)

    def blocks(self, rows: np.ndarray) -> StageBlocks:
        """Any 16×16 blocks of the dataset by their rows; labels are OUTSIDE where the stage does not see a block.

        ValueError for a block of another size; DatasetError where frames are damaged.
        """
        return chosen_blocks(self.dataset, self.stage, rows)

    def probabilities(self, blocks: StageBlocks) -> np.ndarray:
        """Class probabilities, float64 (N, classes)."""
        return class_probabilities(self.model, blocks.pixels, blocks.qindex)

    def maps(self, spec: MapSpec, blocks: StageBlocks, target: int | np.ndarray) -> np.ndarray:
        """As `attribute`, float32 (N, h, w); those that were made before are read from the store.

        target: class index, or int (N,). RunError as `attribution.attribute`.
        """
        targets = np.broadcast_to(np.asarray(target, np.int64), len(blocks))
        kind = self._kind(spec)
        classed = spec.about.targeted
        names = [f"{row} {of}" if classed else f"{row}" for row, of in zip(blocks.rows, targets, strict=True)]
        found = self.store.get(kind, list(dict.fromkeys(names)))
        missing = [place for place, name in enumerate(names) if name not in found]
        if missing:
            made = self.attribute(spec, blocks.pixels[missing], blocks.qindex[missing], targets[missing])
            new = {names[place]: one for place, one in zip(missing, made, strict=True)}
            self.store.put(kind, new)
            found |= new
        return np.stack([found[name] for name in names]) if names else self._no_maps(spec)

    def attribute(self, spec: MapSpec, pixels: np.ndarray, qindex: np.ndarray, target: int | np.ndarray) -> np.ndarray:
        """As `attribute` for any pixels, uint16 (N, 16, 16) in 0–1023; nothing is read or kept."""
        from av1core.analysis.attribution import attribute

        return attribute(
            self.model, pixels, spec.method, target, spec.layer, qindex=qindex, baseline=spec.baseline,
            output=spec.output, background=self.background if spec.method == "gradient_shap" else None, seed=spec.seed,
        )  # fmt: skip

    @property
    def background(self) -> np.ndarray:
        """Blocks of the training side of the run's split, drawn by seed 0: uint16 (BACKGROUND or fewer, 16, 16).

        DatasetError as `stage_rows`.
        """
        with self._background_lock:
            return self._background

    @cached_property
    def _background(self) -> np.ndarray:
        rows, _ = stage_rows(self.dataset, self.stage, "train", resolve_split(self.dataset, self.spec.split))
        drawn = np.random.default_rng(0).choice(rows, min(BACKGROUND, len(rows)), replace=False)
        return self.blocks(np.sort(drawn)).pixels

    def _kind(self, spec: MapSpec) -> str:
        method = spec.about
        parts = [self.weights, self.dataset.fingerprint, spec.method]
        parts += [spec.layer] if spec.layer else []
        parts += [spec.output] if method.targeted else []
        parts += [spec.baseline] if method.baseline else []
        if spec.method in ("smoothgrad", "gradient_shap"):
            parts.append(str(spec.seed))
        if spec.method == "gradient_shap":
            parts.append(hashlib.sha256(self.background.tobytes()).hexdigest()[:16])
        return " ".join(parts)

    def _no_maps(self, spec: MapSpec) -> np.ndarray:
        side = (MODEL_SIZE, MODEL_SIZE)
        if spec.layer is not None:
            side = self.layer(spec.layer).height, self.layer(spec.layer).width
        return np.empty((0, *side), np.float32)
