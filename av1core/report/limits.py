"""What a report does not show, from what its runs rest on."""

from collections.abc import Iterator

from av1core.analysis.arms import SEEDS
from av1core.analysis.statistics import ALPHA
from av1core.report.gather import Gathered
from av1core.translation import Words

FEW_UNITS = 10
"""Sources or frames below which an interval over pictures is said to rest on few."""


def limits(gathered: Gathered, words: Words, reported: bool) -> Iterator[str]:
    """Sentences, each only where it applies. reported: whether results of others stand beside."""
    table, comparisons = gathered.table, gathered.comparisons
    few = table["name"][table["seeds"] < len(SEEDS)]
    if len(few):
        yield words.tell(
            "With fewer than {least} seeds no sign-flip test can reach p ≤ {alpha}, so no verdict but “equivalent” or "
            "“not established” is possible for: {names}.",
            least=len(SEEDS), alpha=ALPHA, names=words.listed(few),
        )  # fmt: skip
    units = {each.units for each in comparisons if 0 < each.units < FEW_UNITS}
    if units:
        yield words.tell(
            "The interval over pictures rests on {units} sources or frames only, and says little about pictures of "
            "other kinds.",
            units=min(units),
        )  # fmt: skip
    if (table["split"] == "block").any():
        yield words.tell(
            "Where the split is by block, blocks of one picture train and validate, so that the F1 on other pictures "
            "may be lower."
        )
    if table["validation"].nunique(dropna=False) > 1:
        yield words.tell("Experiments that validated on other blocks than the baseline have no verdict.")
    if gathered.lacking:
        yield words.tell("Without any finished run, and so left out: {names}.", names=words.listed(gathered.lacking))
    if gathered.left_out:
        yield words.plural(
            "One run that has not finished is left out.", "{count} runs that have not finished are left out.",
            gathered.left_out,
        )  # fmt: skip
    if reported:
        yield words.tell(
            "Reported results come from other data, another split and one seed; they stand beside, and nothing was "
            "tested against them."
        )
    yield words.tell(
        "The best epoch of a run was chosen on the validation blocks themselves, so that its F1 is somewhat too high, "
        "for all experiments alike."
    )
    yield words.tell(
        "Macro-F1 weighs all classes alike. It does not say how much search an encoder would avoid, nor at what cost "
        "in bit rate."
    )
