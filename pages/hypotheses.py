"""Hypotheses: what was predicted before the runs, what came of it, and what was decided."""

import streamlit as st

from av1core.analysis.hypotheses import RULES
from av1core.analysis.outcome import outcomes
from av1core.analysis.reported import cumulative_gain, reported_results
from pages._ui.access import may_change
from pages._ui.actions import failed_action
from pages._ui.analyses import tallies
from pages._ui.hypothesis_card import card
from pages._ui.hypothesis_forms import new_form
from pages._ui.state import index, ledger, shown_errors
from pages._ui.text import plain
from pages._ui.words import tell

st.title(tell("Hypotheses"))
allowed = may_change()
failed_action()
with shown_errors():
    contents = ledger().read()
    found = outcomes(contents.hypotheses, index(), tallies)
if all(each.shipped for each in contents.hypotheses):
    st.info(
        tell(
            "A hypothesis says by how much a variant will differ from its study's baseline, and is written before the "
            "runs. The one below is the thesis's own, as an example."
        ),
        icon=":material/science:",
    )
with shown_errors(stop=False):
    st.markdown(
        tell(
            "Cumulative gain of the changes that the thesis kept, as reported: **{gain:+.2f} pp** over its Baseline. "
            "With one seed each it is not established.",
            gain=cumulative_gain(reported_results()),
        )
    )
with st.expander(tell("How verdicts are reached"), icon=":material/gavel:"):
    st.markdown("\n".join(f"- **{tell(word)}**: {tell(rule)}" for word, rule in RULES))
    st.caption(
        tell(
            "A range with values on both sides of 0 predicts no direction. Better, worse and equivalent are the words "
            "of Compare and Ablations, by the rules that stand there."
        )
    )
for problem in contents.problems:
    st.error(plain(tell(problem)), icon=":material/error:")
for hypothesis, outcome in zip(contents.hypotheses, found, strict=True):
    card(hypothesis, outcome, allowed)
if allowed:
    new_form(len(contents.hypotheses))
