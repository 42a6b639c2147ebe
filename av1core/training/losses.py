"""Losses of each block over logits (N, C) and class indices (N,), float32; who trains takes the mean."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def class_balanced_weights(counts: Tensor, beta: float) -> Tensor:
    """w_c = (1 − β) / (1 − β^{n_c}), scaled to sum to C (Cui et al. 2019, arXiv 1901.05555).

    counts: training blocks of each class, (C,), all at least 1. Returns float32 (C,).
    """
    # β^n underflows harmlessly; float64 keeps 1 − β^n exact for β near 1.
    effective = 1 - torch.pow(torch.tensor(beta, dtype=torch.float64), counts.double().cpu())
    weights = (1 - beta) / effective
    return (weights / weights.sum() * len(counts)).float()


class FocalLoss(nn.Module):
    """−w_y (1 − p_y)^γ log p_y, p from the softmax (Lin et al. 2017, arXiv 1708.02002)."""

    def __init__(self, weights: Tensor, gamma: float):
        """weights: (C,) of each class. gamma: focusing exponent, 0 is weighted cross-entropy."""
        super().__init__()
        self.register_buffer("weights", weights)
        self.gamma = gamma

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """logits (N, C), labels (N,) int64 → the loss of each block, (N,)."""
        log_p = F.log_softmax(logits, 1).gather(1, labels[:, None]).squeeze(1)
        return -self.weights[labels] * (1 - log_p.exp()).pow(self.gamma) * log_p
