"""Scores of models on blocks as they are: in eval mode, never augmented, on the natural class mix."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from av1core.models.side_by_side import SideBySide, Single, make_network
from av1core.models.stage import StageModel, to_input
from av1core.training.blocks import EVALUATION_BATCH, BlockTensors, Features
from av1core.training.metrics import ScoreKeeper, Scores
from av1core.training.trainer import autocast

_ROWS = 4096
"""Blocks of all runs together that are evaluated at once; more would leave a CPU's cache."""


def evaluate(
    model: StageModel, loss: nn.Module, blocks: BlockTensors, dtype: torch.dtype = torch.float32
) -> tuple[Scores, Tensor]:
    """Scores on the blocks as they are, and the probabilities (N, C) float32 on the blocks' device.

    dtype: of the large matrix products. Model and loss are put into eval mode and stay in it.
    """
    (scores,), (probabilities,) = evaluate_runs(make_network([model], dtype), [loss], dtype, lambda: None, blocks)
    return scores, probabilities


@torch.no_grad()
def evaluate_runs(
    network: Single | SideBySide,
    losses: list[nn.Module],
    dtype: torch.dtype,
    cancelled: Callable[[], None],
    blocks: BlockTensors,
    kept: Features | None = None,
    rows: Tensor | None = None,
) -> tuple[list[Scores], Tensor]:
    """Scores of each run, and probabilities (S, N, C), on its rows (S, N) of the blocks, or on all of them alike.

    Probabilities are float32 on the blocks' device. losses: of each run; they and the network stay in eval mode. dtype:
    of the large matrix products. cancelled: called before each part, may raise. kept: the features of all the blocks.
    rows: int64 indices.
    """
    network.train(False)
    for loss in losses:
        loss.eval()
    runs, device = len(losses), blocks.labels.device
    if rows is None:
        rows = torch.arange(len(blocks), device=device).expand(runs, -1)
    keeper = ScoreKeeper(runs, network.models[0].head.out_features, device)
    probabilities = []
    # Parts of about one size: a few rows at the end would be multiplied by other kernels than many.
    parts = -(-rows.shape[1] // min(EVALUATION_BATCH, max(_ROWS // runs, 64)))
    for chosen in rows.tensor_split(parts, 1):
        cancelled()
        labels, qindex = blocks.labels[chosen], blocks.qindex[chosen]
        with autocast(dtype, device):
            if kept is None:
                pixels = blocks.pixels[chosen.flatten()]
                features = network.models[0].features(to_input(pixels)).unflatten(0, chosen.shape)
            else:
                features = kept.gather(chosen)
            logits = network.finish(features, qindex).float()
        values = torch.stack([loss(*each).mean() for loss, *each in zip(losses, logits, labels, strict=True)])
        keeper.add(logits, labels, values)
        probabilities.append(logits.softmax(2))
    return keeper.scores(), torch.cat(probabilities, 1)
