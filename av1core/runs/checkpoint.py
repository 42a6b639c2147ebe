"""The weights in a run folder: writing them, and building the stage model that they belong to."""

import io
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from av1core.errors import RunError, said
from av1core.models.backbone import PARTS, Backbone
from av1core.models.initialise import initialise
from av1core.models.packed import unpack
from av1core.models.pretrained import load_pretrained
from av1core.models.schemes import make_adapters
from av1core.models.stage import StageModel
from av1core.partition import STAGES
from av1core.runs.folder import RunFolder
from av1core.runs.prerequisites import stage1_folder
from av1core.storage import file_sha256, write_bytes_atomically
from av1core.training.spec import RunSpec
from av1core.training.spec_parts import BackboneSpec
from av1core.translation import message

WEIGHTS_SEED_OFFSET, DROPOUT_SEED_OFFSET = 1_000_003, 2_000_003
"""Keep the streams of weights, dropout and sampling apart under one seed."""


def build_model(spec: RunSpec, backbone: BackboneSpec, device: torch.device) -> StageModel:
    """A seeded stage model, weights drawn from the spec's seed; pretrained ones are not loaded.

    backbone: of the spec in Stage 1, else of its Stage-1 run. Raises SpecError if timm has no such ResNet, or if the
    adapters do not fit it.
    """
    net = Backbone(backbone.name, backbone.squeeze_excitation, backbone.spatial_attention, backbone.stem)
    adapter = spec.adapter
    model = StageModel(
        net,
        len(STAGES[spec.stage].classes),
        adapters=adapter and make_adapters(net, adapter.scheme, adapter.layers, adapter.reduction),
        unfrozen=adapter.unfrozen if adapter else PARTS,
        batchnorm=adapter.batchnorm if adapter else "eval",
        dropout=spec.dropout,
        qindex_input=spec.qindex_input,
        cosine_scale=spec.loss.scale if spec.loss.name == "arcface" else None,
    )
    # Drawn on the CPU, so that every device starts from the same weights.
    initialise(model, torch.Generator().manual_seed(spec.seed + WEIGHTS_SEED_OFFSET))
    model.to(device)
    model.dropout.generator = torch.Generator(device).manual_seed(spec.seed + DROPOUT_SEED_OFFSET)
    return model


def prepare_model(folder: RunFolder, spec: RunSpec, device: torch.device) -> tuple[StageModel, str | None]:
    """The model that a run starts with, and the SHA-256 of its frozen backbone's file (None for Stage 1).

    A later stage's folder receives the Stage-1 weights first, so that it stays whole if the Stage-1 run is deleted.
    Raises RunError if the weights to start from cannot be had.
    """
    if spec.backbone is not None:
        model = build_model(spec, spec.backbone, device)
        # A run that goes on has all its weights in last.pt.
        if spec.backbone.pretrained and not folder.last_file.exists():
            load_pretrained(model.backbone, spec.backbone.name, spec.backbone.pretrained)
        return model, None
    runs_dir = folder.path.parent
    if not folder.backbone_file.exists():
        _link_or_copy(stage1_folder(runs_dir, spec).best_file, folder.backbone_file)
    model = build_model(spec, _backbone_spec(folder), device)
    _load(model, _only_backbone(load_weights(folder.backbone_file)), folder.backbone_file)
    return model, file_sha256(folder.backbone_file)


def load_best(folder: RunFolder, device: torch.device | str = "cpu") -> StageModel:
    """The run's model with the weights of its best epoch, in eval mode.

    Raises RunError if its weights, or those of a later stage's frozen backbone, are missing, damaged or another's.
    """
    spec = folder.spec()
    model = build_model(spec, _backbone_spec(folder), torch.device(device))
    state = load_weights(folder.best_file)
    if spec.backbone is None:
        state = _only_backbone(load_weights(_frozen_file(folder))) | state
    _load(model, state, folder.best_file)
    return model.eval()


def save_best(folder: RunFolder, model: StageModel, metadata: dict[str, str]) -> None:
    """Write what the run trained, with text metadata, as best.safetensors."""
    state = {name: tensor.cpu().contiguous() for name, tensor in model.own_state().items()}
    backbone = {"backbone_spec": _backbone_spec(folder).model_dump_json()}
    write_bytes_atomically(folder.best_file, save(state, metadata | backbone))


def save_last(folder: RunFolder, state: dict[str, Any]) -> None:
    """Write a trainer's state as last.pt."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    write_bytes_atomically(folder.last_file, buffer.getvalue())


def load_last(folder: RunFolder, device: torch.device) -> dict[str, Any]:
    """Raises RunError if last.pt is damaged."""
    try:
        return torch.load(folder.last_file, map_location=device, weights_only=True)
    except Exception as error:
        raise RunError(
            message(
                "{last_file}: the resume point cannot be read ({error}). Start the run anew.",
                last_file=folder.last_file,
                error=said(error),
            )
        ) from error


def load_weights(file: Path) -> dict[str, Tensor]:
    """The tensors of a file of weights by name, packed ones as float32 of their full shape.

    RunError that names the file if it is missing or damaged.
    """
    return _read(file)[0]


def weights_metadata(file: Path) -> dict[str, str]:
    """What stands beside the weights, as text by name. Raises RunError as `load_weights`."""
    return _read(file)[1]


def _read(file: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(file, "pt") as opened:
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
            metadata = opened.metadata() or {}
        return unpack(tensors, metadata), metadata
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise RunError(
            message("{file}: the weights cannot be read ({error}).", file=file, error=said(error))
        ) from error


def _backbone_spec(folder: RunFolder) -> BackboneSpec:
    spec = folder.spec()
    if spec.backbone is not None:
        return spec.backbone
    file = _frozen_file(folder)
    try:
        with safe_open(file, "pt") as opened:
            return BackboneSpec.model_validate_json(opened.metadata()["backbone_spec"])
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise RunError(message("{file}: not a Stage-1 checkpoint ({error}).", file=file, error=said(error))) from error


def _frozen_file(folder: RunFolder) -> Path:
    """The frozen backbone of a later stage: the folder's own copy, else that of the Stage-1 run beside it.

    Runs that are shipped have no copy of their own. Raises RunError if the Stage-1 run's is another by now, or gone.
    """
    if folder.backbone_file.exists():
        return folder.backbone_file
    file = RunFolder(folder.path.parent / folder.spec().stage1_run).best_file
    provenance = folder.provenance()
    if not file.exists() or (provenance and provenance.stage1_weights_sha256 != file_sha256(file)):
        raise RunError(
            message(
                "{backbone_file}: it is missing, and the backbone of the Stage-1 run {name} is gone or "
                "another by now. Put that run back, or train this one anew.",
                backbone_file=folder.backbone_file,
                name=file.parent.name,
            )
        )
    return file


def _only_backbone(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in state.items() if name.startswith("backbone.")}


def _load(model: StageModel, state: dict[str, Tensor], file: Path) -> None:
    unknown = state.keys() - model.state_dict().keys()
    if unknown:
        raise RunError(message("{file}: weights of another model; it has {name}.", file=file, name=sorted(unknown)[0]))
    model.load_state_dict(model.state_dict() | state)


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        write_bytes_atomically(target, source.read_bytes())
