"""The Lab in five minutes, as steps with links."""

import streamlit as st

from av1core.translation import message
from pages._ui.words import tell

STEPS: tuple[tuple[str, str, str], ...] = (
    (
        "data",
        message("Data"),
        message("See what is learnt: photographs, and the partition trees that libaom chose for them."),
    ),
    (
        "launch",
        message("Launch"),
        message(
            "Train Stage 1, which gives the backbone, then an experiment of Stage 2 such as Exp 03. Five epochs do."
        ),
    ),
    (
        "compare",
        message("Compare"),
        message("See curves, both gaps and verdicts of experiments, and save the table."),
    ),
    (
        "ablations",
        message("Ablations"),
        message("Read a study, a row a variant, and launch the seeds that a verdict lacks."),
    ),
    (
        "attribution",
        message("Attribution"),
        message("Click a block: what does every stage say of it, and where in it does the evidence lie?"),
    ),
)
"""Page, its title, and what to do there."""


def tour() -> None:
    """The steps in order."""
    for number, (page, title, about) in enumerate(STEPS, 1):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.page_link(f"{page}.py", label=f"{number}. {tell(title)}", icon=":material/arrow_forward:")
            st.markdown(tell(about), width="stretch")
