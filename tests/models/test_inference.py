import numpy as np
import torch

from av1core.models.inference import MOST_AT_ONCE, class_probabilities
from av1core.models.stage import to_input
from tests.models.trained import adapted


def test_probabilities_are_those_of_one_pass_in_eval_mode_however_many_blocks():
    model = adapted(qindex_input=True, dropout=0.5).train()
    count = MOST_AT_ONCE + 3
    pixels = np.random.default_rng(0).integers(0, 1024, (count, 16, 16)).astype(np.uint16)
    qindex = np.arange(count, dtype=np.int16) % 256
    found = class_probabilities(model, pixels, qindex)
    assert model.training and found.dtype == np.float64
    np.testing.assert_allclose(found.sum(1), 1, rtol=1e-12)
    with torch.no_grad():
        logits = model.eval()(to_input(torch.from_numpy(pixels.astype(np.int32))), torch.from_numpy(qindex))
    np.testing.assert_allclose(found, logits.softmax(1), atol=1e-6)
    assert class_probabilities(model, pixels[:0], qindex[:0]).shape == (0, 3)
