"""An ordinary PyTorch loop, written plainly and fairly: what the training core is measured against.

TensorDataset and DataLoader, eager float32, a transfer a batch, metrics gathered in lists. Model, loss, optimiser, data
and the order of the batches are the core's own.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from sklearn.metrics import f1_score
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from av1core.models.stage import StageModel, to_input
from av1core.training.blocks import BlockTensors


@dataclass(frozen=True)
class Epoch:
    """Mean loss and macro-F1 of what was trained on or evaluated, and the seconds that it took."""

    loss: float
    f1: float
    seconds: float


def loader(blocks: BlockTensors, batch_size: int, order: Sequence[int] | None = None) -> DataLoader:
    """Batches of network inputs and labels, in the given order or as the blocks stand."""
    data = TensorDataset(to_input(blocks.pixels.cpu()), blocks.labels.cpu())
    return DataLoader(data, batch_size, sampler=order)


def train(
    model: StageModel, loss: nn.Module, optimiser: torch.optim.Optimizer, batches: DataLoader, device: torch.device
) -> Epoch:
    """One epoch over the batches."""
    started = time.perf_counter()
    model.train()
    loss.train()
    losses, predicted, true = [], [], []
    for inputs, labels in batches:
        inputs, labels = inputs.to(device), labels.to(device)
        optimiser.zero_grad()
        logits = model(inputs)
        value = loss(logits, labels).mean()
        value.backward()
        optimiser.step()
        losses.append(value.item())
        predicted += logits.argmax(1).tolist()
        true += labels.tolist()
    f1 = float(f1_score(true, predicted, average="macro"))
    return Epoch(sum(losses) / len(losses), f1, time.perf_counter() - started)


@torch.no_grad()
def evaluate(model: StageModel, loss: nn.Module, batches: DataLoader, device: torch.device) -> Epoch:
    """Loss and F1 over the batches, in eval mode."""
    started = time.perf_counter()
    model.eval()
    loss.eval()
    losses, predicted, true = [], [], []
    for inputs, labels in batches:
        inputs, labels = inputs.to(device), labels.to(device)
        logits = model(inputs)
        losses.append(loss(logits, labels).mean().item())
        predicted += logits.argmax(1).tolist()
        true += labels.tolist()
    f1 = float(f1_score(true, predicted, average="macro"))
    return Epoch(sum(losses) / len(losses), f1, time.perf_counter() - started)
