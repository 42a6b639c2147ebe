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
from av1core.translation import Message, message

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

    @property
    def words(self) -> Message:
        """Such as "+1.2 pp, 95 % interval +0.4 to +2.0 pp"."""
        if self.sense == "unknown":
            return message("{difference:+.1f} pp, no interval", difference=self.pp)
        low, high = self.interval
        return message(
            "{difference:+.1f} pp, 95 % interval {low:+.1f} to {high:+.1f} pp", difference=self.pp, low=low, high=high
        )


@dataclass(frozen=True)
class Answer:
    """verdict: one sentence. reasons: the comparisons that it rests on, a sentence each."""

    verdict: Message
    reasons: tuple[Message, ...]


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
    """one − other, resampling the units that both were scored on, see `picture_interval`."""
    pp, interval, _ = picture_interval(one.confusion[None], other.confusion[None])
    return Difference(pp, interval)


def _held(best: Probe, held: Difference) -> Message:
    told = {
        "above": message("tells more of the classes than block statistics do"),
        "below": message("tells less of the classes than block statistics do"),
        "level": message("tells not measurably more or less of the classes than block statistics do"),
        "unknown": message("against block statistics"),
    }[held.sense]
    return message(
        "The best probe ({probe}, {f1:.1f} %) {told}: {difference}.",
        probe=best.title, f1=best.f1, told=told, difference=held.words,
    )  # fmt: skip


def _lost(best: Probe, last: Probe, lost: Difference) -> Message:
    said = {
        "below": message("less can be read linearly than from {layer}", layer=best.name),
        "level": message("not measurably less can be read linearly than from {layer}", layer=best.name),
    }.get(lost.sense, message("against {layer}", layer=best.name))
    return message(
        "From what Stage 1's head is given ({f1:.1f} %) {said}: {difference}.",
        f1=last.f1, said=said, difference=lost.words,
    )  # fmt: skip


def _used(run: Probe, used: Difference) -> Message:
    decides = {
        "above": message("decides better than a linear probe of that"),
        "below": message("decides worse than a linear probe of that"),
        "level": message("decides not measurably better or worse than a linear probe of that"),
        "unknown": message("against a linear probe of that"),
    }[used.sense]
    return message(
        "The run ({f1:.1f} %) {decides}: {difference}.", f1=run.f1, decides=decides, difference=used.words
    )  # fmt: skip


def _verdict(held: Sense, used: Sense | None) -> Message:
    """held: best probe − block statistics. used: run − probe of the head's input, None without a run of this stage."""
    if "unknown" in (held, used):
        return message("Open: all scored blocks are of one picture, which says nothing of others.")
    more = held == "above"
    no_layer = {"no_layer": message("no layer tells a linear probe measurably more than block statistics do")}
    match used:
        case "below" if more:
            return message(
                "The features are not what limits this run: a linear probe of Stage 1's last features decides better."
            )
        case "below":
            return message(
                "The features are not what limits this run: a linear probe of Stage 1's last features decides better. "
                "They may be the next limit: {no_layer}.",
                **no_layer,
            )
        case "above" if more:
            return message(
                "No sign that the features are the limit: this run gets more out of them than a linear probe."
            )
        case "above":
            return message(
                "Open: this run gets more out of the features than a linear probe, but {no_layer}.", **no_layer
            )
        case "level" if more:
            return message(
                "The features may be the limit: this run gets not measurably more out of them than a linear probe."
            )
        case "level":
            return message(
                "The features may be the limit: {no_layer}, and this run gets not measurably more out of them.",
                **no_layer,
            )
    if more:
        return message(
            "The features hold more than block statistics; what a run makes of that, a run of this stage shows."
        )
    return message("The features may be a limit: {no_layer}.", **no_layer)
