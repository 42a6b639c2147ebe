"""The deleted runs of the Runs page, to be taken back or deleted for good."""

from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from av1core.translation import message
from pages._ui.actions import attempt
from pages._ui.charts import column, in_language
from pages._ui.run_changes import DELETED
from pages._ui.run_grid import MOMENT
from pages._ui.state import launcher
from pages._ui.words import plural, tell

_NUMBERS = {"size": ".1f"}
"""Python's formats of the numbers."""


def trash() -> None:
    """What was deleted; read only once it is opened."""
    opened = st.expander(tell("Trash"), icon=":material/delete:", key="trash", on_change="rerun")
    if not opened.open:
        return
    with opened:
        changing = launcher()
        locked = not changing.access.may_change
        deleted = changing.deleted()
        if not deleted:
            st.caption(tell("Nothing was deleted. A deleted run stays here, whole, until the trash is emptied."))
            return
        runs, columns = [run.run for run in deleted], _columns()
        shown = pd.DataFrame(
            {"name": run.name, "deleted": datetime.fromtimestamp(run.deleted), "size": run.size / 1e6, "run": run.run}
            for run in deleted
        )
        event = st.dataframe(
            in_language(shown, _NUMBERS), key=f"trash-{hash(tuple(runs))}", hide_index=True, column_config=columns,
            column_order=list(columns), on_select="rerun", alt=tell("Deleted runs"),
        )  # fmt: skip
        ticked = [runs[row] for row in event["selection"]["rows"]]
        with st.container(horizontal=True):
            st.button(
                tell("Restore {number:,}", number=len(ticked)), key="trash-restore",
                icon=":material/restore_from_trash:", on_click=attempt, args=(changing.restore, ticked),
                disabled=locked or not ticked, help=tell("Tick the runs to take back."),
            )  # fmt: skip
            with st.popover(tell("Empty trash"), icon=":material/delete_forever:", disabled=locked):
                st.markdown(
                    plural(
                        "{count:,} run, {size:,.1f} MB. This cannot be undone.",
                        "{count:,} runs, {size:,.1f} MB. This cannot be undone.", len(runs), size=shown["size"].sum(),
                    )
                )  # fmt: skip
                st.button(tell("Delete for good"), key="trash-empty", type="primary", disabled=locked, on_click=_empty)


def _columns() -> dict[str, Any]:
    return {
        "name": st.column_config.TextColumn(tell("Name")),
        "deleted": st.column_config.DatetimeColumn(tell("Deleted"), format=MOMENT),
        "size": column("size", message("Size (MB)"), _NUMBERS["size"]),
        "run": st.column_config.TextColumn(tell("Run")),
    }


def _empty() -> None:
    attempt(lambda _: launcher().empty_trash(), [None])
    st.session_state.pop(DELETED, None)
