import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score

from av1core.training.metrics import ScoreKeeper


def test_scores_equal_scikit_learn_however_the_batches_are_cut():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(500, 4, generator=generator)
    labels = torch.randint(0, 4, (500,), generator=generator)
    losses = torch.rand(500, generator=generator)
    keeper = ScoreKeeper(4, torch.device("cpu"))
    for part in torch.arange(500).split(77):
        keeper.add(logits[part], labels[part], losses[part].mean())
    scores = keeper.scores()
    predicted = logits.argmax(1)
    assert scores.f1 == pytest.approx(f1_score(labels, predicted, average="macro"))
    np.testing.assert_allclose(scores.f1_per_class, f1_score(labels, predicted, average=None))
    assert scores.accuracy == pytest.approx(accuracy_score(labels, predicted))
    assert scores.loss == pytest.approx(losses.mean().item(), rel=1e-6)


def test_a_class_that_neither_occurs_nor_is_predicted_counts_as_zero():
    keeper = ScoreKeeper(3, torch.device("cpu"))
    keeper.add(torch.eye(3)[[0, 1, 1]], torch.tensor([0, 1, 1]), torch.tensor(0.0))
    assert keeper.scores().f1_per_class == (1.0, 1.0, 0.0)
    assert keeper.scores().f1 == pytest.approx(2 / 3)
