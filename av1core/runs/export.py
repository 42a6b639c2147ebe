"""A run's model as files that need no run folder: model.safetensors, spec.json, a model card, and model.onnx if asked.

The weights are those of the best epoch, all of them: backbone, adapters and head, under the names of ordinary layers.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor

from av1core.dataset.blocks import stage_blocks
from av1core.dataset.folder import Dataset, new_folder
from av1core.dataset.split import resolve_split
from av1core.errors import LabError, RunError
from av1core.models.stage import StageModel, to_input
from av1core.partition import STAGES
from av1core.runs.checkpoint import build_model, load_best, load_weights, weights_metadata
from av1core.runs.folder import RunFolder
from av1core.runs.model_card import model_card
from av1core.runs.onnx_export import OnnxCheck, require_packages, write_onnx
from av1core.runs.records import LIVE
from av1core.storage import write_bytes_atomically, write_json_atomically
from av1core.training.spec import parse_spec
from av1core.training.spec_parts import BackboneSpec

WEIGHTS, ONNX = "model.safetensors", "model.onnx"

CHECKED_BLOCKS = 512
"""Validation blocks, evenly spread, on which ONNX is compared with torch."""


@dataclass(frozen=True)
class Exported:
    """What was written: the folder, its files, the number of parameters, and the check of ONNX if it was asked for."""

    path: Path
    files: tuple[str, ...]
    parameters: int
    onnx_check: OnnxCheck | None


def export_run(
    folder: RunFolder, out: Path, *, onnx: bool = False, progress: Callable[[str], None] = lambda step: None
) -> Exported:
    """Write the run's model at its best epoch into the new folder `out`, complete or not at all.

    onnx: also model.onnx, compared with torch on validation blocks of the run's dataset. progress is called with what
    is done next. Raises RunError or DatasetError if the run has no weights yet or still trains, if `out` is in use,
    and for ONNX if packages or the dataset are missing or the logits differ.
    """
    if onnx:
        require_packages()
    metadata, record = _best(folder)
    spec, provenance = folder.spec(), folder.provenance()
    with new_folder(out) as draft:
        progress(f"writing {WEIGHTS}")
        model = load_best(folder)
        state = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
        texts = metadata | {"format": "pt", "spec": spec.model_dump_json()}
        write_bytes_atomically(draft / WEIGHTS, save(state, texts))
        write_json_atomically(draft / "spec.json", spec.model_dump(mode="json"))
        check = None
        if onnx:
            progress("gathering validation blocks")
            inputs = _validation_inputs(folder)
            progress(f"writing {ONNX} and comparing it with torch")
            described = {"stage": spec.stage, "classes": ",".join(STAGES[spec.stage].classes)}
            check = write_onnx(model, inputs, draft / ONNX, described)
        card = model_card(spec, provenance, record, check)
        write_bytes_atomically(draft / "README.md", card.encode())
        files = tuple(sorted(file.name for file in draft.iterdir()))
    return Exported(Path(out), files, sum(p.numel() for p in model.parameters()), check)


def load_exported(path: Path, device: torch.device | str = "cpu") -> StageModel:
    """The model of an exported folder in eval mode. Raises RunError that names the file if it is not one."""
    file = Path(path) / WEIGHTS
    state, metadata = load_weights(file), weights_metadata(file)
    try:
        spec = parse_spec(json.loads(metadata["spec"]))
        # Its weights are all here: none are fetched.
        backbone = BackboneSpec.model_validate_json(metadata["backbone_spec"]).model_copy(update={"pretrained": ""})
        model = build_model(spec, backbone, torch.device(device))
        model.load_state_dict(state)
    except (KeyError, ValueError, RuntimeError, LabError) as error:
        raise RunError(f"{file}: not a model that `export` wrote ({error}).") from error
    return model.eval()


def _best(folder: RunFolder) -> tuple[dict[str, str], dict]:
    """The text beside the best weights, and the record of their epoch."""
    state = folder.status().state
    if state in LIVE:
        raise RunError(f"{folder.id} is {state}; wait for its end or cancel it, then export it.")
    if not folder.best_file.is_file():
        raise RunError(f"{folder.id} has no weights: it ended ({state}) before its first epoch did.")
    metadata = weights_metadata(folder.best_file)
    for record in folder.history():
        if str(record.get("epoch")) == metadata.get("epoch"):
            return metadata, record
    raise RunError(
        f"{folder.history_file} lacks epoch {metadata.get('epoch')}, whose weights are in {folder.best_file.name}. "
        f"Go on with the run first: python -m av1core train --resume {folder.id}"
    )


def _validation_inputs(folder: RunFolder) -> tuple[Tensor, ...]:
    spec, provenance = folder.spec(), folder.provenance()
    dataset = Dataset.open(spec.dataset)
    if dataset.fingerprint != provenance.dataset_fingerprint:
        raise RunError(
            f"{spec.dataset} is not the dataset that {folder.id} was trained on: the fingerprints differ. "
            "Put that dataset back, or export without --onnx."
        )
    blocks = stage_blocks(dataset, STAGES[spec.stage], "val", resolve_split(dataset, spec.split))
    chosen = np.unique(np.linspace(0, len(blocks) - 1, CHECKED_BLOCKS).astype(np.int64))
    luma = to_input(torch.from_numpy(blocks.pixels[chosen].astype(np.int16)))
    return (luma, torch.from_numpy(blocks.qindex[chosen].astype(np.int64))) if spec.qindex_input else (luma,)
