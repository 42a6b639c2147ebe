"""One run of the Runs page: what is known of it, and what people say of it."""

import pandas as pd
import streamlit as st

from av1core.analysis.run_table import known_tags
from av1core.partition import STAGES
from av1core.runs.annotations import MOST_NAME, MOST_NOTE
from av1core.runs.folder import RunFolder
from av1core.runs.grounds import grounds
from av1core.training.spec import flatten
from pages._ui.actions import action_button, attempt
from pages._ui.run_changes import one
from pages._ui.state import launcher, shown_errors
from pages._ui.text import moment, percent, plain
from pages._ui.widgets import state_label

TAGS_PLACEHOLDER = "Choose tags, or write new ones"


def details(row: pd.Series, everything: pd.DataFrame) -> None:
    """row: of the run table `everything`."""
    st.subheader(plain(row["name"]), anchor=False)
    _state(row)
    one(row)
    left, right = st.columns(2, gap="large")
    with left:
        if launcher().access.may_change:
            _form(row, known_tags(everything))
        else:
            _said(row)
        _pin(row, everything)
    with right:
        _grounds(RunFolder(launcher().runs_dir / row["run"]))


def _state(row: pd.Series) -> None:
    parts = [state_label(row["state"])]
    if row["stage"] in STAGES:
        parts.append(STAGES[row["stage"]].title)
    parts.append(row["origin"] if pd.isna(row["seed"]) else f"seed {row['seed']}")
    if not pd.isna(row["val_f1"]):
        parts.append(f"best val F1 {percent(row['val_f1'])} at epoch {row['best_epoch']} of {row['epoch']}")
    parts.append(f"created {moment(row['created'])}")
    st.markdown(" · ".join(parts))
    st.caption(plain(row["run"]))
    if row["message"]:
        st.info(plain(row["message"]), icon=":material/info:")


def _said(row: pd.Series) -> None:
    st.markdown(f"Tags: {plain(', '.join(row['tags'])) or '–'}")
    st.markdown("Note:")
    st.text(row["note"] or "–")


def _form(row: pd.Series, tags: list[str]) -> None:
    before = {"name": row["name"], "tags": list(row["tags"]), "note": row["note"]}
    # What somebody else changes meanwhile is shown in place of what was here.
    key = f"said-{row['run']}-{hash(str(before))}"
    with st.form(key, border=False):
        st.text_input(
            "Name", row["name"], max_chars=MOST_NAME, key=f"{key}-name",
            help="Shown in tables and charts. Empty: the name in its settings.",
        )  # fmt: skip
        st.multiselect(
            "Tags", tags, before["tags"], key=f"{key}-tags", accept_new_options=True, placeholder=TAGS_PLACEHOLDER
        )
        st.text_area("Note", row["note"], max_chars=MOST_NOTE, key=f"{key}-note")
        st.form_submit_button("Save", icon=":material/save:", on_click=_save, args=(row["run"], key, before))


def _save(run: str, key: str, before: dict) -> None:
    given = {field: st.session_state[f"{key}-{field}"] for field in before}
    changed = {field: value for field, value in given.items() if value != before[field]}
    attempt(lambda run: launcher().annotate(run, **changed), [run])


def _pin(row: pd.Series, everything: pd.DataFrame) -> None:
    if row["stage"] not in STAGES:
        return
    title = STAGES[row["stage"]].title
    pinned = everything[everything["baseline"] & (everything["stage"] == row["stage"])]
    if row["baseline"]:
        said = f"This run is the baseline of {title}: Compare and Ablations take Δ from it at first."
    elif pinned.empty:
        said = f"No run is pinned as the baseline of {title}: Δ is taken at first from one named Baseline."
    else:
        said = f"The baseline of {title} is {plain(pinned.iloc[0]['name'])}."
    st.caption(said)
    label = "Unpin" if row["baseline"] else "Pin as baseline"
    action_button(label, launcher(), "pin", row["run"], not row["baseline"], icon=":material/keep:")


def _grounds(folder: RunFolder) -> None:
    with shown_errors(stop=False):
        st.markdown("**What it rests on**")
        st.markdown("\n".join(f"- {title}: {plain(text)}" for title, text in grounds(folder).items()))
        if folder.spec_file.exists():
            with st.expander("Settings"):
                settings = flatten(folder.spec()).items()
                st.dataframe([{"Setting": key, "Value": str(value)} for key, value in settings], hide_index=True)
