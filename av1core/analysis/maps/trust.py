"""Whether a method's maps can be trusted for a run: what is checked, by which rules, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from av1core.analysis.maps.methods import MapSpec
from av1core.analysis.statistics import UNKNOWN, Interval, mean_over_units

MOST_SIMILAR = 0.5
"""Rank correlation with the maps of a model of random weights, beyond which a method hardly looks at the weights."""

MOST_INCOMPLETE = 1e-3
"""Completeness error, as a share of the difference that a map should sum to."""

RADIUS = 8
"""Of the changes of a pixel for sensitivity-max, in luma of 0–1023."""

MOST_SENSITIVE = 1.0
"""Sensitivity-max: the map changes by as much as there is of it."""

Mark = Literal["passes", "fails", "warning", "no rule", "unknown"]


@dataclass(frozen=True)
class CheckKind:
    """A check and its rule.

    short: its title over a narrow column. unit: of its value. grave: whether a method that breaks the rule fails, or is
    only warned of. about: what is measured. rule: None where the value is only shown. form: that the value is told in.
    """

    name: str
    title: str
    short: str
    unit: str
    grave: bool
    about: str
    rule: str | None
    paper: str
    form: str = ".1f"


_RISE = "Petsiuk et al. 2018, arXiv 1806.07421"
_YEH = "Yeh et al. 2019, arXiv 1901.09392"

CHECKS = {
    kind.name: kind
    for kind in (
        CheckKind("deletion", "Deletion vs random", "Deletion", "pp", True,
                  "Pixels give way to the baseline, those with most evidence first. The area under the curve of the "
                  "class's probability is this much smaller than for random orders.",
                  "The 95 % interval must lie above 0.", _RISE, ".2g"),
        CheckKind("insertion", "Insertion vs random", "Insertion", "pp", True,
                  "The same from the baseline to the block: pixels come back, those with most evidence first. The area "
                  "is this much larger than for random orders.",
                  "The 95 % interval must lie above 0.", _RISE, ".2g"),
        CheckKind("deletion_edges", "Deletion vs edges", "Del./edges", "pp", False,
                  "The same against the order of an edge detector (Sobel), which knows no model.",
                  "A warning unless the 95 % interval lies above 0.", _RISE, ".2g"),
        CheckKind("insertion_edges", "Insertion vs edges", "Ins./edges", "pp", False,
                  "The same against the order of an edge detector (Sobel), which knows no model.",
                  "A warning unless the 95 % interval lies above 0.", _RISE, ".2g"),
        CheckKind("randomisation", "Model randomisation", "Randomisation", "ρ", True,
                  "Spearman's ρ between the sizes of the trained model's maps and of those of a model whose weights "
                  "are drawn anew, from the head down to the stem, as they are before training. Of few of the blocks. "
                  "Maps that multiply by what a block differs from its baseline resemble each other for that alone.",
                  f"It must not be above {MOST_SIMILAR:g}: such a map would hardly depend on what was learned. Not "
                  f"decided where the 95 % interval holds {MOST_SIMILAR:g}.",
                  "Adebayo et al. 2018, arXiv 1810.03292", ".2f"),
        CheckKind("completeness", "Completeness error", "Complete", "", True,
                  "How far the sum of a map is from the difference of the outputs for block and baseline: the largest "
                  "over the blocks, relative to the mean size of that difference. Integrated Gradients and layer "
                  "conductance are complete by construction here, up to rounding.",
                  f"It must not be above {MOST_INCOMPLETE:g}.",
                  "Sundararajan et al. 2017, arXiv 1703.01365", ".0e"),
        CheckKind("sensitivity", "Sensitivity-max", "Sensitivity", "", False,
                  "The largest change of the map, relative to its norm, over random changes of every pixel by at most "
                  f"{RADIUS} of 1023. Of few of the blocks.",
                  f"A warning above {MOST_SENSITIVE:g}: the map then changes by as much as there is of it.", _YEH,
                  ".2f"),
        CheckKind("infidelity", "Infidelity", "Infidelity", "%", False,
                  "Squares of the block give way to the baseline, and the map predicts by how much the output falls: "
                  "the mean squared error, after the best scaling that is not negative, as a share of the mean squared "
                  "change. 0 % is a perfect prediction, 100 % none. Only for maps that predict a change: signed "
                  "evidence for a class.",
                  None, _YEH),
    )
}  # fmt: skip
"""By name, in the order they are shown."""


@dataclass(frozen=True)
class Check:
    """What came of one of CHECKS. value: mean over the blocks in the check's unit. low, high: its 95 % interval over
    sources, NaN where there is none. passed: None without a rule or where the rule cannot be decided. sentence: in
    words.
    """

    name: str
    value: float
    low: float
    high: float
    passed: bool | None
    sentence: str

    @property
    def kind(self) -> CheckKind:
        """What was checked."""
        return CHECKS[self.name]

    @property
    def mark(self) -> Mark:
        """In a word."""
        if self.passed is None:
            return "unknown" if self.kind.rule else "no rule"
        return "passes" if self.passed else "fails" if self.kind.grave else "warning"


@dataclass(frozen=True, eq=False)
class Trust:
    """What the checks say about the maps of one spec.

    curves: columns way ("deletion" or "insertion"), order ("map", "random" or "edges"), share (of the pixels replaced
    or put back, in %) and probability (of the class, mean over blocks in %). similarity: columns randomised ("nothing",
    then the part that was drawn anew last), similarity (mean of Spearman's ρ over the blocks whose map is not flat),
    low and high (95 % interval over sources). blocks: how many. few: of how many of them maps were made anew, for
    randomisation and sensitivity-max. sources: of the blocks, how many.
    """

    spec: MapSpec
    checks: tuple[Check, ...]
    curves: pd.DataFrame
    similarity: pd.DataFrame
    blocks: int
    few: int
    sources: int

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that the method fails; warnings are none."""
        return tuple(check for check in self.checks if check.mark == "fails")


def better(name: str, gains: np.ndarray, source: np.ndarray) -> Check:
    """A check that a method does better than something else. gains: float (N,), in pp, above 0 if it does."""
    value, interval = mean_over_units(gains, source)
    than = "an edge detector" if name.endswith("edges") else "random orders"
    way = name.split("_")[0].capitalize()
    gain, low, high = (_number(each, "+.2g") for each in (value, *interval))
    if np.isnan(interval.low):
        return Check(name, value, *UNKNOWN, None, f"{way}: {gain} pp against {than}; one source has no interval.")
    passed = interval.low > 0
    verdict = "does better" if passed else "does worse" if interval.high < 0 else "is not shown to do better"
    return Check(
        name, value, *interval, passed,
        f"{way} {verdict} than {than}: {gain} pp, 95 % interval {low} to {high}.",
    )  # fmt: skip


def independent(similarity: np.ndarray, source: np.ndarray) -> Check:
    """The check that random weights change the maps. similarity: float (N,), rank correlations in [−1, 1] or NaN."""
    value, interval = known_mean(similarity, source)
    if np.isnan(value):
        return Check("randomisation", value, *UNKNOWN, None, "No map has places of more and of less evidence.")
    passed: bool | None = value <= MOST_SIMILAR
    words = "resemble" if passed else "still resemble"
    if interval.low <= MOST_SIMILAR < interval.high:
        passed, words = None, "may or may not still resemble"
    rho, low, high = (_number(each, ".2f") for each in (value, *interval))
    between = "" if np.isnan(interval.low) else f", 95 % interval {low} to {high}"
    return Check(
        "randomisation", value, *interval, passed,
        f"With all weights drawn anew the maps {words} the trained model's: ρ = {rho}{between}.",
    )  # fmt: skip


def known_mean(values: np.ndarray, source: np.ndarray) -> tuple[float, Interval]:
    """`mean_over_units` of those values (N,) that are known; NaN and an unknown interval if none is."""
    known = ~np.isnan(values)
    return mean_over_units(values[known], source[known]) if known.any() else (np.nan, UNKNOWN)


def complete(errors: np.ndarray, differences: np.ndarray) -> Check:
    """The check that maps sum to the differences of the outputs; errors and differences: float (N,), in logits."""
    largest, scale = float(np.abs(errors).max()), float(np.abs(differences).mean())
    share = largest / scale if scale else float(largest > 0)
    return Check(
        "completeness", share, *UNKNOWN, share <= MOST_INCOMPLETE,
        f"The maps miss the difference that they should sum to by at most {_number(largest, '.0e')} logits, "
        f"{_number(share, '.0e')} of its mean size.",
    )  # fmt: skip


def steady(changes: np.ndarray, source: np.ndarray) -> Check:
    """The check that maps hold still under small changes of the block. changes: float (N,), relative to the map."""
    value, interval = mean_over_units(changes, source)
    return Check(
        "sensitivity", value, *interval, value <= MOST_SENSITIVE,
        f"Changes of at most {RADIUS} of 1023 in every pixel change the map by {100 * value:.0f} % of its norm.",
    )  # fmt: skip


def faithful(shares: np.ndarray, source: np.ndarray) -> Check:
    """The infidelity, which has no rule. shares: float (N,) in [0, 1]."""
    value, interval = mean_over_units(100 * shares, source)
    return Check(
        "infidelity", value, *interval, None,
        f"The map leaves {value:.0f} % of the change unexplained when squares are taken from the block.",
    )  # fmt: skip


def trust_table(found: Sequence[Trust]) -> pd.DataFrame:
    """One row a method and check: method, check, value, unit, low, high, mark and sentence."""
    return pd.DataFrame(
        [
            (each.spec.title, check.kind.title, check.value, check.kind.unit, check.low, check.high, check.mark,
             check.sentence)
            for each in found
            for check in each.checks
        ],
        columns=["method", "check", "value", "unit", "low", "high", "mark", "sentence"],
    )  # fmt: skip


def _number(value: float, form: str) -> str:
    return f"{value:{form}}".replace("-", "−")


_SIGNS = {"passes": "✓", "fails": "✕", "warning": "!", "unknown": "?", "no rule": ""}


def marks_table(found: Sequence[Trust]) -> pd.DataFrame:
    """One row a method; column method, then those of CHECKS: a mark with the value, "–" where it does not apply."""
    rows = []
    for each in found:
        told = {
            check.name: f"{_SIGNS[check.mark]} {_number(check.value, check.kind.form)} {check.kind.unit}".strip()
            for check in each.checks
        }
        rows.append({"method": each.spec.title} | {name: told.get(name, "–") for name in CHECKS})
    return pd.DataFrame(rows, columns=["method", *CHECKS])
