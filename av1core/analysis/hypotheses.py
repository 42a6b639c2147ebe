"""Hypotheses: what somebody predicted of a variant before its runs, what was decided, and how a result judges it.

A prediction is a range of Δ, the val macro-F1 of the variant minus that of its study's baseline, in pp. What was once
written stays: every edit is a revision of its own, with its time.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from itertools import takewhile
from typing import Any, Literal, NamedTuple

from av1core.analysis.verdicts import BETTER, EQUIVALENT, NOT_ESTABLISHED, WORSE, Comparison
from av1core.errors import LedgerError
from av1core.translation import message

KEY = re.compile(r"H[1-9][0-9]{0,5}")

MOST_PP = 100.0
"""No macro-F1 is farther from another, in pp."""

MOST_STATEMENT, MOST_NAME, MOST_REASONS = 2_000, 80, 20_000
"""Characters of a statement, of the name of a study or variant, and of the reasons of a decision."""

FIELDS = {
    "statement": message("statement"),
    "low": message("low"),
    "high": message("high"),
    "study": message("study"),
    "variant": message("variant"),
    "reasons": message("reasons"),
}
"""What the fields of revisions and decisions are called."""

Choice = Literal["open", "keep", "discard"]

CHOICES: dict[Choice, str] = {"open": message("open"), "keep": message("keep"), "discard": message("discard")}
"""What each choice is called."""

CONFIRMED, PARTLY, REFUTED = message("confirmed"), message("partly"), message("refuted")

RULES = (
    (
        CONFIRMED,
        message(
            "The comparison is better or worse and Δ lies in the predicted range; or it is equivalent, and the range "
            "contains 0 and the whole interval over seeds."
        ),
    ),
    (PARTLY, message("The comparison is better or worse in the predicted direction, but Δ lies outside the range.")),
    (
        REFUTED,
        message(
            "The intervals over seeds and over pictures both lie outside the range on the same side, as they do where "
            "the comparison is better or worse against the predicted direction, and it is not partly."
        ),
    ),
    (
        NOT_ESTABLISHED,
        message("Anything else: no result, fewer than two paired seeds, or intervals that leave the range possible."),
    ),
)
"""Each word with its rule, in the order in which they are tried. A range with values on both sides of 0 predicts no
direction."""


@dataclass(frozen=True)
class Revision:
    """What a hypothesis said from a moment on.

    low, high: the predicted range of Δ in pp, −100 to 100. study: the key of a ready-made study; variant: the name of
    one of its variants. time: Unix seconds; None where it was not recorded. author: the address of a login, or where
    the text was published; empty where nobody told. Raises LedgerError that names the field.
    """

    statement: str
    low: float
    high: float
    study: str
    variant: str
    time: float | None = None
    author: str = ""

    def __post_init__(self) -> None:
        for name, most in (("statement", MOST_STATEMENT), ("study", MOST_NAME), ("variant", MOST_NAME)):
            _check_text(name, getattr(self, name), most)
        for name in ("low", "high"):
            if not abs(getattr(self, name)) <= MOST_PP:
                raise LedgerError(
                    message(
                        "{field}: {value} is no number of pp from −100 to 100.",
                        field=FIELDS[name],
                        value=str(getattr(self, name)),
                    )
                )
        if self.low > self.high:
            raise LedgerError(
                message(
                    "low: {low:g} pp lies above high, {high:g} pp; give the smaller one first.",
                    low=self.low,
                    high=self.high,
                )
            )
        _check_time(self.time)

    @property
    def prediction(self) -> tuple:
        """All that the judgement rests on: range, study and variant."""
        return self.low, self.high, self.study, self.variant

    @property
    def direction(self) -> int:
        """The predicted sign of Δ, 1 or −1; 0 where the range has values on both sides of 0 or is 0 alone."""
        return int(self.low >= 0 < self.high) - int(self.high <= 0 > self.low)


@dataclass(frozen=True)
class Decision:
    """What became of the variant, from a moment on, and why. time, author: as of a revision.

    Raises LedgerError that names the field.
    """

    choice: Choice = "open"
    reasons: str = ""
    time: float | None = None
    author: str = ""

    def __post_init__(self) -> None:
        if self.choice not in CHOICES:
            raise LedgerError(
                message("decision: {choice!r} is none of {choices}.", choice=self.choice, choices=", ".join(CHOICES))
            )
        _check_text("reasons", self.reasons, MOST_REASONS, least=0)
        _check_time(self.time)


@dataclass(frozen=True)
class Reported:
    """A result that was reported elsewhere: a row of the reported results, and its author's own verdict, quoted."""

    experiment: str
    words: str = ""


