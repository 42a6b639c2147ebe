"""Finished runs made small enough to be shipped: what only a resume needs is gone, and weights are packed."""

from dataclasses import replace

import torch
from safetensors.torch import save
from torch import Tensor, nn

from av1core.dataset.blocks import stage_blocks
from av1core.dataset.folder import Dataset
from av1core.dataset.split import resolve_split
from av1core.models.fast_forms import to_fast
from av1core.models.packed import PACKED, Rounding, pack, unpack
from av1core.models.stage import StageModel
from av1core.partition import MODEL_SIZE, STAGES
from av1core.runs.checkpoint import load_best, weights_metadata
from av1core.runs.folder import RunFolder
from av1core.runs.predictions_file import write_predictions
from av1core.storage import write_bytes_atomically
from av1core.training.blocks import to_device
from av1core.training.evaluation import evaluate

LARGEST = 10_000_000
"""Bytes of a Stage-1 run's weights beyond which they are rounded."""


def compact(folder: RunFolder, weights: bool = True, device: str = "cpu") -> None:
    """Make a finished run small, in place; done twice, it is as it was after the first time.

    The resume point goes, and so does the copy of the frozen backbone, which is that of the run's Stage-1 run. weights:
    keep those of the best epoch, packed. They are rounded, in Stage 1 to 8 bits where they would be large, in later
    stages to 16; the model is then scored again on the validation blocks, on `device`, and its predictions and the
    score of its saved weights are those that it has then. Later stages start from a Stage-1 run made small before.
    RunError if its weights cannot be read; DatasetError if the dataset to score it on cannot.
    """
    if not weights:
        folder.best_file.unlink(missing_ok=True)
    elif PACKED not in weights_metadata(folder.best_file):
        _pack(folder, torch.device(device))
    for file in (folder.last_file, folder.backbone_file):
        file.unlink(missing_ok=True)


def _pack(folder: RunFolder, device: torch.device) -> None:
    metadata, model = weights_metadata(folder.best_file), load_best(folder)

    def packed(rounding: Rounding) -> tuple[dict[str, Tensor], dict[str, str]]:
        return pack(model, model.own_state(), MODEL_SIZE, rounding)

    rounding: Rounding = "float16"
    if folder.spec().backbone is not None:
        rounding = "int8" if len(save(packed("none")[0])) > LARGEST else "none"
    state, about = packed(rounding)
    if rounding != "none":
        # Before the weights are written: who finds them packed takes all of it for done.
        model.load_state_dict(unpack(state, about), strict=False)
        _score(folder, model.to(device))
    write_bytes_atomically(folder.best_file, save(state, metadata | about))
    folder.log(f"the weights are packed; rounding: {rounding}")


def _score(folder: RunFolder, model: StageModel) -> None:
    spec = folder.spec()
    dataset = Dataset.open(spec.dataset)
    blocks = stage_blocks(dataset, STAGES[spec.stage], "val", resolve_split(dataset, spec.split))
    val = to_device(blocks, next(model.parameters()).device)
    scores, probabilities = evaluate(to_fast(model, MODEL_SIZE), nn.CrossEntropyLoss(reduction="none"), val)
    write_predictions(
        folder, dataset.fingerprint, blocks.rows, val.labels.cpu().numpy(), probabilities.float().cpu().numpy()
    )
    folder.write_status(replace(folder.status(), reevaluated_val_f1=scores.f1))
    folder.log(f"the rounded weights: val F1 {scores.f1:.4f}")
