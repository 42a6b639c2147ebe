"""ImageNet weights of timm as a start for a backbone, fetched or from a local file."""

from pathlib import Path

import timm
import torch
from timm.models import adapt_input_conv, load_state_dict
from torch import Tensor, nn

from av1core.errors import RunError, said
from av1core.models.backbone import Backbone
from av1core.translation import message

TIMM = "timm"
"""The source that stands for timm's own weights; any other is a path."""

_ADDED = ("se.", "attention.")
"""Parts of a backbone that no ResNet of timm has; they keep the weights that they were drawn with."""


@torch.no_grad()
def load_pretrained(backbone: Backbone, name: str, source: str) -> None:
    """Load weights of timm's ResNet `name` into a backbone made by that name.

    source: `timm`, or the path of a .safetensors, .pth or .pt file with timm's names. Three input channels are summed
    to one, as timm does; the classifier is left out. Raises RunError if the weights cannot be had here, or are not
    those of this network, and then names what is missing or unknown.
    """
    state = _fetch(name) if source == TIMM else _read(Path(source))
    no_pooling = isinstance(backbone.maxpool, nn.Identity)
    # A stem that keeps the map's size drops the pooling, which has weights in a few ResNets.
    left_out = ("fc.", "maxpool.") if no_pooling else ("fc.",)
    state = {key: tensor for key, tensor in state.items() if not key.startswith(left_out)}
    own = {key: tensor for key, tensor in backbone.state_dict().items() if not key.startswith(_ADDED)}
    where = f"backbone.pretrained: {source}"
    # The batch counters are of no use to BatchNorm as it is set here, and old files lack them.
    missing = sorted(key for key in own.keys() - state.keys() if not key.endswith("num_batches_tracked"))
    for problem, keys in (("lacks", missing), ("has the unknown", sorted(state.keys() - own.keys()))):
        if keys:
            more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
            raise RunError(
                message(
                    "{where} {problem} {keys}{more}: these are not weights of timm's {name}.",
                    where=where,
                    problem=problem,
                    keys=", ".join(keys[:3]),
                    more=more,
                    name=name,
                )
            )
    first = next(iter(own))
    if state[first].ndim == 4 and state[first].shape[1] == 3:
        state[first] = adapt_input_conv(1, state[first])
    for key, tensor in state.items():
        if tensor.shape != own[key].shape:
            shapes = f"{tuple(tensor.shape)}, not {tuple(own[key].shape)}"
            raise RunError(
                message(
                    "{where}: {key} is {shapes}: these are not weights of timm's {name}.",
                    where=where,
                    key=key,
                    shapes=shapes,
                    name=name,
                )
            )
        own[key].copy_(tensor)


def _fetch(name: str) -> dict[str, Tensor]:
    cfg = timm.models.get_pretrained_cfg(name)
    if cfg is None or not cfg.has_weights:
        raise RunError(
            message("backbone.pretrained: timm has no weights of {name}. Give the path of a local file.", name=name)
        )
    try:
        return timm.create_model(name, pretrained=True, in_chans=1, num_classes=0).state_dict()
    except Exception as error:
        raise RunError(
            message(
                "backbone.pretrained: timm's weights of {name} could not be fetched here. Download them "
                "elsewhere and give the path of the file, or leave the field empty to start at random. "
                "({error})",
                name=name,
                error=said(error),
            )
        ) from error


def _read(file: Path) -> dict[str, Tensor]:
    try:
        return load_state_dict(str(file), use_ema=False, weights_only=True)
    except FileNotFoundError as error:
        raise RunError(message("backbone.pretrained: there is no file {file}.", file=file)) from error
    except Exception as error:
        raise RunError(
            message("backbone.pretrained: {file} cannot be read as weights ({error}).", file=file, error=said(error))
        ) from error
