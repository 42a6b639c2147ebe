"""Whether maps say what a model does: it is asked about blocks of which something was taken away, or put back.

Infidelity (Yeh et al. 2019, arXiv 1901.09392), deletion and insertion (Petsiuk et al. 2018, arXiv 1806.07421) and
completeness (Sundararajan et al. 2017, arXiv 1703.01365).
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from av1core.analysis.attribution import MOST_AT_ONCE, explained, to_luma
from av1core.analysis.maps.methods import SLOPE, Method
from av1core.models.undisturbed import undisturbed
from av1core.partition import LUMA_MAX

STEPS = 16
"""Of a deletion or insertion curve."""

SQUARES = 32
"""Taken from each block, one at a time, for infidelity; with sides of 2 to 8 pixels, the same for all blocks."""

RANDOM_ORDERS = 4
"""Whose mean curve a map's is compared with."""


@dataclass(frozen=True, eq=False)
class Asked:
    """A model and N blocks: luma float32 (N, S, S) in 0–1023, qindex integers (N,), the class of each int64 (N,)."""

    model: nn.Module
    luma: np.ndarray
    qindex: np.ndarray
    target: np.ndarray

    def logits(self, luma: np.ndarray, output: str = "logit") -> np.ndarray:
        """What maps explain, one of OUTPUTS, for K versions of each block (N, K, S, S): float64 (N, K)."""
        return self._ask(explained(self.model, output), luma)

    def probability(self, luma: np.ndarray) -> np.ndarray:
        """The probability of each block's class in %, for K versions of each block (N, K, S, S): float64 (N, K)."""
        return 100 * self._ask(lambda inputs, qindex: self.model(inputs, qindex).double().softmax(1), luma)

    def _ask(self, forward, luma: np.ndarray) -> np.ndarray:
        versions = luma.shape[1]
        flat = luma.reshape(-1, *luma.shape[2:])
        qindex, target = (
            torch.from_numpy(np.repeat(each, versions).astype(np.int64)) for each in (self.qindex, self.target)
        )
        found = [torch.empty(0, dtype=torch.float64)]
        with undisturbed(self.model), torch.inference_mode():
            for first in range(0, len(flat), MOST_AT_ONCE):
                some = slice(first, first + MOST_AT_ONCE)
                outputs = forward(to_luma(flat[some], torch.device("cpu")), qindex[some])
                found.append(outputs.double().gather(1, target[some, None])[:, 0])
        return torch.cat(found).numpy().reshape(-1, versions)


def squares(side: int, random: np.random.Generator) -> np.ndarray:
    """SQUARES places in a block: bool (SQUARES, side, side)."""
    sizes = random.integers(2, side // 2, SQUARES, endpoint=True)
    first = random.integers(0, side - sizes[:, None], (SQUARES, 2), endpoint=True)
    inside = [(np.arange(side) >= start[:, None]) & (np.arange(side) < (start + sizes)[:, None]) for start in first.T]
    return inside[0][:, :, None] & inside[1][:, None, :]


def infidelity(
    asked: Asked, maps: np.ndarray, baseline: np.ndarray, method: Method, output: str = "logit", seed: int = 0
) -> np.ndarray:
    """The share of the change of the output that maps do not predict: float64 (N,) in [0, 1].

    maps: float (N, S, S). baseline: luma float32 (N, S, S), which takes the place of squares. A gradient predicts the
    change of luma times itself, other maps the sum of what they give to the square: that is what the perturbation of
    Yeh et al. is divided by for methods that multiply by the block minus its baseline. The prediction is scaled by
    the best factor that is not negative, for each block, so that methods of different units compare. 0 where the output
    does not change.
    """
    taken = squares(maps.shape[-1], np.random.default_rng((seed, 2)))[None]
    changes = asked.logits(asked.luma[:, None], output) - asked.logits(
        np.where(taken, baseline[:, None], asked.luma[:, None]), output
    )
    weights = (asked.luma - baseline) / LUMA_MAX if method.unit == SLOPE else 1.0
    predicted = (taken * (maps.astype(np.float64) * weights)[:, None]).sum((2, 3))
    size = (predicted**2).sum(1)
    factor = np.maximum((predicted * changes).sum(1), 0) / np.where(size > 0, size, 1)
    error, whole = ((factor[:, None] * predicted - changes) ** 2).sum(1), (changes**2).sum(1)
    return np.divide(error, whole, out=np.zeros_like(whole), where=whole > 0)


def incompleteness(asked: Asked, maps: np.ndarray, baseline: np.ndarray, output: str) -> tuple[np.ndarray, np.ndarray]:
    """By how much maps (N, h, w) miss the difference of the outputs for block and baseline, and that: float64 (N,).

    Both in logits. baseline: luma float32 (N, S, S). output: of OUTPUTS.
    """
    ends = asked.logits(np.stack([asked.luma, baseline], 1), output)
    differences = ends[:, 0] - ends[:, 1]
    return maps.astype(np.float64).sum((1, 2)) - differences, differences


def order(maps: np.ndarray, seed: int | tuple[int, ...] = 0) -> np.ndarray:
    """Pixels of each map (N, S, S) from the largest value to the smallest, equal ones shuffled: int64 (N, S²).

    They count along rows. Most evidence for the class comes first, evidence against it last.
    """
    flat = maps.reshape(len(maps), -1)
    return np.lexsort((np.random.default_rng(seed).random(flat.shape), -flat))


def edges(luma: np.ndarray) -> np.ndarray:
    """An edge detector, which knows no model: the size of Sobel's gradient, float32 (N, S, S) as the luma is."""
    from scipy.ndimage import correlate1d

    # SciPy's own sobel would smooth over the blocks too.
    slopes = [
        correlate1d(correlate1d(luma, [-1, 0, 1], along, mode="nearest"), [1, 2, 1], across, mode="nearest")
        for along, across in ((1, 2), (2, 1))
    ]
    return np.hypot(*slopes)


def curves(asked: Asked, baseline: np.ndarray, ordered: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Deletion and insertion: the class's probability in % after each step, float64 (N, STEPS + 1) each.

    baseline: luma float32 (N, S, S). ordered: of `order`. Deletion begins with the block and ends with the baseline,
    insertion the other way round; each step takes the next S² / STEPS pixels.
    """
    count = ordered.shape[1]
    rank = np.empty_like(ordered)
    np.put_along_axis(rank, ordered, np.arange(count)[None], 1)
    rank = rank.reshape(asked.luma.shape)[:, None]
    changed = rank < (np.arange(STEPS + 1) * count / STEPS)[:, None, None]
    block, start = asked.luma[:, None], baseline[:, None]
    return asked.probability(np.where(changed, start, block)), asked.probability(np.where(changed, block, start))


def area(curve: np.ndarray) -> np.ndarray:
    """The area under curves (N, K) whose steps together are 1, by the trapezoid rule: float64 (N,)."""
    return np.trapezoid(curve, dx=1 / (curve.shape[1] - 1), axis=1)
