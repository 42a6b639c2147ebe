"""One hypothesis of the Hypotheses page: what it says, what came of it, its history, and its forms."""

import streamlit as st

from av1core.analysis.hypotheses import CONFIRMED, PARTLY, REFUTED, Hypothesis
from av1core.analysis.hypothesis_text import facts, history
from av1core.analysis.outcome import Outcome
from av1core.figures.hypotheses import prediction_figure
from pages._ui.charts import chart
from pages._ui.hypothesis_forms import decide_form, edit_form
from pages._ui.text import plain
from pages._ui.words import plural, tell, words

_MARKS = {CONFIRMED: "✓", PARTLY: "◐", REFUTED: "✕"}
_COLOURS = {CONFIRMED: "green", PARTLY: "orange", REFUTED: "red"}


def card(hypothesis: Hypothesis, found: Outcome, allowed: bool) -> None:
    """allowed: whether to offer what changes it."""
    key, said = hypothesis.key, hypothesis.now
    with st.container(border=True, key=f"hypothesis-{key}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.header(f"{key}: {plain(tell(said.statement))}", anchor=key.lower())
            _badges(hypothesis, found)
        left, right = st.columns(2, gap="large")
        told = facts(hypothesis, found, words())
        left.markdown("\n".join(f"- **{title}**: {plain(text)}" for title, text in told.items()))
        with right:
            figure = prediction_figure(said, found.comparison, words())
            chart(figure, f"hypothesis-{key}-chart", f"hypothesis-{key}")
        lines = history(hypothesis, words())
        with st.expander(plural("History: {count} entry", "History: {count} entries", len(lines))):
            st.markdown("\n".join(f"- {plain(line)}" for line in lines))
        with st.container(horizontal=True, vertical_alignment="center"):
            st.page_link(
                "ablations.py", label=tell("Study"), icon=":material/table_chart:", query_params={"study": said.study}
            )
            if allowed:
                edit_form(hypothesis)
                decide_form(hypothesis)


def _badges(hypothesis: Hypothesis, found: Outcome) -> None:
    verdict = found.judgement.verdict
    st.badge(f"{_MARKS.get(verdict, '?')} {tell(verdict)}", color=_COLOURS.get(verdict, "gray"))
    if found.begun:
        st.badge(tell("written late"), icon=":material/schedule:", color="orange")
    if hypothesis.shipped:
        st.badge(tell("shipped"), color="blue")
