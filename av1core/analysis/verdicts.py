"""Verdicts: one of four words for a variant against its baseline, by fixed rules that are shown beside it.

A word other than `not established` has to hold for other seeds and for other pictures, each at the 5 % level: an
intersection–union test (Berger 1982), whose p is the larger of the two and needs no correction for there being two.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from av1core.analysis.statistics import (
    ALPHA,
    MARGIN,
    UNKNOWN,
    Interval,
    holm,
    least_p,
    least_pairs,
    mean_interval,
    pairs_needed,
    picture_interval,
    sign_flip_p,
)
from av1core.translation import message

BETTER, WORSE, EQUIVALENT, NOT_ESTABLISHED = WORDS = (
    message("better"),
    message("worse"),
    message("equivalent"),
    message("not established"),
)

RULES: tuple[tuple[str, str], ...] = (
    (
        BETTER,
        message(
            "The sign-flip test over paired seeds and the bootstrap over pictures both give p ≤ {alpha}, after Holm's "
            "correction over the variants, and the 95 % intervals over seeds and over pictures both lie above 0.",
            alpha=ALPHA,
        ),
    ),
    (WORSE, message("The same, with both intervals below 0.")),
    (
        EQUIVALENT,
        message("Neither of these, and both intervals lie within the stated margin on either side of 0."),
    ),
    (
        NOT_ESTABLISHED,
        message("Anything else; always so with fewer than two paired seeds, or fewer than two sources or frames."),
    ),
)
"""Each word with its rule."""

_ONE_UNIT = {
    "source": message("Validated on one source only: nothing says how it would do on other pictures."),
    "frame": message("Validated on one frame only: nothing says how it would do on other pictures."),
}


@dataclass(frozen=True, eq=False)
class Measured:
    """What a verdict rests on for one experiment.

    val_f1: macro-F1 on the validation blocks at the best epoch, in %, by seed; that of a run whose seed is not known by
    its id, which pairs with no other. confusion: by the same, int64 (G, C, C), the matrices of that epoch by unit, rows
    true; of some seeds or none. unit: what the G are, `source` or `frame`. lacking: why there are no matrices, as a
    sentence.
    """

    experiment: str
    val_f1: Mapping[int | str, float]
    confusion: Mapping[int | str, np.ndarray]
    unit: str = "source"
    lacking: str = ""


@dataclass(frozen=True)
class Comparison:
    """A variant against the baseline; differences are variant − baseline in pp of val macro-F1 at the best epochs.

    pairs: seeds that both have. delta: mean difference over them, or the difference of the means where there are none.
    seeds: 95 % interval, same recipe and other seeds. p: of the exact sign-flip test; p_adjusted: the larger of it and
    of the p over pictures, after Holm over the variants; both NaN for fewer than two pairs. pictures: 95 % interval,
    same checkpoints and other pictures, from `units` sources or frames (`unit`; 0 where there are no predictions to
    resample). needed: paired seeds with which the observed effect would be seen with power 0.8, or None. verdict: one
    of `WORDS`; reason: a sentence.
    """

    variant: str
    baseline: str
    pairs: int
    delta: float
    seeds: Interval
    p: float
    p_adjusted: float
    units: int
    unit: str
    pictures: Interval
    needed: int | None
    verdict: str
    reason: str


def compare(baseline: Measured, variants: Sequence[Measured], margin: float = MARGIN) -> list[Comparison]:
    """A comparison for each variant, in their order; `margin` of equivalence in pp.

    Holm's correction is over the variants that have two or more seeds in common with the baseline. The interval over
    pictures rests on the paired seeds whose predictions both have, or on all seeds of each where none is shared.
    """
    differences = [_paired_differences(variant, baseline) for variant in variants]
    p_values = [sign_flip_p(paired) for paired in differences]
    over_pictures = [_over_pictures(variant, baseline) for variant in variants]
    # A test of seeds is one of the family even where no pictures can be resampled; without one there is no p.
    larger = [
        p if math.isnan(p) else float(np.fmax(p, over.p)) for p, over in zip(p_values, over_pictures, strict=True)
    ]
    tests = max(1, sum(len(paired) > 1 for paired in differences))
    comparisons = []
    for variant, paired, p, p_adjusted, (units, pictures, _, lacking) in zip(
        variants, differences, p_values, holm(larger).tolist(), over_pictures, strict=True
    ):
        comparison = Comparison(
            variant=variant.experiment,
            baseline=baseline.experiment,
            pairs=len(paired),
            delta=float(np.mean(paired)) if len(paired) else _mean(variant.val_f1) - _mean(baseline.val_f1),
            seeds=mean_interval(paired),
            p=p,
            p_adjusted=p_adjusted,
            units=units,
            unit=variant.unit,
            pictures=pictures,
            needed=pairs_needed(paired, ALPHA / tests),
            verdict=NOT_ESTABLISHED,
            reason=_few_pairs(len(paired), variant, baseline) or lacking,
        )
        if not comparison.reason:
            comparison = replace(comparison, verdict=_word(comparison, margin))
            comparison = replace(comparison, reason=_reason(comparison, tests, margin))
        comparisons.append(comparison)
    return comparisons


def _word(comparison: Comparison, margin: float) -> str:
    """The word of a comparison that has both intervals."""
    intervals = (comparison.seeds, comparison.pictures)
    for word, low, high in ((BETTER, 0, math.inf), (WORSE, -math.inf, 0)):
        if comparison.p_adjusted <= ALPHA and all(interval.within(low, high) for interval in intervals):
            return word
    if all(interval.within(-margin, margin) for interval in intervals):
        return EQUIVALENT
    return NOT_ESTABLISHED


def _reason(comparison: Comparison, tests: int, margin: float) -> str:
    """Why it has its word: for `not established`, the first thing that stands in the way."""
    pairs = comparison.pairs
    holm_over = message(" after Holm's correction over {tests} variants", tests=tests) if tests > 1 else ""
    found = {"pairs": pairs, "p": comparison.p_adjusted, "holm": holm_over, "units": _counted(comparison)}
    if comparison.verdict == BETTER:
        return message("{pairs} paired seeds (p = {p:.2g}{holm}) and {units} both put it above the baseline.", **found)
    if comparison.verdict == WORSE:
        return message("{pairs} paired seeds (p = {p:.2g}{holm}) and {units} both put it below the baseline.", **found)
    if comparison.verdict == EQUIVALENT:
        return message(
            "Over {pairs} paired seeds and over {units} the difference stays within ±{margin:g} pp.",
            margin=margin,
            **found,
        )
    fewest = least_pairs(ALPHA / tests)
    if comparison.p_adjusted > ALPHA and pairs < fewest:
        return message(
            "{pairs} paired seeds cannot give a p below {least:.2g}{holm}, and p ≤ {alpha:g} is asked: train at least "
            "{fewest} seeds of both.",
            least=min(1.0, tests * least_p(pairs)),
            alpha=ALPHA,
            fewest=fewest,
            **found,
        )
    unsure = [name for name in ("seeds", "pictures") if _contains_zero(getattr(comparison, name))]
    if unsure == ["seeds"]:
        return message("The interval over seeds contains 0.")
    if unsure == ["pictures"]:
        return message("The interval over pictures contains 0.")
    if unsure:
        return message("The intervals over seeds and over pictures contain 0.")
    if comparison.p_adjusted > ALPHA:
        return message("Of {pairs} paired seeds and {units}, the less sure gives p = {p:.2g}{holm}.", **found)
    return message("The intervals over seeds and over pictures lie on opposite sides of 0.")


def _counted(comparison: Comparison) -> str:
    if comparison.unit == "source":
        return message("{units} sources", units=comparison.units)
    return message("{units} frames", units=comparison.units)


def _contains_zero(interval: Interval) -> bool:
    return interval.low <= 0 <= interval.high


def _few_pairs(pairs: int, variant: Measured, baseline: Measured) -> str:
    """Why so few paired seeds establish nothing; empty where there are two or more."""
    if pairs > 1:
        return ""
    if pairs == 1:
        return message("One seed in common with the baseline: the difference may be due to that seed alone.")
    if not variant.val_f1:
        return message("The variant has no run with a validation result.")
    if not baseline.val_f1:
        return message("The baseline has no run with a validation result.")
    return message("No seed in common with the baseline: train both with the same seeds.")


def _paired_seeds(variant: Measured, baseline: Measured) -> list[int]:
    return sorted(variant.val_f1.keys() & baseline.val_f1.keys())


def _paired_differences(variant: Measured, baseline: Measured) -> np.ndarray:
    """float64 (pairs,), in the order of the seeds."""
    seeds = _paired_seeds(variant, baseline)
    return np.array([variant.val_f1[seed] - baseline.val_f1[seed] for seed in seeds], float)


class _OverPictures(NamedTuple):
    units: int
    interval: Interval = UNKNOWN
    p: float = math.nan
    lacking: str = ""
    """Why there is no interval where there is none."""


def _over_pictures(variant: Measured, baseline: Measured) -> _OverPictures:
    ours, theirs = list(variant.confusion), list(baseline.confusion)
    if seeds := _paired_seeds(variant, baseline):
        ours = theirs = [seed for seed in seeds if seed in variant.confusion and seed in baseline.confusion]
    if not ours or not theirs:
        why = (measured.lacking for measured in (variant, baseline) if measured.lacking)
        unpaired = message("No paired seed has the predictions of both, so pictures cannot be resampled.")
        return _OverPictures(0, lacking=next(why, unpaired))
    runs = [variant.confusion[seed] for seed in ours] + [baseline.confusion[seed] for seed in theirs]
    blocks = runs[0].sum(-1)
    if variant.unit != baseline.unit or any(not np.array_equal(run.sum(-1), blocks) for run in runs):
        return _OverPictures(0, lacking=message("It was validated on other blocks than the baseline."))
    units = int(blocks.any(-1).sum())
    if units < 2:
        return _OverPictures(units, lacking=_ONE_UNIT[variant.unit])
    _, interval, p = picture_interval(np.stack(runs[: len(ours)]), np.stack(runs[len(ours) :]))
    return _OverPictures(units, interval, p)


def _mean(val_f1: Mapping[int | str, float]) -> float:
    return float(np.mean(list(val_f1.values()))) if val_f1 else math.nan
