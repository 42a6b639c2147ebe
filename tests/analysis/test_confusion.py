import numpy as np
import pytest

from av1core.analysis.confusion import accuracy, confusion_matrix, f1_per_class


def test_rows_are_true_and_columns_predicted():
    confusion = confusion_matrix(np.array([0, 0, 2]), np.array([1, 0, 2]), 3)
    assert confusion.tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]
    assert accuracy(confusion) == pytest.approx(2 / 3)


def test_f1_is_that_of_precision_and_recall():
    confusion = np.array([[6, 2, 0], [1, 3, 0], [0, 0, 0]])
    precision, recall = 6 / 7, 6 / 8
    f1 = f1_per_class(confusion)
    assert f1[0] == pytest.approx(2 * precision * recall / (precision + recall))
    assert f1[2] == 0  # neither occurs nor is predicted


def test_nothing_has_no_accuracy():
    assert np.isnan(accuracy(np.zeros((2, 2), int)))
