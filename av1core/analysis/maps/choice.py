"""Which blocks are looked at, and which class their maps are evidence for."""

import numpy as np

from av1core.partition import Stage

PREDICTED, TRUE = "predicted", "true"


def targets(stage: Stage, target: str, labels: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """The class index that each block's map is evidence for: int64 (N,).

    target: PREDICTED, TRUE or one of the stage's classes. labels: int (N,), OUTSIDE where the stage does not see a
    block; its prediction stands in there. predicted: int (N,).
    """
    if target in stage.classes:
        return np.full(len(labels), stage.classes.index(target))
    return predicted if target == PREDICTED else np.where(labels < 0, predicted, labels)
