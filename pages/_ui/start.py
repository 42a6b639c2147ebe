"""What the Launch page's form begins with: an experiment of the thesis, or a run to copy."""

from typing import Any

import streamlit as st

from av1core.training.presets import PRESETS
from pages._ui.state import run_folder, shown_errors
from pages._ui.text import plain
from pages._ui.words import tell


def start() -> tuple[str, dict[str, Any]]:
    """A key for the form's widgets, and the values that they begin with; `?copy=RUN` in a link names a run to copy."""
    run = st.query_params.get("copy")
    if run is None:
        key = st.selectbox(
            tell("Experiment"), list(PRESETS), format_func=lambda key: PRESETS[key].title, key="preset",
            bind="query-params",
            help=tell("What the thesis ran and what it plans; every setting can be changed below."),
        )  # fmt: skip
        st.caption(tell(PRESETS[key].about))
        return key, PRESETS[key].values
    st.button(
        tell("Choose an experiment instead"), icon=":material/arrow_back:", on_click=st.query_params.pop, args=["copy"]
    )
    with shown_errors():
        values = run_folder(run).spec().model_dump(mode="json")
    st.caption(tell("A copy of {run}: the form below begins with its settings.", run=plain(run)))
    return f"copy-{run}", values
