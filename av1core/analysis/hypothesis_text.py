"""Hypotheses in words, for the page and the command line alike."""

from datetime import datetime

from av1core.analysis.hypotheses import Decision, Hypothesis, Reported, Revision
from av1core.analysis.outcome import Outcome
from av1core.analysis.statistics import Interval
from av1core.analysis.studies import STUDIES
from av1core.analysis.verdicts import Comparison
from av1core.partition import STAGES
from av1core.translation import ENGLISH


def range_text(said: Revision) -> str:
    """Such as "+1 to +2 pp"."""
    return f"{ENGLISH.number(said.low, '+g')} to {ENGLISH.number(said.high, '+g')} pp"


def delta_text(found: Outcome) -> str:
    """Such as "+0.32 pp (reported)"; "–" where there is no result."""
    if found.comparison is None:
        return "–"
    return f"{_signed(found.comparison.delta)} pp{'' if found.measured else ' (reported)'}"


def written(by: Revision | Decision) -> str:
    """When something was written and by whom, as far as it is known."""
    if by.time is None:
        return f"date not recorded{f' in the {by.author}' if by.author else ''}"
    return f"{datetime.fromtimestamp(by.time):%d %b %Y, %H:%M}{f', {by.author}' if by.author else ''}"


def study_text(said: Revision) -> str:
    """The study and the variant, such as "Loss (Stage 2): PolyLoss"."""
    study = STUDIES.get(said.study)
    where = f"{study.title} ({STAGES[study.stage].title})" if study else said.study
    return f"{where}: {said.variant}"


def facts(hypothesis: Hypothesis, found: Outcome) -> dict[str, str]:
    """Sentences by what they are about: Predicted, Study, Result, As reported, Verdict, Decision."""
    said, decision = hypothesis.now, hypothesis.decision
    told = {
        "Predicted": f"Δ of {range_text(said)}, {written(hypothesis.predicted)}.{_late(found.begun)}",
        "Study": f"{study_text(said)}.",
        "Result": _result(found.measured, found.where) if found.measured else found.lacking,
    }
    if hypothesis.reported:
        told["As reported"] = _reported(hypothesis.reported, found.reported)
    when = f", {written(decision)}" if hypothesis.decisions else ""
    return told | {
        "Verdict": f"{found.judgement.verdict}. {found.judgement.reason}",
        "Decision": f"{decision.choice}{when}. {decision.reasons}".strip(),
    }


def history(hypothesis: Hypothesis) -> list[str]:
    """Everything that was ever written about it, a sentence each, in order of time; what has no time comes first."""
    first = hypothesis.revisions[0]
    told = [(first, f"“{first.statement}” Predicted {range_text(first)}; {study_text(first)}.")]
    for revision, changed in zip(hypothesis.revisions[1:], hypothesis.changes(), strict=True):
        what = "; ".join(f"{name} from {_value(old)} to {_value(new)}" for name, (old, new) in changed.items())
        told.append((revision, f"changed {what}."))
    told += [(decision, f"decided {decision.choice}. {decision.reasons}".strip()) for decision in hypothesis.decisions]
    told.sort(key=lambda pair: pair[0].time or 0.0)
    return [f"{written(by)}: {what}" for by, what in told]


def _result(each: Comparison, where: str) -> str:
    units = f" ({_count(each.units, each.unit)})" if each.units else ""
    return (
        f"Δ = {_signed(each.delta)} pp of val macro-F1 at the best epochs; 95 % interval over seeds "
        f"{_interval(each.seeds)} ({_count(each.pairs, 'pair')}), over pictures {_interval(each.pictures)}{units}. "
        f"Data: {where}."
    )


def _reported(reported: Reported, each: Comparison | None) -> str:
    words = f" Its author calls it “{reported.words}”." if reported.words else ""
    if each is None:
        return f"{reported.experiment}.{words}"
    return f"Δ = {_signed(each.delta)} pp, {each.variant} against {each.baseline}, {_count(each.pairs, 'seed')}.{words}"


def _late(begun: int) -> str:
    return f" Written after {_count(begun, 'run')} of the variant had begun." if begun else ""


def _interval(interval: Interval) -> str:
    return f"{_signed(interval.low)} to {_signed(interval.high)} pp" if interval.low == interval.low else "unknown"


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _value(value: str | float) -> str:
    return f"“{value}”" if isinstance(value, str) else f"{value:+g} pp"


def _signed(value: float) -> str:
    return ENGLISH.number(value, "+.2f")
