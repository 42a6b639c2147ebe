"""Which blocks are looked at, and which class their maps are evidence for."""

from dataclasses import dataclass

import numpy as np

from av1core.analysis.predictions import Predictions
from av1core.dataset.folder import Dataset
from av1core.partition import Stage

PREDICTED, TRUE = "predicted", "true"
TARGETS = {PREDICTED: "the predicted class", TRUE: "the true class"}
"""What maps can be evidence for besides a class by its name."""

OUTCOMES = ("right", "wrong")

DISAGREEMENTS = {
    "first": "only the first run right",
    "second": "only the second run right",
    "different": "the two runs predict different classes",
}

ORDERS = {
    "dataset": "as in the dataset",
    "least_confident": "least confident first",
    "most_confident": "most confident first",
    "most_wrong": "most wrong first",
}
"""Confidence is the probability of the predicted class; the most wrong block gives its true class the least."""


@dataclass(frozen=True)
class BlockFilter:
    """What a validation block must be like to be looked at; None and the whole range of confidence ask for nothing.

    true, predicted: classes of the stage. outcome: of OUTCOMES. lowest, highest: confidence in [0, 1], both included.
    disagreement: of DISAGREEMENTS, for which there must be two runs. source: its name. order: of ORDERS.
    """

    true: str | None = None
    predicted: str | None = None
    outcome: str | None = None
    qindex: int | None = None
    lowest: float = 0.0
    highest: float = 1.0
    disagreement: str | None = None
    source: str | None = None
    order: str = "dataset"

    @property
    def words(self) -> list[str]:
        """What it asks for, such as ["true RECT", "wrong", "qindex 172"]; the name of a source as it stands."""
        said = [
            self.true and f"true {self.true}",
            self.predicted and f"predicted {self.predicted}",
            self.outcome,
            self.qindex is not None and f"qindex {self.qindex}",
            (self.lowest, self.highest) != (0, 1) and f"confidence {100 * self.lowest:.0f}–{100 * self.highest:.0f} %",
            DISAGREEMENTS.get(self.disagreement),
            self.source and f"source {self.source}",
            self.order != "dataset" and ORDERS[self.order],
        ]
        return [word for word in said if word]


def filtered(
    predictions: Predictions, data: Dataset, wanted: BlockFilter, other: Predictions | None = None
) -> np.ndarray:
    """Rows of the dataset's block table that pass a filter, in its order: int64 (N,). Ties are in the dataset's order.

    predictions: of the run that right, wrong and confidence are about. other: of a second run on the same blocks.
    """
    stage, blocks = predictions.stage, data.blocks
    label, rows, confidence = predictions.label, predictions.block, predictions.confidence
    passes = ~((confidence < wanted.lowest) | (confidence > wanted.highest))
    if wanted.true is not None:
        passes &= label == stage.classes.index(wanted.true)
    if wanted.predicted is not None:
        passes &= predictions.predicted == stage.classes.index(wanted.predicted)
    if wanted.outcome is not None:
        passes &= predictions.right == (wanted.outcome == "right")
    if wanted.qindex is not None:
        passes &= blocks.qindex[rows] == wanted.qindex
    if wanted.source is not None:
        passes &= blocks.source[rows] == [source.name for source in data.sources].index(wanted.source)
    if wanted.disagreement is not None:
        passes &= _disagreement(wanted.disagreement, predictions, other.of(rows))
    of_true = predictions.probabilities[np.arange(len(label)), label]
    keys = {"least_confident": confidence, "most_confident": -confidence, "most_wrong": of_true}
    order = np.lexsort((rows, keys.get(wanted.order, rows)))
    return rows[order[passes[order]]]


def targets(stage: Stage, target: str, labels: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """The class index that each block's map is evidence for: int64 (N,).

    target: PREDICTED, TRUE or one of the stage's classes. labels: int (N,), OUTSIDE where the stage does not see a
    block; its prediction stands in there. predicted: int (N,).
    """
    if target in stage.classes:
        return np.full(len(labels), stage.classes.index(target))
    return predicted if target == PREDICTED else np.where(labels < 0, predicted, labels)


def _disagreement(kind: str, first: Predictions, second: Predictions) -> np.ndarray:
    if kind == "different":
        return first.predicted != second.predicted
    return first.right & ~second.right if kind == "first" else second.right & ~first.right
