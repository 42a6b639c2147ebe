"""Losses of each block over logits (N, C) and class indices (N,), float32; who trains takes the mean.

Every loss multiplies a block's value by the weight of its class. Those of timm take no class weights; moreover its
PolyCrossEntropy has no focal form, and its AsymmetricLossSingleLabel no finite gradient at exponents below 1 once a
block is certain. The tests check ours against both.
"""

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LossName = Literal["cross_entropy", "focal", "poly", "poly_focal", "asymmetric", "arcface"]


def class_balanced_weights(counts: Tensor, beta: float) -> Tensor:
    """w_c = (1 − β) / (1 − β^{n_c}), scaled to sum to C (Cui et al. 2019, arXiv 1901.05555).

    counts: training blocks of each class, (C,), all at least 1. β in [0, 1); 0 weighs all alike. Returns float32 (C,)
    on the CPU.
    """
    # β^n underflows harmlessly; float64 keeps 1 − β^n exact for β near 1.
    effective = 1 - torch.pow(torch.tensor(beta, dtype=torch.float64), counts.double().cpu())
    weights = (1 - beta) / effective
    return (weights / weights.sum() * len(counts)).float()


class FocalLoss(nn.Module):
    """w_y Σ_c t_c [−(1 − p_c)^γ log p_c + ε (1 − p_c)^{γ+1}], p from the softmax.

    γ = ε = 0 is cross-entropy; ε = 0 the focal loss (Lin et al. 2017, arXiv 1708.02002); γ = 0 Poly-1, and neither 0
    Poly-1 on the focal loss (Leng et al. 2022, arXiv 2204.12511). t is 1 for the true class. Smoothing (Szegedy et al.
    2016, arXiv 1512.00567) spreads a share of it over all C classes, each of whose terms is focused by its own p.
    """

    def __init__(self, weights: Tensor, gamma: float = 0.0, epsilon: float = 0.0, smoothing: float = 0.0):
        """weights: (C,) of each class. gamma: γ ≥ 0. epsilon: ε ≥ −1. smoothing: the share, in [0, 1)."""
        super().__init__()
        self.register_buffer("weights", weights)
        self.gamma, self.epsilon, self.smoothing = gamma, epsilon, smoothing

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """logits (N, C), labels (N,) int64 → the loss of each block, (N,)."""
        log_p, weights = F.log_softmax(logits, 1), self.weights[labels]
        values = self._terms(log_p.gather(1, labels[:, None]).squeeze(1), weights)
        if not self.smoothing:
            return values
        spread = self._terms(log_p, weights[:, None]).mean(1)
        return (1 - self.smoothing) * values + self.smoothing * spread

    def _terms(self, log_p: Tensor, weights: Tensor) -> Tensor:
        rest = _base(1 - log_p.exp())
        terms = -weights * rest.pow(self.gamma) * log_p
        return terms + self.epsilon * weights * rest.pow(self.gamma + 1) if self.epsilon else terms


class AsymmetricLoss(nn.Module):
    """−w_y Σ_c t_c f_c log p_c, f = (1 − p_c)^{γ₊} for the true class and p_c^{γ₋} for the others, p from the softmax.

    The single-label form of Ridnik et al. 2021 (arXiv 2009.14119). t spreads a share of 0.1 over all classes, as in the
    authors' code: without it the other classes would have no term, and γ₋ no effect.
    """

    SPREAD = 0.1

    def __init__(self, weights: Tensor, gamma_positive: float = 0.0, gamma_negative: float = 4.0):
        """weights: (C,) of each class. Exponents γ₊, γ₋ ≥ 0."""
        super().__init__()
        self.register_buffer("weights", weights)
        self.gamma_positive, self.gamma_negative = gamma_positive, gamma_negative

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """logits (N, C), labels (N,) int64 → the loss of each block, (N,)."""
        log_p = F.log_softmax(logits, 1)
        p = log_p.exp()
        # one_hot would wait for the device, to learn the largest label.
        true = (labels[:, None] == torch.arange(logits.shape[1], device=labels.device)).to(p.dtype)
        positive, negative = _base(1 - p).pow(self.gamma_positive), _base(p).pow(self.gamma_negative)
        target = (1 - self.SPREAD) * true + self.SPREAD / logits.shape[1]
        return -self.weights[labels] * (target * torch.where(true > 0, positive, negative) * log_p).sum(1)


class ArcFaceLoss(nn.Module):
    """Smoothed cross-entropy of s·cos θ_c, with s·cos(θ_y + m) for the true class (Deng et al. 2019, arXiv 1801.07698).

    The margin m acts in train mode only, so that a loss in eval mode is that of the logits as they are. Where θ_y + m
    passes π, cos θ_y − m·sin m takes its place, as in the authors' code: it goes on falling with θ_y.
    """

    def __init__(self, weights: Tensor, scale: float, margin: float, smoothing: float = 0.0):
        """weights: (C,) of each class. scale: s of the head that makes the logits. margin: m in radians, below π/2.

        smoothing: the share of FocalLoss.
        """
        super().__init__()
        self.cross_entropy = FocalLoss(weights, smoothing=smoothing)
        self.scale, self.margin = scale, margin

    @property
    def weights(self) -> Tensor:
        """Of each class, (C,)."""
        return self.cross_entropy.weights

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """logits (N, C) = s·cos θ, labels (N,) int64 → the loss of each block, (N,)."""
        if self.training and self.margin:
            true = labels[:, None]
            logits = logits.scatter(1, true, self.scale * self._with_margin(logits.gather(1, true) / self.scale))
        return self.cross_entropy(logits, labels)

    def _with_margin(self, cosine: Tensor) -> Tensor:
        # By the addition theorem: arccos and the root have no finite slope at ±1, where rounding may also lead beyond.
        sine = (1 - cosine.square()).clamp(min=1e-6).sqrt()
        turned = cosine * math.cos(self.margin) - sine * math.sin(self.margin)
        beyond = cosine - self.margin * math.sin(self.margin)
        return torch.where(cosine > -math.cos(self.margin), turned, beyond)


def make_loss(
    name: LossName,
    weights: Tensor,
    *,
    gamma: float,
    smoothing: float,
    epsilon: float,
    gamma_positive: float,
    gamma_negative: float,
    scale: float,
    margin: float,
) -> FocalLoss | AsymmetricLoss | ArcFaceLoss:
    """The loss of that name; of the settings it takes those that are its own. weights: float32 (C,) of each class.

    What each setting is, and its range, stands with the loss.
    """
    match name:
        case "cross_entropy":
            return FocalLoss(weights, smoothing=smoothing)
        case "focal":
            return FocalLoss(weights, gamma, smoothing=smoothing)
        case "poly":
            return FocalLoss(weights, epsilon=epsilon, smoothing=smoothing)
        case "poly_focal":
            return FocalLoss(weights, gamma, epsilon, smoothing)
        case "asymmetric":
            return AsymmetricLoss(weights, gamma_positive, gamma_negative)
        case "arcface":
            return ArcFaceLoss(weights, scale, margin, smoothing)


def _base(x: Tensor) -> Tensor:
    """x ≥ 0 to be raised to a power: at 0 an exponent below 1 has no finite slope, so there it has none at all."""
    return x.clamp(min=torch.finfo(x.dtype).tiny)
