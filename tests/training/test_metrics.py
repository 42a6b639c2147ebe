import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_score, recall_score

from av1core.training.metrics import ScoreKeeper, expected_calibration_error


def test_scores_equal_scikit_learn_however_the_batches_are_cut():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(500, 4, generator=generator)
    labels = torch.randint(0, 4, (500,), generator=generator)
    losses = torch.rand(500, generator=generator)
    keeper = ScoreKeeper(1, 4, torch.device("cpu"))
    for part in torch.arange(500).split(77):
        keeper.add(logits[None, part], labels[None, part], losses[part].mean()[None])
    (scores,) = keeper.scores()
    predicted = logits.argmax(1)
    assert scores.f1 == pytest.approx(f1_score(labels, predicted, average="macro"))
    np.testing.assert_allclose(scores.f1_per_class, f1_score(labels, predicted, average=None))
    np.testing.assert_allclose(scores.precision_per_class, precision_score(labels, predicted, average=None))
    np.testing.assert_allclose(scores.recall_per_class, recall_score(labels, predicted, average=None))
    assert np.array_equal(scores.confusion, confusion_matrix(labels, predicted))
    assert scores.accuracy == pytest.approx(accuracy_score(labels, predicted))
    assert scores.loss == pytest.approx(losses.mean().item(), rel=1e-6)


def test_a_class_that_neither_occurs_nor_is_predicted_counts_as_zero():
    keeper = ScoreKeeper(1, 3, torch.device("cpu"))
    keeper.add(torch.eye(3)[None, [0, 1, 1]], torch.tensor([[0, 1, 1]]), torch.zeros(1))
    (scores,) = keeper.scores()
    assert scores.f1_per_class == scores.precision_per_class == scores.recall_per_class == (1.0, 1.0, 0.0)
    assert scores.f1 == pytest.approx(2 / 3)


def test_calibration_error_by_hand():
    # Bins of a half: one right at 0.4; above it two right and one wrong, at 0.6, 0.8 and 1.
    top = torch.tensor([0.4, 0.6, 0.8, 1.0])
    probabilities = torch.stack([top, (1 - top) / 2, (1 - top) / 2], 1)
    labels = torch.tensor([0, 0, 2, 0])
    expected = 1 / 4 * abs(1 - 0.4) + 3 / 4 * abs(2 / 3 - 0.8)
    assert expected_calibration_error(probabilities, labels, bins=2) == pytest.approx(expected)


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("sharpness", [0.1, 1.0, 30.0])
def test_calibration_error_equals_a_loop_over_its_bins(classes, sharpness):
    generator = torch.Generator().manual_seed(0)
    probabilities = (sharpness * torch.randn(700, classes, generator=generator)).softmax(1)
    labels = torch.randint(0, classes, (700,), generator=generator)
    p = probabilities.double().numpy()
    top, right = p.max(1), p.argmax(1) == labels.numpy()
    expected = 0.0
    for b in range(15):
        here = (top > b / 15) & (top <= (b + 1) / 15)
        if here.any():
            expected += here.mean() * abs(right[here].mean() - top[here].mean())
    assert expected > 0
    assert expected_calibration_error(probabilities, labels) == pytest.approx(expected)


def test_certain_and_right_is_calibrated_and_certain_and_wrong_is_not():
    certain = torch.eye(3)
    assert expected_calibration_error(certain, torch.arange(3)) == 0
    assert expected_calibration_error(certain, torch.tensor([1, 2, 0])) == 1
