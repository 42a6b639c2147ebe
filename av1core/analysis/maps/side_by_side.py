"""The maps of one block by several methods and by one or two runs, and how the two differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import gcd
from typing import TYPE_CHECKING

import numpy as np

from av1core.analysis.maps.choice import PREDICTED, targets
from av1core.analysis.maps.methods import COMPLETE, LOGITS, MapSpec, baseline_luma
from av1core.partition import Stage

if TYPE_CHECKING:
    from av1core.analysis.maps.subject import Subject


@dataclass(frozen=True, eq=False)
class RunMaps:
    """What one run makes of the block.

    maps: float32 (h, w), one for each spec. at_block, at_baseline: the output that maps explain, in logits, of the
    block and of its baseline. A map that adds up, such as of integrated gradients, sums to their difference.
    """

    maps: tuple[np.ndarray, ...]
    at_block: float
    at_baseline: float

    @property
    def rise(self) -> float:
        """What the block adds to the output over its baseline."""
        return self.at_block - self.at_baseline


@dataclass(frozen=True, eq=False)
class SideBySide:
    """Maps of a block for one class.

    row: of the dataset's block table. pixels: uint16 (16, 16). baseline: luma in 0–1023, float32 (16, 16), what it is
    compared with; None if no method compares. specs: how each map is made. target: index of the class in the stage.
    runs: one or two, by name.
    """

    stage: Stage
    row: int
    pixels: np.ndarray
    baseline: np.ndarray | None
    specs: tuple[MapSpec, ...]
    target: int
    runs: dict[str, RunMaps]

    @property
    def evidence_for(self) -> str:
        """The class that is explained."""
        return self.stage.classes[self.target]

    @property
    def differences(self) -> tuple[np.ndarray, ...]:
        """Of two runs the second's map minus the first's for each spec, by `difference`; of one run none."""
        if len(self.runs) < 2:
            return ()
        first, second = (run.maps for run in self.runs.values())
        return tuple(
            difference(one, other, spec.about.unit == LOGITS)
            for one, other, spec in zip(first, second, self.specs, strict=True)
        )

    @property
    def unlike(self) -> tuple[MapSpec, ...]:
        """The specs whose maps have another size in one run than in the other."""
        every = zip(self.specs, *(run.maps for run in self.runs.values()), strict=True)
        return tuple(spec for spec, *maps in every if len({each.shape for each in maps}) > 1)

    @property
    def sums(self) -> tuple[tuple[str, MapSpec, float], ...]:
        """Run, spec and sum of each map that is complete: it sums to the difference of the run's two outputs."""
        return tuple(
            (name, spec, float(values.sum(dtype=np.float64)))
            for name, run in self.runs.items()
            for spec, values in zip(self.specs, run.maps, strict=True)
            if spec.method in COMPLETE
        )


def side_by_side(
    subjects: "Mapping[str, Subject]", specs: Sequence[MapSpec], row: int, target: str = PREDICTED
) -> SideBySide:
    """The maps of one block by one or two runs, by name, of one stage and one dataset.

    specs: at least one, all with one baseline and one output; every run has their layers. row: of the dataset's block
    table. target: as in `targets`; the first run's prediction counts for both. RunError as `attribute`.
    """
    from av1core.analysis.maps.faithfulness import Asked

    first = next(iter(subjects.values()))
    block = first.blocks([row])
    (index,) = targets(first.stage, target, block.labels, first.probabilities(block).argmax(1))
    baseline = baseline_luma(block.pixels, specs[0].baseline)
    runs = {}
    for name, subject in subjects.items():
        maps = tuple(subject.maps(spec, block, index)[0] for spec in specs)
        asked = Asked(subject.model, block.pixels, block.qindex, np.array([index]))
        (ends,) = asked.logits(np.stack([block.pixels, baseline], 1), specs[0].output)
        runs[name] = RunMaps(maps, *map(float, ends))
    compares = any(spec.about.baseline for spec in specs)
    return SideBySide(
        first.stage, row, block.pixels[0], baseline[0] if compares else None, tuple(specs), int(index), runs
    )


def difference(one: np.ndarray, other: np.ndarray, adds_up: bool) -> np.ndarray:
    """other − one, float32, on the finest grid that both have: their own if it is the same, else the coarser one.

    one, other: float (h, w) of one block, each on its own grid. adds_up: whether what falls into a cell of that grid is
    summed, such as logits, or averaged.
    """
    shape = tuple(gcd(*sides) for sides in zip(one.shape, other.shape, strict=True))
    return _on_grid(other, shape, adds_up) - _on_grid(one, shape, adds_up)


def _on_grid(values: np.ndarray, shape: tuple[int, ...], adds_up: bool) -> np.ndarray:
    height, width = (side // of for side, of in zip(values.shape, shape, strict=True))
    cells = values.reshape(shape[0], height, shape[1], width)
    return cells.sum((1, 3)) if adds_up else cells.mean((1, 3))
