"""The forms of the Hypotheses page: write a hypothesis, change one, decide one."""

import streamlit as st

from av1core.analysis.hypotheses import CHOICES, MOST_PP, MOST_REASONS, MOST_STATEMENT, Hypothesis, Revision
from av1core.analysis.studies import STUDIES
from av1core.partition import STAGES
from pages._ui.actions import attempt
from pages._ui.state import ledger
from pages._ui.words import tell, told

_ABOUT = {(study.key, variant.name): study for study in STUDIES.values() for variant in study.variants}


def new_form(number: int) -> None:
    """Write a hypothesis. number: of those that there are; when it grows, the form begins anew."""
    key = f"new-{number}"
    st.header(tell("New hypothesis"), anchor=False)
    st.caption(
        tell(
            "Write it before the runs: the time is recorded, and what is written after the variant's first run had "
            "begun is marked. Choose the range so that some results lie outside of it; a range that holds everything "
            "predicts nothing."
        )
    )
    with st.form(key):
        _fields(key, None)
        st.form_submit_button(
            tell("Write it down"), type="primary", icon=":material/edit_note:", key=f"{key}-save", on_click=_add,
            args=(key,),
        )  # fmt: skip


def edit_form(hypothesis: Hypothesis) -> None:
    """Change a hypothesis; what it said stays."""
    # What somebody else changes meanwhile is shown in place of what was here.
    key = f"edit-{hypothesis.key}-{len(hypothesis.revisions)}"
    with st.popover(tell("Edit"), icon=":material/edit:"), st.form(key, border=False):
        st.caption(tell("What it says now stays in its history, with its time."))
        _fields(key, hypothesis.now)
        st.form_submit_button(
            tell("Save"), icon=":material/save:", key=f"{key}-save", on_click=_edit, args=(hypothesis, key)
        )


def decide_form(hypothesis: Hypothesis) -> None:
    """Keep the variant or not."""
    key = f"decide-{hypothesis.key}-{len(hypothesis.decisions)}"
    decision = hypothesis.decision
    with st.popover(tell("Decide"), icon=":material/how_to_vote:"), st.form(key, border=False):
        st.segmented_control(
            tell("Decision"), list(CHOICES), default=decision.choice, format_func=told(CHOICES), key=f"{key}-choice",
            required=True,
        )  # fmt: skip
        st.text_area(tell("Reasons"), decision.reasons, max_chars=MOST_REASONS, key=f"{key}-reasons")
        st.form_submit_button(
            tell("Record"), icon=":material/save:", key=f"{key}-save", on_click=_decide, args=(hypothesis.key, key)
        )


def _fields(key: str, said: Revision | None) -> None:
    """Widgets by the names of `_given`; said: what they begin with."""
    st.text_area(tell("Statement"), said.statement if said else "", max_chars=MOST_STATEMENT, key=f"{key}-statement")
    options = list(_ABOUT)
    begun = (said.study, said.variant) if said else options[0]
    if begun not in options:
        options.insert(0, begun)  # of a study that is no more
    st.selectbox(
        tell("Study and variant"), options, index=options.index(begun), format_func=_about, key=f"{key}-variant",
        help=tell("Δ is the val macro-F1 of the variant minus that of its study's baseline."),
    )  # fmt: skip
    left, right = st.columns(2)
    low, high = (said.low, said.high) if said else (0.5, 1.5)
    limits = {"min_value": -MOST_PP, "max_value": MOST_PP, "step": 0.1, "format": "%.2f"}
    left.number_input(tell("Δ at least (pp)"), value=low, key=f"{key}-low", **limits)
    right.number_input(tell("Δ at most (pp)"), value=high, key=f"{key}-high", **limits)


def _about(option: tuple[str, str]) -> str:
    study = _ABOUT.get(option)
    where = f"{tell(study.title)} ({STAGES[study.stage].title})" if study else option[0]
    return f"{where}: {option[1]}"


def _given(key: str) -> dict:
    study, variant = st.session_state[f"{key}-variant"]
    names = ("statement", "low", "high")
    return {name: st.session_state[f"{key}-{name}"] for name in names} | {"study": study, "variant": variant}


def _add(key: str) -> None:
    attempt(lambda given: ledger().add(**given), [_given(key)])


def _edit(hypothesis: Hypothesis, key: str) -> None:
    changed = {name: value for name, value in _given(key).items() if value != getattr(hypothesis.now, name)}
    attempt(lambda changed: ledger().edit(hypothesis.key, **changed), [changed])


def _decide(hypothesis: str, key: str) -> None:
    choice, reasons = (st.session_state[f"{key}-{name}"] for name in ("choice", "reasons"))
    attempt(lambda choice: ledger().decide(hypothesis, choice, reasons), [choice])
