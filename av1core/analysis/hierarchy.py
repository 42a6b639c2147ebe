"""The hierarchy as one classifier of the eight types: its decisions, where they go wrong, and the search they save.

An encoder tries every partition type of a node. Told each type's probability it can leave the unlikely ones out: what
counts is how much search that avoids against how often it leaves out the type that a full search would have chosen.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from av1core.analysis.confusion import accuracy, confusion_matrix, f1_per_class
from av1core.partition import OUTSIDE, STAGES, Partition
from av1core.translation import message

TYPES: tuple[Partition, ...] = tuple(
    kind for kind in Partition if STAGES["stage1"].class_of(kind) is not None
)  # numbered 0–7 in the bitstream too, so a type's number is its column in every array here
"""The types that the hierarchy decides between, in the bitstream's order; HORZ_4 and VERT_4 are not among them."""

WAYS = GREEDY, PRODUCT = "greedy", "product"
"""Ways to decide: the likelier class at each stage, as the thesis does, or the likeliest type of all eight."""

ALL = message("all")

STAND_INS = FREQUENCIES, LOGISTIC = message("class frequencies"), message("logistic regression")
"""What may stand in for a stage's run: the shares of its classes on the training side, or block statistics and qindex.
"""

THRESHOLDS = (0.0, *np.geomspace(1e-4, 1, 121).tolist())


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The hierarchy on N validation blocks.

    rows: int64 (N,), of the dataset's block table. labels: int64 (N,), the encoder's types 0–7. qindex: int16 (N,).
    probabilities: float64 (N, 8), by type. greedy: int64 (N,), types decided down the tree. left_out: whole 16×16
    validation blocks of types outside the hierarchy.
    """

    rows: np.ndarray
    labels: np.ndarray
    qindex: np.ndarray
    probabilities: np.ndarray
    greedy: np.ndarray
    left_out: int

    def decided(self, way: str) -> np.ndarray:
        """int64 (N,): the types decided in one of the two ways, GREEDY or PRODUCT."""
        return self.greedy if way == GREEDY else self.probabilities.argmax(1)

    def at(self, qindex: str) -> "Evaluation":
        """The blocks of one qindex, given as text, or ALL."""
        if qindex == ALL:
            return self
        chosen = self.qindex == int(qindex)
        columns = ("rows", "labels", "qindex", "probabilities", "greedy")
        return replace(self, **{name: getattr(self, name)[chosen] for name in columns})

    def qindexes(self) -> list[str]:
        """ALL, and each qindex as text, ascending."""
        return [ALL, *map(str, np.unique(self.qindex).tolist())]

    def confusion(self, way: str) -> np.ndarray:
        """int64 (8, 8) counts, rows true, columns decided."""
        return confusion_matrix(self.labels, self.decided(way), len(TYPES))


def chain(stage1: np.ndarray, stage2: np.ndarray, stage3_rect: np.ndarray, stage3_ab: np.ndarray) -> np.ndarray:
    """Probabilities of the eight types, float64 (N, 8), as the products along each one's path.

    Each argument: (N, classes of the stage), rows that sum to 1, for every block whether or not it reaches the stage.
    """
    stages = dict(zip(STAGES, (stage1, stage2, stage3_rect, stage3_ab), strict=True))
    result = np.ones((len(stage1), len(TYPES)))
    for name, probabilities in stages.items():
        labels = STAGES[name].labels(np.array(TYPES))
        for kind in np.flatnonzero(labels != OUTSIDE):
            result[:, kind] *= probabilities[:, labels[kind]]
    return result


def greedy(stage1: np.ndarray, stage2: np.ndarray, stage3_rect: np.ndarray, stage3_ab: np.ndarray) -> np.ndarray:
    """The type at the end of the likelier branch of each stage, int64 (N,); arguments as of `chain`."""
    certain = (np.eye(each.shape[1])[each.argmax(1)] for each in (stage1, stage2, stage3_rect, stage3_ab))
    return chain(*certain).argmax(1)


def to_natural_mix(probabilities: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Probabilities of a classifier that was trained on equally many blocks a class, for classes of these shares.

    Bayes' rule, exact for a classifier that is calibrated on the equal mix. probabilities: (N, C). shares: (C,).
    """
    weighted = probabilities * shares
    return weighted / weighted.sum(1, keepdims=True)