@dataclass(frozen=True)
class Hypothesis:
    """One hypothesis with all that was ever written about it, oldest first.

    key: H1, H2, … shipped: it comes with the Lab, and nobody has changed it here. Raises LedgerError for another key,
    and where there is no revision.
    """

    key: str
    revisions: tuple[Revision, ...]
    decisions: tuple[Decision, ...] = ()
    reported: Reported | None = None
    shipped: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        if not KEY.fullmatch(self.key):
            raise LedgerError(message("key: {key!r} is none such as H1.", key=self.key[:20]))
        if not self.revisions:
            raise LedgerError(message("revisions: {key} has none.", key=self.key))

    @property
    def now(self) -> Revision:
        """What it says now."""
        return self.revisions[-1]

    @property
    def decision(self) -> Decision:
        """The last decision; open, at no time, where none was taken."""
        return self.decisions[-1] if self.decisions else Decision()

    @property
    def predicted(self) -> Revision:
        """The revision since which the prediction has stood unchanged; its words may have changed since."""
        same = list(takewhile(lambda revision: revision.prediction == self.now.prediction, reversed(self.revisions)))
        return same[-1]

    def begun_before(self, created: Iterable[float]) -> int:
        """How many of the variant's runs were there before the prediction; 0 where its time was not recorded.

        created: when each run was created, in Unix seconds.
        """
        time = self.predicted.time
        return 0 if time is None else sum(moment < time for moment in created)

    def changes(self) -> list[dict[str, tuple[Any, Any]]]:
        """For each revision after the first: its fields that changed, with the values before and after."""
        names = [each.name for each in fields(Revision) if each.name not in ("time", "author")]
        pairs = zip(self.revisions, self.revisions[1:], strict=False)
        return [
            {name: values for name in names if len(set(values := (getattr(old, name), getattr(new, name)))) > 1}
            for old, new in pairs
        ]


class Judgement(NamedTuple):
    """A verdict on a hypothesis, one of the four words of RULES, and the reason as a sentence."""

    verdict: str
    reason: str


def judge(predicted: Revision, comparison: Comparison | None) -> Judgement:
    """The verdict on a prediction by RULES. comparison: of the variant with its study's baseline; None without runs.

    No margin is asked for: where the comparison is equivalent, both intervals lie inside the margin, so that a range
    outside of it is refuted as any other that the intervals exclude.
    """
    if comparison is None:
        return Judgement(NOT_ESTABLISHED, message("There is no result yet."))
    if comparison.pairs < 2:
        return Judgement(NOT_ESTABLISHED, comparison.reason)
    word, seeds = comparison.verdict, comparison.seeds
    found = {"delta": comparison.delta, "word": word, "low": predicted.low, "high": predicted.high}
    sign = {BETTER: 1, WORSE: -1}.get(word, 0)
    if sign and predicted.low <= comparison.delta <= predicted.high:
        reason = message("Δ = {delta:+.2f} pp is {word}, and lies in the range {low:+g} to {high:+g} pp.", **found)
        return Judgement(CONFIRMED, reason)
    if word == EQUIVALENT and predicted.low <= min(seeds.low, 0) and predicted.high >= max(seeds.high, 0):
        reason = message(
            "Δ = {delta:+.2f} pp is {word}, and the range {low:+g} to {high:+g} pp holds 0 and the whole interval over "
            "seeds.",
            **found,
        )
        return Judgement(CONFIRMED, reason)
    if sign and sign == predicted.direction:
        reason = message(
            "Δ = {delta:+.2f} pp is {word} as predicted, but lies outside the range {low:+g} to {high:+g} pp.", **found
        )
        return Judgement(PARTLY, reason)
    intervals = (seeds, comparison.pictures)
    if all(interval.high < predicted.low for interval in intervals):
        return Judgement(REFUTED, message("Both intervals of Δ lie below the range {low:+g} to {high:+g} pp.", **found))
    if all(interval.low > predicted.high for interval in intervals):
        return Judgement(REFUTED, message("Both intervals of Δ lie above the range {low:+g} to {high:+g} pp.", **found))
    if word == NOT_ESTABLISHED:
        return Judgement(NOT_ESTABLISHED, comparison.reason)
    reason = message(
        "Δ = {delta:+.2f} pp is {word}, but the intervals neither lie in the range {low:+g} to {high:+g} pp nor "
        "exclude it.",
        **found,
    )
    return Judgement(NOT_ESTABLISHED, reason)


def _check_text(name: str, text: str, most: int, least: int = 1) -> None:
    field = FIELDS[name]
    if not least <= len(text.strip()) or len(text) > most:
        raise LedgerError(
            message(
                "{field}: {length:,} characters; it has {least} to {most:,}.",
                field=field,
                length=len(text),
                least=least,
                most=most,
            )
        )
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise LedgerError(message("{field}: it holds what is no character, and cannot be stored.", field=field))


def _check_time(time: float | None) -> None:
    if time is not None and not (math.isfinite(time) and time >= 0):
        raise LedgerError(message("time: {time} is no moment.", time=time))
