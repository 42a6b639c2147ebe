"""Whether maps depend on what a model learned: cascading randomisation (Adebayo et al. 2018, arXiv 1810.03292).

A method whose maps stay as they are when weights are drawn anew shows the block, not the model.
"""

import copy
from collections.abc import Callable, Iterator

import numpy as np
import torch

from av1core.analysis.maps.summaries import unit_ranks
from av1core.models.backbone import PARTS
from av1core.models.fast_forms import to_inference
from av1core.models.initialise import initialise
from av1core.models.stage import StageModel


def cascade(model: StageModel, block_size: int, seed: int = 0) -> Iterator[tuple[str, StageModel]]:
    """The model with ever more weights drawn anew, as before training: the part drawn last, and a model frozen for
    inference.

    The head comes first, then the adapters if there are any, then layer4 down to layer1 and the stem. BatchNorm begins
    anew too: scale 1, shift 0, statistics 0 and 1. model: in its ordinary form; it is changed.
    """
    parts = {"head": model.head} | ({"adapters": model.adapters} if len(model.adapters) else {})
    parts |= {name: model.backbone.part(name) for name in reversed(PARTS)}
    generator = torch.Generator().manual_seed(seed)
    for name, part in parts.items():
        initialise(part, generator)
        yield name, to_inference(copy.deepcopy(model), block_size)


def similarity(maps: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Spearman's ρ between the sizes |map| of a model's maps (N, h, w) and of another's: float64 (N,) in [−1, 1].

    By chance it is 0 on average, however few positions there are. NaN where the first map has one size everywhere, as
    that of a flat block, and can be like none; 0 where only the other has.
    """
    return (unit_ranks(maps) * np.nan_to_num(unit_ranks(others))).sum(1)


def cascaded(
    trained: np.ndarray, model: StageModel, maps: Callable[[StageModel], np.ndarray], block_size: int, seed: int = 0
) -> dict[str, np.ndarray]:
    """`similarity`, float64 (N,), by the part that was drawn anew last, in the order of `cascade`.

    trained: the trained model's maps (N, h, w). model: as in `cascade`. maps: makes those of a model.
    """
    return {name: similarity(trained, maps(changed)) for name, changed in cascade(model, block_size, seed)}
