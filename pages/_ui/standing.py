"""Where the project stands, at the top of the Overview: the best of each stage, and the gain over the baseline."""

import math

import streamlit as st

from av1core.analysis.reported import cumulative_gain, reported_results
from av1core.analysis.results import results
from av1core.analysis.standing import Best, Gain, best_of_stages, gain
from av1core.partition import STAGES
from av1core.runs.index import RunIndex
from av1core.runs.records import IMPORTED
from pages._ui.analyses import tallies
from pages._ui.kept import kept
from pages._ui.state import shown_errors
from pages._ui.terms import meaning
from pages._ui.text import plain
from pages._ui.words import plural, tell, words

GAIN_OF = "stage2"
"""The stage whose gain over the baseline the thesis keeps."""


def standing(index: RunIndex) -> None:
    """A number a stage, and what Stage 2 gained."""
    table = kept(index, ("finished",), lambda: finished(index))
    found = kept(index, ("best of stages",), lambda: best_of_stages(table))
    if not found:
        st.info(tell("No run has finished yet."), icon=":material/hourglass:")
        return
    for column, best in zip(st.columns(4), found, strict=False):
        with column:
            _best(best)
    with shown_errors(stop=False):
        of_stage = table[table["stage"] == GAIN_OF]
        gained = None if of_stage.empty else kept(index, ("gain",), lambda: gain(of_stage, tallies))
        st.markdown(_gain(gained))


def finished(index: RunIndex):
    """The rows of results of finished runs."""
    table = results(index)
    return table[table["state"] == "finished"]


def _best(best: Best) -> None:
    says = words()
    st.metric(
        tell("{stage}: best macro-F1", stage=STAGES[best.stage].title),
        f"{says.number(best.val_f1, '.2f')} %",
        help=f"{meaning('macro_f1')} {meaning('interval')}",
    )
    seeds = tell(best.origin) if best.origin == IMPORTED else plural("one seed", "{count} seeds", best.seeds)
    where = "" if math.isnan(best.low) else f" · {says.interval(best.low, best.high, '.2f')}"
    st.caption(f"{plain(best.name)} · {seeds}{where}")


def _gain(found: Gain | None) -> str:
    """The gain in a sentence; what the thesis reported, where nothing was measured yet."""
    if found is None:
        return tell(
            "Cumulative gain of the changes that the thesis kept, as reported: **{gain:+.2f} pp** over its Baseline. "
            "With one seed each it is not established.",
            gain=cumulative_gain(reported_results()),
        )
    says, comparison = words(), found.comparison
    return tell(
        "Gain of {stage} over {baseline}: **{gain:+.2f} pp**, {seeds} over seeds and {pictures} over pictures: "
        "*{verdict}*. {reason}",
        stage=STAGES[found.best.stage].title,
        baseline=plain(found.baseline),
        gain=comparison.delta,
        seeds=says.interval(comparison.seeds.low, comparison.seeds.high, "+.2f"),
        pictures=says.interval(comparison.pictures.low, comparison.pictures.high, "+.2f"),
        verdict=tell(comparison.verdict),
        reason=plain(tell(comparison.reason)),
    )
