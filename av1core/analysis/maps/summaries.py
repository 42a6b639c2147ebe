"""Maps of many blocks in one: mean maps by group, and the agreement between methods."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from av1core.analysis.maps.side_by_side import difference
from av1core.partition import MODEL_SIZE


@dataclass(frozen=True, eq=False)
class MeanMaps:
    """Mean maps of G groups of blocks: names and blocks by group, signed and absolute means float32 (G, h, w).

    A group without a block has NaN.
    """

    names: tuple[str, ...]
    blocks: tuple[int, ...]
    signed: np.ndarray
    absolute: np.ndarray


@dataclass(frozen=True, eq=False)
class Agreement:
    """How alike M methods rank the pixels of a block: mean Spearman correlation float64 (M, M) in [−1, 1].

    counts: int64 (M, M), the blocks that it is a mean over: those where neither map is flat. NaN where there is none.
    """

    names: tuple[str, ...]
    correlation: np.ndarray
    counts: np.ndarray


def on_pixels(maps: np.ndarray, size: int = MODEL_SIZE) -> np.ndarray:
    """Maps (N, h, w) on the block's pixels, (N, size, size): each pixel has the value of the position it lies in."""
    rows, cols = ((2 * np.arange(size) + 1) * side // (2 * size) for side in maps.shape[1:])
    return maps[:, rows[:, None], cols]


def mean_maps(maps: np.ndarray, group: np.ndarray, names: Sequence[str]) -> MeanMaps:
    """The means over the blocks of each group. maps: float (N, h, w). group: int (N,), index into the names."""
    blocks = np.bincount(group, minlength=len(names))
    means = []
    for values in (maps, np.abs(maps)):
        sums = np.zeros((len(names), *maps.shape[1:]))
        np.add.at(sums, group, values)
        with np.errstate(invalid="ignore"):
            means.append((sums / blocks[:, None, None]).astype(np.float32))
    return MeanMaps(tuple(names), tuple(blocks.tolist()), *means)


def mean_difference(first: MeanMaps, second: MeanMaps, adds_up: bool) -> MeanMaps:
    """second − first, of the same groups, by `side_by_side.difference`: on the coarser grid where they differ."""
    pairs = ((first.signed, second.signed), (first.absolute, second.absolute))
    maps = (np.stack([difference(*maps, adds_up) for maps in zip(*pair, strict=True)]) for pair in pairs)
    return MeanMaps(first.names, first.blocks, *maps)


def unit_ranks(maps: np.ndarray) -> np.ndarray:
    """The ranks of the places of each |map| (N, h, w), less their mean and scaled to length 1: float64 (N, h·w).

    The product of two is Spearman's ρ. NaN for a flat map.
    """
    from scipy.stats import rankdata

    ranks = rankdata(np.abs(maps).reshape(len(maps), -1), axis=1)
    ranks -= ranks.mean(1, keepdims=True)
    norm = np.linalg.norm(ranks, axis=1, keepdims=True)
    return np.divide(ranks, norm, out=np.full_like(ranks, np.nan), where=norm > 0)


def agreement(maps: Mapping[str, np.ndarray]) -> Agreement:
    """Between methods, by name: each float (N, h, w) of the same N blocks. |map| is ranked, on the block's pixels."""
    every = np.stack([unit_ranks(on_pixels(values)) for values in maps.values()])  # (M, N, pixels)
    by_block = np.einsum("anp,bnp->nab", every, every)
    counts = (~np.isnan(by_block)).sum(0)
    sums = np.nansum(by_block, axis=0)
    return Agreement(tuple(maps), np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0), counts)
