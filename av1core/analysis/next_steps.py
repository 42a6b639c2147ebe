"""What to look at next, by fixed rules from what was trained; the most pressing first."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from av1core.analysis.arms import SEEDS, bases
from av1core.analysis.hypotheses import Hypothesis
from av1core.analysis.results import with_model
from av1core.analysis.studies import STUDIES
from av1core.partition import STAGES
from av1core.translation import Message, message


@dataclass(frozen=True)
class Step:
    """What to do, as a sentence, and where: the page's name, and what its link says."""

    text: Message
    page: str
    link: dict[str, str] = field(default_factory=dict)


def next_steps(runs: pd.DataFrame, table: pd.DataFrame, hypotheses: Sequence[Hypothesis]) -> list[Step]:
    """runs: every run of the index; table: rows of `results` of finished runs; hypotheses: those not decided on."""
    steps = []
    early = runs["state"].isin(("failed", "interrupted")).sum()
    if early:
        steps.append(Step(message("See why runs ended early, and resume them: {count:,}.", count=int(early)), "runs"))
    trained = [stage for stage in STAGES if (table["stage"] == stage).any()]
    if "stage1" not in trained:
        said = message("Launch Stage 1: it trains the backbone that every later stage freezes.")
        return [*steps, Step(said, "launch")]
    steps += _studies(table)
    if hypotheses:
        steps.append(Step(message("Decide on open hypotheses: {count:,}.", count=len(hypotheses)), "hypotheses"))
    if len(trained) == len(STAGES):
        steps.append(Step(message("Put the four stages together, a run of each."), "hierarchy"))
    if with_model(table).any():
        steps.append(Step(message("Click through blocks: where in them does the evidence lie?"), "attribution"))
    return steps


def _studies(table: pd.DataFrame) -> list[Step]:
    """The studies that were begun and lack seeds, then the first that was not begun."""
    begun, untried = [], []
    for study in STUDIES.values():
        found = bases(study, table)
        if not found or found[0].found < 2:
            untried += [study] if found else []
            continue
        lacking = found[0].found * len(SEEDS) - found[0].runs
        if lacking > 0:
            said = message(
                "{study}: a verdict needs runs of more seeds: {count:,}.", study=message(study.title), count=lacking
            )
            begun.append(Step(said, "ablations", {"study": study.key}))
    first = [
        Step(message("Not tried yet: {question}", question=message(study.question)), "ablations", {"study": study.key})
        for study in untried[:1]
    ]
    return begun + first