def score_table(evaluation: Evaluation) -> pd.DataFrame:
    """Columns qindex, decision, blocks, f1, accuracy and one for each type's F1; all in %.

    f1 is the plain mean over the types that occur among the blocks of the row; a type that does not has no F1 (NaN).
    """
    rows = []
    for qindex in evaluation.qindexes():
        part = evaluation.at(qindex)
        rows += [{"qindex": qindex, "decision": way, "blocks": len(part.labels)} | _scores(part, way) for way in WAYS]
    return pd.DataFrame(rows)


def headline(evaluation: Evaluation, way: str, curve: pd.DataFrame, lost: float) -> dict[str, float]:
    """f1 and accuracy of all blocks, as in `score_table`, and avoided, as `most_avoided` finds it; all in %.

    curve: the evaluation's `search_curve`.
    """
    scores = _scores(evaluation, way)
    return {"f1": scores["f1"], "accuracy": scores["accuracy"], "avoided": float(most_avoided(curve, lost)["avoided"])}


def stage_errors(labels: np.ndarray, decided: np.ndarray) -> pd.DataFrame:
    """Where along the path to its true type a block first went wrong. A row a stage.

    labels, decided: int (N,), types 0–7. Columns stage, due (blocks whose path has the stage), reached (those of them
    that no earlier stage sent elsewhere), wrong (those of them that this stage did), error (wrong of reached, in %)
    and share (wrong of all blocks, in %). The shares and the accuracy add up to 100.
    """
    right_so_far = np.ones(len(labels), bool)
    rows = []
    for name, stage in STAGES.items():
        true = stage.labels(labels)
        due = true != OUTSIDE
        reached = due & right_so_far
        wrong = reached & (stage.labels(decided) != true)
        right_so_far &= ~wrong
        counts = (int(blocks.sum()) for blocks in (due, reached, wrong))
        rows.append((name, *counts, 100 * _ratio(wrong, reached), 100 * _ratio(wrong, labels >= 0)))
    return pd.DataFrame(rows, columns=["stage", "due", "reached", "wrong", "error", "share"])


def search_curve(
    probabilities: np.ndarray, labels: np.ndarray, thresholds: tuple[float, ...] = THRESHOLDS
) -> pd.DataFrame:
    """What leaving out unlikely types saves and costs, by threshold and by number of types.

    probabilities: (N, 8). labels: int (N,), 0–7. Columns: rule ("threshold": types at least that likely are searched,
    and always the likeliest; "top-k": the k likeliest), value (of the threshold or k), searched (types a block),
    avoided (100 − searched in % of the eight), lost (blocks whose true type is not searched, in %). Every type counts
    the same for the search, although they cost an encoder unlike time. Of equals the first type is the likelier.
    """
    order = np.argsort(-probabilities, axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(len(TYPES))[None], axis=1)
    choices = [("threshold", value, (probabilities >= value) | (ranks == 0)) for value in thresholds]
    choices += [("top-k", k, ranks < k) for k in range(1, len(TYPES) + 1)]
    rows = []
    for rule, value, searched in choices:
        types = float(searched.sum(1).mean())
        lost = 1 - searched[np.arange(len(labels)), labels].mean()
        rows.append((rule, float(value), types, 100 * (1 - types / len(TYPES)), 100 * float(lost)))
    return pd.DataFrame(rows, columns=["rule", "value", "searched", "avoided", "lost"])


def most_avoided(curve: pd.DataFrame, lost: float) -> pd.Series:
    """The threshold of a `search_curve` that avoids most search while at most `lost` % of right partitions are lost."""
    kept = curve[(curve["rule"] == "threshold") & (curve["lost"] <= lost)]
    return kept.loc[kept["avoided"].idxmax()]


def _scores(evaluation: Evaluation, way: str) -> dict[str, float]:
    confusion = evaluation.confusion(way)
    per_type = np.where(confusion.sum(1) > 0, 100 * f1_per_class(confusion), np.nan)
    scores = {"f1": float(np.nanmean(per_type)), "accuracy": 100 * accuracy(confusion)}
    return scores | {kind.name: value for kind, value in zip(TYPES, per_type, strict=True)}


def _ratio(part: np.ndarray, whole: np.ndarray) -> float:
    return float(part.sum() / whole.sum()) if whole.any() else float("nan")
