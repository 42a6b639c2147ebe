"""The deleted runs of the Runs page, to be taken back or deleted for good."""

from datetime import datetime

import streamlit as st

from pages._ui.actions import attempt
from pages._ui.run_changes import DELETED
from pages._ui.state import launcher
from pages._ui.text import count

COLUMNS = {
    "name": st.column_config.TextColumn("Name"),
    "deleted": st.column_config.DatetimeColumn("Deleted", format="D MMM YYYY, HH:mm:ss"),
    "size": st.column_config.NumberColumn("Size", format="bytes"),
    "run": st.column_config.TextColumn("Run"),
}


def trash() -> None:
    """What was deleted; read only once it is opened."""
    opened = st.expander("Trash", icon=":material/delete:", key="trash", on_change="rerun")
    if not opened.open:
        return
    with opened:
        changing = launcher()
        locked = not changing.access.may_change
        deleted = changing.deleted()
        if not deleted:
            st.caption("Nothing was deleted. A deleted run stays here, whole, until the trash is emptied.")
            return
        shown = [vars(run) | {"deleted": datetime.fromtimestamp(run.deleted)} for run in deleted]
        runs = [run.run for run in deleted]
        event = st.dataframe(
            shown, key=f"trash-{hash(tuple(runs))}", hide_index=True, column_config=COLUMNS, column_order=list(COLUMNS),
            on_select="rerun", alt="Deleted runs",
        )  # fmt: skip
        ticked = [runs[row] for row in event["selection"]["rows"]]
        with st.container(horizontal=True):
            st.button(
                f"Restore {len(ticked):,}", key="trash-restore", icon=":material/restore_from_trash:", on_click=attempt,
                args=(changing.restore, ticked), disabled=locked or not ticked, help="Tick the runs to take back.",
            )  # fmt: skip
            with st.popover("Empty trash", icon=":material/delete_forever:", disabled=locked):
                size = sum(run.size for run in deleted) / 1e6
                st.markdown(f"{count(len(deleted), 'run')}, {size:,.1f} MB. This cannot be undone.")
                st.button("Delete for good", key="trash-empty", type="primary", disabled=locked, on_click=_empty)


def _empty() -> None:
    attempt(lambda _: launcher().empty_trash(), [None])
    st.session_state.pop(DELETED, None)
