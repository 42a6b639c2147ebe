"""What to look at next, on the Overview, and the hypotheses that nobody has decided on."""

import streamlit as st

from av1core.analysis.next_steps import next_steps
from av1core.runs.index import RunIndex
from pages._ui.kept import kept
from pages._ui.standing import finished
from pages._ui.state import ledger, shown_errors
from pages._ui.text import plain
from pages._ui.words import plural, tell

STEPS_SHOWN, HYPOTHESES_SHOWN = 4, 2


def what_next(index: RunIndex) -> None:
    """The steps with links, then the open hypotheses."""
    st.header(tell("What next"), anchor=False)
    waiting = []
    with shown_errors(stop=False):
        waiting = [each for each in ledger().read().hypotheses if each.decision.choice == "open"]
    table = kept(index, ("finished",), lambda: finished(index))
    grounds = ("next steps", *(each.key for each in waiting))
    for step in kept(index, grounds, lambda: next_steps(index.runs(), table, waiting))[:STEPS_SHOWN]:
        st.page_link(
            f"{step.page}.py", label=plain(tell(step.text)), icon=":material/arrow_forward:", query_params=step.link
        )
    st.caption(
        plural("{count:,} hypothesis is open.", "{count:,} hypotheses are open.", len(waiting))
        if waiting
        else tell("No hypothesis is open.")
    )
    for each in waiting[:HYPOTHESES_SHOWN]:
        st.markdown(f"- **{each.key}** {plain(tell(each.now.statement))}")
