"""What runs of several stages say of all blocks of one frame, and where their decisions lead down the hierarchy."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np

from av1core.dataset.folder import Dataset
from av1core.partition import STAGES, Partition, Stage

UNDECIDED = ""
"""Where decisions lead without a run of Stage 1."""


@dataclass(frozen=True, eq=False)
class FrameDecisions:
    """The N whole 16×16 nodes of one frame at one qindex.

    rows: int64 (N,), of the dataset's block table, ascending. partition: int8 (N,), the encoder's types 0–9.
    probabilities: by name of each stage that has a run float64 (N, classes), also of blocks that decisions do not lead
    to. decided: str (N,), the end of the likelier branches: a type, or PARTITION, RECT or AB if no run goes on there,
    or UNDECIDED. beside: probabilities of a second run of the stage that is looked into, if there is one.
    """

    rows: np.ndarray
    partition: np.ndarray
    probabilities: Mapping[str, np.ndarray]
    decided: np.ndarray
    beside: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def labels(self, stage: Stage) -> np.ndarray:
        """True class indices, int64 (N,); OUTSIDE where the stage does not see a block."""
        return stage.labels(self.partition).astype(np.int64)

    def predicted(self, stage: Stage) -> np.ndarray:
        """Class indices, int64 (N,)."""
        return self.probabilities[stage.name].argmax(1)

    def confidence(self, stage: Stage) -> np.ndarray:
        """Probability of the predicted class, float64 (N,)."""
        return self.probabilities[stage.name].max(1)


@dataclass(frozen=True, eq=False)
class Step:
    """One stage's say about one block.

    probabilities: float64 (classes,), None without a run. beside: the same of a second run, where there is one.
    decided: the likelier class, None without a run. reached: whether the decisions before lead to this stage. true: the
    class that the encoder chose, None where the stage does not see the block.
    """

    stage: Stage
    probabilities: np.ndarray | None
    beside: np.ndarray | None
    decided: str | None
    reached: bool
    true: str | None


def frame_decisions(
    dataset: Dataset, rows: np.ndarray, probabilities: Mapping[str, np.ndarray], beside: np.ndarray | None = None
) -> FrameDecisions:
    """What the stages' runs say, put together; rows, probabilities and beside as of FrameDecisions."""
    return FrameDecisions(rows, dataset.blocks.partition[rows], probabilities, decide(probabilities, len(rows)), beside)


def decide(probabilities: Mapping[str, np.ndarray], blocks: int) -> np.ndarray:
    """Where the likelier class of each stage leads, as far as stages are given: str (blocks,), see FrameDecisions."""
    decided = np.full(blocks, UNDECIDED, dtype="<U16")
    for name, stage in STAGES.items():
        if name in probabilities:
            due = decided == parent_class(stage)
            decided[due] = np.array(stage.classes)[probabilities[name][due].argmax(1)]
    return decided


def parent_class(stage: Stage) -> str:
    """The class of an earlier stage whose blocks this stage goes on with; UNDECIDED for Stage 1, which begins."""
    types = _types(stage)
    for earlier in STAGES.values():
        for name, kinds in zip(earlier.classes, earlier.members, strict=True):
            if set(kinds) == types:
                return name
    return UNDECIDED


def path(decisions: FrameDecisions, place: int, looked_into: Stage) -> list[Step]:
    """What each stage says of one block, given by its place among them. looked_into: the stage of the second run."""
    kind, led = Partition(int(decisions.partition[place])), UNDECIDED
    steps = []
    for name, stage in STAGES.items():
        found = decisions.probabilities.get(name)
        own = None if found is None else found[place]
        decided = None if own is None else stage.classes[own.argmax()]
        reached = led == parent_class(stage)
        second = None if decisions.beside is None or stage != looked_into else decisions.beside[place]
        steps.append(Step(stage, own, second, decided, reached, stage.class_of(kind)))
        led = decided if reached and decided else led
    return steps


def _types(stage: Stage) -> set[Partition]:
    return set(chain.from_iterable(stage.members))
