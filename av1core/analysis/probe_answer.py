"""Are Stage-1 features the limit? What the probes of one backbone say to that, in words, by rules.

Each comparison is of models that were scored on the same blocks; it is called a difference only where its 95 % interval
over other pictures does not hold 0. A linear probe finds no more than a linear model can: what it reads is there, what
it does not read may be there all the same.
"""

from dataclasses import dataclass
from typing import Literal

from av1core.analysis.features import HEAD_INPUT, MEAN
from av1core.analysis.probes import RUN, STATISTICS, Probe, Probes
from av1core.analysis.statistics import Interval, picture_interval

Sense = Literal["above", "level", "below", "unknown"]


@dataclass(frozen=True)
class Difference:
    """Macro-F1 of one probe minus another's on the same blocks, in pp, with its interval over other pictures."""

    pp: float
    interval: Interval

    @property
    def sense(self) -> Sense:
        """Where the interval lies: beyond 0, about it, or nowhere, as for one picture."""
        low, high = self.interval
        if low != low:
            return "unknown"
        return "above" if low > 0 else "below" if high < 0 else "level"

    def __str__(self) -> str:
        if self.sense == "unknown":
            return f"{_pp(self.pp)} pp, no interval"
        return f"{_pp(self.pp)} pp, 95 % interval {_pp(self.interval.low)} to {_pp(self.interval.high)} pp"


@dataclass(frozen=True)
class Answer:
    """verdict: one sentence. reasons: the comparisons that it rests on, a sentence each."""

    verdict: str
    reasons: tuple[str, ...]


def answer(probes: Probes) -> Answer:
    """The verdict on the features of this backbone for the stage of the probes.

    The run is compared with the probe of what Stage 1's head is given: a head without adapters, on the features that
    its own adapters start from.
    """
    best = max(probes.layers, key=lambda each: each.f1)
    last, statistics, run = probes.find(HEAD_INPUT, MEAN), probes.find(STATISTICS), probes.find(RUN)
    held, lost, used = difference(best, statistics), difference(last, best), run and difference(run, last)
    reasons = [_held(best, held)]
    if best is not last:
        reasons.append(_lost(best, last, lost))
    if run:
        reasons.append(_used(run, used))
    return Answer(_verdict(held.sense, used and used.sense), tuple(reasons))


def difference(one: Probe, other: Probe) -> Difference:
    """one − other, resampling the units that both were scored on."""
    pp, interval, _ = picture_interval(one.confusion[None], other.confusion[None])
    return Difference(pp, interval)


def _held(best: Probe, held: Difference) -> str:
    told = {
        "above": "tells more of the classes than block statistics do",
        "below": "tells less of the classes than block statistics do",
        "level": "tells not measurably more or less of the classes than block statistics do",
        "unknown": "against block statistics",
    }[held.sense]
    return f"The best probe ({best.title}, {best.f1:.1f} %) {told}: {held}."


def _lost(best: Probe, last: Probe, lost: Difference) -> str:
    said = {
        "below": f"less can be read linearly than from {best.name}",
        "level": f"not measurably less can be read linearly than from {best.name}",
    }.get(lost.sense, f"against {best.name}")
    return f"From what Stage 1's head is given ({last.f1:.1f} %) {said}: {lost}."


def _used(run: Probe, used: Difference) -> str:
    decides = {
        "above": "decides better than a linear probe of that",
        "below": "decides worse than a linear probe of that",
        "level": "decides not measurably better or worse than a linear probe of that",
        "unknown": "against a linear probe of that",
    }[used.sense]
    return f"The run ({run.f1:.1f} %) {decides}: {used}."


def _verdict(held: Sense, used: Sense | None) -> str:
    """held: best probe − block statistics. used: run − probe of the head's input, None without a run of this stage."""
    if "unknown" in (held, used):
        return "Open: all scored blocks are of one picture, which says nothing of others."
    more = held == "above"
    no_layer = "no layer tells a linear probe measurably more than block statistics do"
    match used:
        case "below":
            first = (
                "The features are not what limits this run: a linear probe of Stage 1's last features decides better"
            )
            return f"{first}." if more else f"{first}. They may be the next limit: {no_layer}."
        case "above" if more:
            return "No sign that the features are the limit: this run gets more out of them than a linear probe."
        case "above":
            return f"Open: this run gets more out of the features than a linear probe, but {no_layer}."
        case "level" if more:
            return "The features may be the limit: this run gets not measurably more out of them than a linear probe."
        case "level":
            return f"The features may be the limit: {no_layer}, and this run gets not measurably more out of them."
    if more:
        return "The features hold more than block statistics; what a run makes of that, a run of this stage shows."
    return f"The features may be a limit: {no_layer}."


def _pp(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−")
