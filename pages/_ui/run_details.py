"""One run of the Runs page: what is known of it, and what people say of it."""

import pandas as pd
import streamlit as st

from av1core.analysis.results import with_model
from av1core.analysis.run_table import known_tags
from av1core.partition import STAGES
from av1core.runs.annotations import MOST_NAME, MOST_NOTE
from av1core.runs.folder import RunFolder
from av1core.runs.grounds import grounds
from av1core.training.spec import flatten
from av1core.translation import MISSING
from pages._ui.actions import action_button, attempt
from pages._ui.compare_choice import RUNS
from pages._ui.run_changes import one
from pages._ui.state import launcher, shown_errors
from pages._ui.text import moment, percent, plain
from pages._ui.widgets import state_label
from pages._ui.words import tell, words


def details(row: pd.Series, everything: pd.DataFrame) -> None:
    """row: of the run table `everything`."""
    st.header(plain(row["name"]), anchor=False)
    _state(row)
    one(row)
    _look(row, everything)
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
    parts.append(tell(row["origin"]) if pd.isna(row["seed"]) else tell("seed {seed}", seed=int(row["seed"])))
    if not pd.isna(row["val_f1"]):
        best = tell(
            "best val F1 {f1} at epoch {epoch} of {epochs}",
            f1=percent(row["val_f1"]), epoch=int(row["best_epoch"]), epochs=int(row["epoch"]),
        )  # fmt: skip
        parts.append(best)
    parts.append(tell("created {moment}", moment=moment(row["created"])))
    st.markdown(" · ".join(parts))
    st.caption(plain(row["run"]))
    if row["message"]:
        st.info(plain(tell(row["message"])), icon=":material/info:")


def _look(row: pd.Series, everything: pd.DataFrame) -> None:
    """Links to the pages that show this run: beside the pinned baseline, and block by block."""
    if row["stage"] not in STAGES or pd.isna(row["val_f1"]):
        return
    pinned = everything.loc[everything["baseline"] & (everything["stage"] == row["stage"]), "run"]
    shown = list(dict.fromkeys([row["run"], *pinned]))
    with st.container(horizontal=True):
        st.page_link(
            "compare.py", label=tell("Compare"), icon=":material/show_chart:",
            query_params={"stage": row["stage"], "level": RUNS, "run": shown},
        )  # fmt: skip
        if with_model(row):
            st.page_link(
                "attribution.py", label=tell("Attribution"), icon=":material/blur_on:",
                query_params={"stage": row["stage"], "run": row["run"]},
            )  # fmt: skip


def _said(row: pd.Series) -> None:
    st.markdown(tell("Tags: {tags}", tags=plain(", ".join(row["tags"])) or MISSING))
    st.markdown(tell("Note:"))
    st.text(row["note"] or MISSING)


def _form(row: pd.Series, tags: list[str]) -> None:
    before = {"name": row["name"], "tags": list(row["tags"]), "note": row["note"]}
    # What somebody else changes meanwhile is shown in place of what was here.
    key = f"said-{row['run']}-{hash(str(before))}"
    with st.form(key, border=False):
        st.text_input(
            tell("Name"), row["name"], max_chars=MOST_NAME, key=f"{key}-name",
            help=tell("Shown in tables and charts. Empty: the name in its settings."),
        )  # fmt: skip
        st.multiselect(
            tell("Tags"), tags, before["tags"], key=f"{key}-tags", accept_new_options=True,
            placeholder=tell("Choose tags, or write new ones"),
        )  # fmt: skip
        st.text_area(tell("Note"), row["note"], max_chars=MOST_NOTE, key=f"{key}-note")
        st.form_submit_button(tell("Save"), icon=":material/save:", on_click=_save, args=(row["run"], key, before))


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
        said = tell("This run is the baseline of {stage}: Compare and Ablations take Δ from it at first.", stage=title)
    elif pinned.empty:
        said = tell(
            "No run is pinned as the baseline of {stage}: Δ is taken at first from one named Baseline.", stage=title
        )
    else:
        said = tell("The baseline of {stage} is {name}.", stage=title, name=plain(pinned.iloc[0]["name"]))
    st.caption(said)
    label = tell("Unpin") if row["baseline"] else tell("Pin as baseline")
    action_button(label, launcher(), "pin", row["run"], not row["baseline"], icon=":material/keep:")


def _grounds(folder: RunFolder) -> None:
    with shown_errors(stop=False):
        st.markdown(f"**{tell('What it rests on')}**")
        said = grounds(folder, words())
        st.markdown("\n".join(f"- {title}: {plain(text)}" for title, text in said.items()))
        if folder.spec_file.exists():
            with st.expander(tell("Settings")):
                settings = [{"setting": key, "value": str(value)} for key, value in flatten(folder.spec()).items()]
                titles = {"setting": tell("Setting"), "value": tell("Value")}
                st.dataframe(settings, hide_index=True, column_config=titles, alt=tell("Settings"))
