"""What a model says of blocks: class probabilities, in batches of bounded memory."""

import numpy as np
import torch

from av1core.models.stage import StageModel, to_input
from av1core.models.undisturbed import undisturbed

MOST_AT_ONCE = 1024


def class_probabilities(model: StageModel, pixels: np.ndarray, qindex: np.ndarray) -> np.ndarray:
    """The softmax of the logits in eval mode, in double precision: float64 (N, classes), each row of sum 1.

    pixels: uint16 (N, S, S), 10-bit luma. qindex: integers (N,) in 0–255. The model is as before afterwards, and other
    threads may use it.
    """
    found = [np.empty((0, model.head.out_features))]
    device = next(model.parameters()).device
    with undisturbed(model), torch.inference_mode():
        for first in range(0, len(pixels), MOST_AT_ONCE):
            some = slice(first, first + MOST_AT_ONCE)
            inputs = to_input(torch.from_numpy(pixels[some].astype(np.int16)).to(device))
            logits = model(inputs, torch.from_numpy(qindex[some].astype(np.int64)).to(device))
            found.append(logits.double().softmax(1).cpu().numpy())
    return np.concatenate(found)
