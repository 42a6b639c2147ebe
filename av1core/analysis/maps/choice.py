"""Which blocks are looked at, and which class their maps are evidence for."""

from dataclasses import dataclass

import numpy as np

from av1core.analysis.predictions import Predictions
from av1core.dataset.folder import Dataset
from av1core.partition import Stage
from av1core.translation import Message, message

PREDICTED, TRUE = "predicted", "true"
TARGETS = {PREDICTED: message("the predicted class"), TRUE: message("the true class")}
"""What maps can be evidence for besides a class by its name."""

OUTCOMES = {"right": message("right"), "wrong": message("wrong")}

DISAGREEMENTS = {
    "first": message("only the first run right"),
    "second": message("only the second run right"),
    "different": message("the two runs predict different classes"),
}

ORDERS = {
    "dataset": message("as in the dataset"),
    "least_confident": message("least confident first"),
    "most_confident": message("most confident first"),
    "most_wrong": message("most wrong first"),
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
    def words(self) -> list[Message]:
        """What it asks for, such as ["true RECT", "wrong", "qindex 172"]; the name of a source as it stands."""
        sure = {"low": 100 * self.lowest, "high": 100 * self.highest}
        said = [
            self.true and message("true {label}", label=self.true),
            self.predicted and message("predicted {label}", label=self.predicted),
            OUTCOMES.get(self.outcome),
            self.qindex is not None and message("qindex {qindex}", qindex=self.qindex),
            (self.lowest, self.highest) != (0, 1) and message("confidence {low:.0f}–{high:.0f} %", **sure),
            DISAGREEMENTS.get(self.disagreement),
            self.source and message("source {source}", source=self.source),
            self.order != "dataset" and ORDERS[self.order],
        ]
        return [word for word in said if word]


def filtered(
    predictions: Predictions, data: Dataset, wanted: BlockFilter, other: Predictions | None = None
) -> np.ndarray:
    """Rows of the dataset's block table that pass a filter, in its order: int64 (N,). Ties are in the dataset's order.

    predictions: of the run that right, wrong and confidence are about. other: of a second run on the same blocks, which
    a disagreement needs; RunError if it has no prediction for some of them. ValueError for an unknown class or source.
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
