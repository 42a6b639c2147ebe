"""Whether a method's maps can be trusted for a run: what is checked, by which rules, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from av1core.analysis.maps.checks import (
    CHECKS,
    MARKS,
    MOST_INCOMPLETE,
    MOST_SENSITIVE,
    MOST_SIMILAR,
    RADIUS,
    CheckKind,
    Mark,
)
from av1core.analysis.maps.methods import MapSpec
from av1core.analysis.statistics import UNKNOWN, Interval, mean_over_units
from av1core.analysis.tables import worded
from av1core.translation import ENGLISH, MISSING, Message, Words, message


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
    sentence: Message

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
    """A check that a method does better than something else. gains: float (N,), in pp, above 0 if it does.

    name: of CHECKS. source: integers (N,), of each block, here and in the checks below.
    """
    value, interval = mean_over_units(gains, source)
    words = {
        "way": message("Deletion") if name.startswith("deletion") else message("Insertion"),
        "than": message("an edge detector") if name.endswith("edges") else message("random orders"),
        "gain": value, "low": interval.low, "high": interval.high,
    }  # fmt: skip
    if np.isnan(interval.low):
        said = message("{way}: {gain:+.2g} pp against {than}; one source has no interval.", **words)
        return Check(name, value, *UNKNOWN, None, said)
    passed = interval.low > 0
    if passed:
        words["verdict"] = message("{way} does better than {than}", **words)
    elif interval.high < 0:
        words["verdict"] = message("{way} does worse than {than}", **words)
    else:
        words["verdict"] = message("{way} is not shown to do better than {than}", **words)
    said = message("{verdict}: {gain:+.2g} pp, 95 % interval {low:+.2g} to {high:+.2g}.", **words)
    return Check(name, value, *interval, passed, said)


def independent(similarity: np.ndarray, source: np.ndarray) -> Check:
    """The check that random weights change the maps. similarity: float (N,), rank correlations in [−1, 1] or NaN."""
    value, interval = known_mean(similarity, source)
    if np.isnan(value):
        said = message("No map has places of more and of less evidence.")
        return Check("randomisation", value, *UNKNOWN, None, said)
    passed: bool | None = value <= MOST_SIMILAR
    if interval.low <= MOST_SIMILAR < interval.high:
        passed = None
        verdict = message("With all weights drawn anew the maps may or may not still resemble the trained model's")
    elif passed:
        verdict = message("With all weights drawn anew the maps hardly resemble the trained model's")
    else:
        verdict = message("With all weights drawn anew the maps still resemble the trained model's")
    words = {"verdict": verdict, "rho": value, "low": interval.low, "high": interval.high}
    if np.isnan(interval.low):
        said = message("{verdict}: ρ = {rho:.2f}.", **words)
    else:
        said = message("{verdict}: ρ = {rho:.2f}, 95 % interval {low:.2f} to {high:.2f}.", **words)
    return Check("randomisation", value, *interval, passed, said)


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
        message(
            "The maps miss the difference that they should sum to by at most {largest:.0e} logits, {share:.0e} of its "
            "mean size.",
            largest=largest, share=share,
        ),
    )  # fmt: skip


def steady(changes: np.ndarray, source: np.ndarray) -> Check:
    """The check that maps hold still under small changes of the block. changes: float (N,), relative to the map."""
    value, interval = mean_over_units(changes, source)
    return Check(
        "sensitivity", value, *interval, value <= MOST_SENSITIVE,
        message(
            "Changes of at most {radius} of 1023 in every pixel change the map by {percent:.0f} % of its norm.",
            radius=RADIUS, percent=100 * value,
        ),
    )  # fmt: skip


def faithful(shares: np.ndarray, source: np.ndarray) -> Check:
    """The infidelity, which has no rule. shares: float (N,) in [0, 1]."""
    value, interval = mean_over_units(100 * shares, source)
    return Check(
        "infidelity", value, *interval, None,
        message(
            "The map leaves {percent:.0f} % of the change unexplained when squares are taken from the block.",
            percent=value,
        ),
    )  # fmt: skip


def trust_table(found: Sequence[Trust]) -> pd.DataFrame:
    """One row a method and check: method, check, value, unit, low, high, mark and sentence."""
    rows = [
        (each.spec.title, check.kind.title, check.value, check.kind.unit, check.low, check.high, MARKS[check.mark],
         check.sentence)
        for each in found
        for check in each.checks
    ]  # fmt: skip
    return worded(rows, ["method", "check", "value", "unit", "low", "high", "mark", "sentence"])


_SIGNS = {"passes": "✓", "fails": "✕", "warning": "!", "unknown": "?", "no rule": ""}


def marks_table(found: Sequence[Trust], words: Words = ENGLISH) -> pd.DataFrame:
    """One row a method; column method, then those of CHECKS: a mark with the value, "–" where it does not apply."""
    rows = []
    for each in found:
        told = {
            check.name: f"{_SIGNS[check.mark]} {words.number(check.value, check.kind.form)} {check.kind.unit}".strip()
            for check in each.checks
        }
        rows.append({"method": words.tell(each.spec.title)} | {name: told.get(name, MISSING) for name in CHECKS})
    return pd.DataFrame(rows, columns=["method", *CHECKS])
