import numpy as np
import pytest
import torch

from av1core.training.losses import FocalLoss, class_balanced_weights


@pytest.mark.parametrize("beta", [0.0, 0.9, 0.9999])
def test_class_balanced_weights_follow_the_formula_and_sum_to_the_classes(beta):
    counts = np.array([23942, 71378, 57280])
    expected = (1 - beta) / (1 - beta**counts)
    expected *= len(counts) / expected.sum()
    weights = class_balanced_weights(torch.tensor(counts), beta)
    np.testing.assert_allclose(weights.numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0, 3.0])
def test_focal_loss_against_numpy(gamma):
    random = np.random.default_rng(0)
    logits, labels = random.normal(size=(50, 3)), random.integers(0, 3, 50)
    weights = np.array([0.5, 1.0, 1.5])
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    p_true = p[np.arange(50), labels]
    expected = -weights[labels] * (1 - p_true) ** gamma * np.log(p_true)
    loss = FocalLoss(torch.tensor(weights), gamma)(torch.tensor(logits), torch.tensor(labels))
    np.testing.assert_allclose(loss.numpy(), expected, rtol=1e-12)


def test_focal_loss_without_focus_and_weights_is_cross_entropy():
    logits, labels = torch.randn(20, 4), torch.randint(0, 4, (20,))
    ours = FocalLoss(torch.ones(4), 0.0)(logits, labels)
    torch.testing.assert_close(ours, torch.nn.functional.cross_entropy(logits, labels, reduction="none"))
