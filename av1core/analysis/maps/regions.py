"""Where in a block the evidence lies: shares of its regions, and whether AB types look at the half they cut again.

All shares are taken on the pixel grid: a layer's coarse map is spread evenly over the pixels of each position.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from av1core.analysis.maps.summaries import on_pixels
from av1core.analysis.statistics import UNKNOWN, Interval, difference_over_units, mean_over_units
from av1core.analysis.tables import worded
from av1core.partition import MODEL_SIZE, STAGES, Partition, mirrored, sub_blocks
from av1core.translation import Message, message

BORDER = message("border")
HALVES = (message("top half"), message("bottom half"), message("left half"), message("right half"))
QUADRANTS = (message("top left"), message("top right"), message("bottom left"), message("bottom right"))


def _regions() -> dict[str, np.ndarray]:
    row, col = np.indices((MODEL_SIZE, MODEL_SIZE))
    last, top, left = MODEL_SIZE - 1, row < MODEL_SIZE // 2, col < MODEL_SIZE // 2
    masks = [(row % last == 0) | (col % last == 0), top, ~top, left, ~left]
    masks += [top & left, top & ~left, ~top & left, ~top & ~left]
    return dict(zip((BORDER, *HALVES, *QUADRANTS), masks, strict=True))


REGIONS = _regions()
"""Parts of a block by name, bool (16, 16). The border is the outer ring, one pixel wide."""


def _cut_again(kind: Partition) -> str:
    mask = np.zeros((MODEL_SIZE, MODEL_SIZE), bool)
    for row, col, height, width in sub_blocks(kind, MODEL_SIZE):
        mask[row : row + height, col : col + width] = height == width
    return next(name for name in HALVES if (REGIONS[name] == mask).all())


CUT_AGAIN = {kind: _cut_again(kind) for (kind,) in STAGES["stage3_ab"].members}
"""The half of a block that each AB type cuts once more."""


SHARES = {
    "group": message("Group"),
    "region": message("Region"),
    "share": message("Share of the evidence (%)"),
    "share_low": message("from"),
    "share_high": message("to"),
    "area": message("Share of the area (%)"),
    "blocks": message("Blocks"),
    "sources": message("Sources"),
    "zero": message("Left out"),
}
"""Columns of a table with a row a group and region, by `shares_table`: 95 % intervals."""

CUT_AGAIN_SHARES = {
    "type": message("Type"),
    "half": message("Half that is cut again"),
    "answer": message("Does it look there?"),
    "share": message("Share of the evidence (%)"),
    "share_low": message("from"),
    "share_high": message("to"),
    "mirror": message("Its mirror image"),
    "mirror_share": message("Share there (%)"),
    "apart": message("Difference (pp)"),
    "apart_low": message("from "),
    "apart_high": message("to "),
    "contrast": message("Share of the contrast (%)"),
    "blocks": message("Blocks"),
    "sources": message("Sources"),
    "zero": message("Left out"),
}
"""Columns of a table with a row an AB type, by `cut_again_table`: 95 % intervals."""


def region_shares(maps: np.ndarray, positive: bool = False) -> dict[str, np.ndarray]:
    """The share in % of each block's evidence that lies in each of REGIONS: float64 (N,), NaN for a map without any.

    Evidence is |map|, or what of it is above zero. maps: float (N, h, w).
    """
    evidence = on_pixels(np.maximum(maps, 0) if positive else np.abs(maps)).astype(np.float64)
    total = evidence.sum((1, 2))
    total[total == 0] = np.nan
    return {name: 100 * evidence[:, mask].sum(1) / total for name, mask in REGIONS.items()}


def shares_table(
    shares: Mapping[str, np.ndarray], group: np.ndarray, names: Sequence[str], source: np.ndarray
) -> pd.DataFrame:
    """A row a group and region, for groups that have a block with evidence.

    shares: of `region_shares`. group: int (N,), index into the names. source: int (N,). The columns are those of
    SHARES: the mean share over blocks with its interval over other sources, the region's share of the area, all in %,
    and the blocks and sources with evidence; zero counts the blocks left out, whose map has none.
    """
    rows = []
    for place, name in enumerate(names):
        for region, values in shares.items():
            of = (group == place) & ~np.isnan(values)
            if of.any():
                share, interval = mean_over_units(values[of], source[of])
                rows.append((
                    name, region, share, *_within_percent(interval), 100 * REGIONS[region].mean(), int(of.sum()),
                    len(np.unique(source[of])), int(((group == place) & np.isnan(values)).sum()),
                ))  # fmt: skip
    return worded(rows, SHARES)


def cut_again_table(
    shares: Mapping[str, np.ndarray],
    contrast: Mapping[str, np.ndarray],
    partition: np.ndarray,
    source: np.ndarray,
) -> pd.DataFrame:
    """Does HORZ_A look at the top? A row for each AB type that has a block with evidence: the half it cuts again.

    shares: of the maps, by `region_shares`; contrast: of the blocks' luma less its mean, alike. partition, source: int
    (N,). The columns are those of CUT_AGAIN_SHARES: share and its interval, blocks, sources and zero as in
    `shares_table`; contrast, the mean share of the blocks' own contrast that lies in the half; mirror, the type that
    cuts the other half again, mirror_share, its share in this half, and apart, share − mirror_share in pp with its
    interval, NaN if there is no block of it; answer, in words.
    """
    rows = []
    for kind, half in CUT_AGAIN.items():
        seen = ~np.isnan(shares[half])
        own = (partition == kind) & seen
        if not own.any():
            continue
        mirror = mirrored(kind, "vertical" if half in HALVES[:2] else "horizontal")
        other = (partition == mirror) & seen
        share, interval = mean_over_units(shares[half][own], source[own])
        apart, apart_interval = np.nan, UNKNOWN
        if other.any():
            apart, apart_interval = difference_over_units(
                shares[half][own], source[own], shares[half][other], source[other]
            )
        rows.append((
            kind.name, half, _answer(interval, mirror.name, apart_interval), share, *_within_percent(interval),
            mirror.name, _known_mean(shares[half][other]), apart, *apart_interval, _known_mean(contrast[half][own]),
            int(own.sum()), len(np.unique(source[own])), int(((partition == kind) & ~seen).sum()),
        ))  # fmt: skip
    return worded(rows, CUT_AGAIN_SHARES)


def _within_percent(interval: Interval) -> Interval:
    return Interval(*np.clip(interval, 0, 100).tolist())


def _known_mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else np.nan


def _answer(interval: Interval, mirror: str, apart: Interval) -> Message:
    """Whether a type looks at its half, by both intervals. A lean that all types share is no look."""
    beyond, short, more, less = interval.low > 50, interval.high < 50, apart.low > 0, apart.high < 0
    if less or (short and not more):
        verdict = message("No")
    elif more:
        verdict = message("Yes") if beyond else message("In part")
    else:
        verdict = message("Not established")
    half = message("half is not excluded")
    if beyond or short:
        half = message("more than half") if beyond else message("less than half")
    beside = message("not apart from {type}", type=mirror)
    if more or less:
        beside = message("more than {type}", type=mirror) if more else message("less than {type}", type=mirror)
    return message("{verdict}: {half}, {mirror}.", verdict=verdict, half=half, mirror=beside)
