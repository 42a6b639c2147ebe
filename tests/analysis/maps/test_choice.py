import numpy as np

from av1core.analysis.maps.choice import PREDICTED, TRUE, targets
from av1core.partition import OUTSIDE, STAGES


def test_a_target_is_a_class_or_what_is_true_or_predicted_of_each_block():
    labels, predicted = np.array([0, OUTSIDE, 2]), np.array([1, 1, 0])
    assert targets(STAGES["stage2"], "AB", labels, predicted).tolist() == [2, 2, 2]
    assert targets(STAGES["stage2"], PREDICTED, labels, predicted).tolist() == [1, 1, 0]
    # The stage does not see the second block, so nothing is true of it there.
    assert targets(STAGES["stage2"], TRUE, labels, predicted).tolist() == [0, 1, 2]
