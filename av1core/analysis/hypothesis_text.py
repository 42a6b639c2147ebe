"""Hypotheses in words, for the page and the command line alike."""

from datetime import datetime

from av1core.analysis.hypotheses import CHOICES, FIELDS, Decision, Hypothesis, Reported, Revision
from av1core.analysis.outcome import Outcome
from av1core.analysis.studies import STUDIES
from av1core.analysis.verdicts import Comparison
from av1core.partition import STAGES
from av1core.translation import ENGLISH, MISSING, Words, message

_PUBLISHED = {"thesis": message("thesis")}
"""Authors that are no address but a place where something was published."""


def range_text(said: Revision, words: Words = ENGLISH) -> str:
    """Such as "+1 to +2 pp"."""
    return words.tell("{low:+g} to {high:+g} pp", low=said.low, high=said.high)


def delta_text(found: Outcome) -> str:
    """Such as "+0.32 pp (reported)"; "–" where there is no result."""
    if found.comparison is None:
        return MISSING
    return f"{ENGLISH.number(found.comparison.delta, '+.2f')} pp{'' if found.measured else ' (reported)'}"


def written(by: Revision | Decision, words: Words = ENGLISH) -> str:
    """When something was written and by whom, as far as it is known."""
    if by.time is None:
        author = _PUBLISHED.get(by.author, by.author)
        return (
            words.tell("date not recorded in the {author}", author=author)
            if author
            else words.tell("date not recorded")
        )
    moment = datetime.fromtimestamp(by.time)
    return f"{words.date(moment)}, {moment:%H:%M}{f', {by.author}' if by.author else ''}"


def study_text(said: Revision, words: Words = ENGLISH) -> str:
    """The study and the variant, such as "Loss (Stage 2): PolyLoss"."""
    study = STUDIES.get(said.study)
    where = f"{words.tell(study.title)} ({STAGES[study.stage].title})" if study else said.study
    return f"{where}: {said.variant}"


def facts(hypothesis: Hypothesis, found: Outcome, words: Words = ENGLISH) -> dict[str, str]:
    """Sentences by what they are about: Predicted, Study, Result, As reported, Verdict, Decision."""
    said, decision = hypothesis.now, hypothesis.decision
    predicted = words.tell(
        "Δ of {range}, {written}.", range=range_text(said, words), written=written(hypothesis.predicted, words)
    )
    told = {
        words.tell("Predicted"): f"{predicted} {_late(found.begun, words)}".strip(),
        words.tell("Study"): f"{study_text(said, words)}.",
        words.tell("Result"): _result(found, words),
    }
    if hypothesis.reported:
        told[words.tell("As reported")] = _reported(hypothesis.reported, found.reported, words)
    when = f", {written(decision, words)}" if hypothesis.decisions else ""
    verdict, reason = map(words.tell, found.judgement)
    return told | {
        words.tell("Verdict"): f"{verdict}. {reason}",
        words.tell("Decision"): f"{words.tell(CHOICES[decision.choice])}{when}. {words.tell(decision.reasons)}".strip(),
    }


def history(hypothesis: Hypothesis, words: Words = ENGLISH) -> list[str]:
    """Everything that was ever written about it, a sentence each, in order of time; what has no time comes first."""
    first = hypothesis.revisions[0]
    begun = words.tell(
        "“{statement}” Predicted {range}; {study}.",
        statement=words.tell(first.statement), range=range_text(first, words), study=study_text(first, words),
    )  # fmt: skip
    told = [(first, begun)]
    for revision, changed in zip(hypothesis.revisions[1:], hypothesis.changes(), strict=True):
        what = (
            words.tell(
                "{field} from {old} to {new}", field=FIELDS[name], old=_value(old, words), new=_value(new, words)
            )
            for name, (old, new) in changed.items()
        )
        told.append((revision, words.tell("changed {changes}.", changes="; ".join(what))))
    for decision in hypothesis.decisions:
        decided = words.tell("decided {choice}.", choice=CHOICES[decision.choice])
        told.append((decision, f"{decided} {words.tell(decision.reasons)}".strip()))
    told.sort(key=lambda pair: pair[0].time or 0.0)
    return [f"{written(by, words)}: {what}" for by, what in told]


def _result(found: Outcome, words: Words) -> str:
    if found.measured is None:
        return words.tell(found.lacking)
    each = found.measured
    seeds = words.plural(
        "95 % interval over seeds {interval} ({count} pair)", "95 % interval over seeds {interval} ({count} pairs)",
        each.pairs, interval=_interval(each.seeds, words),
    )  # fmt: skip
    return words.tell(
        "Δ = {delta:+.2f} pp of val macro-F1 at the best epochs; {seeds}, {pictures}. Data: {where}.",
        delta=each.delta, seeds=seeds, pictures=_over_pictures(each, words), where=found.where,
    )  # fmt: skip


def _over_pictures(each: Comparison, words: Words) -> str:
    interval = _interval(each.pictures, words)
    if not each.units:
        return words.tell("over pictures {interval}", interval=interval)
    counted = (
        words.plural("{count:,} source", "{count:,} sources", each.units)
        if each.unit == "source"
        else words.plural("{count:,} frame", "{count:,} frames", each.units)
    )
    return words.tell("over pictures {interval} ({units})", interval=interval, units=counted)


def _reported(reported: Reported, each: Comparison | None, words: Words) -> str:
    quoted = words.tell("Its author calls it “{quoted}”.", quoted=words.tell(reported.words)) if reported.words else ""
    found = f"{reported.experiment}." if each is None else words.plural(
        "Δ = {delta:+.2f} pp, {variant} against {baseline}, {count} seed.",
        "Δ = {delta:+.2f} pp, {variant} against {baseline}, {count} seeds.",
        each.pairs, delta=each.delta, variant=each.variant, baseline=each.baseline,
    )  # fmt: skip
    return f"{found} {quoted}".strip()


def _late(begun: int, words: Words) -> str:
    if not begun:
        return ""
    return words.plural(
        "Written after {count:,} run of the variant had begun.",
        "Written after {count:,} runs of the variant had begun.",
        begun,
    )


def _interval(interval: tuple[float, float], words: Words) -> str:
    low, high = interval
    if low != low:
        return words.tell("unknown")
    return words.tell("{low:+.2f} to {high:+.2f} pp", low=low, high=high)


def _value(value: str | float, words: Words) -> str:
    return f"“{words.tell(value)}”" if isinstance(value, str) else f"{words.number(value, '+g')} pp"
