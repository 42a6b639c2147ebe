"""The Sweep part of the Launch page: what varies around the form's values, what that comes to, and queueing it."""

from typing import Any

import streamlit as st

from av1core.runs.sweep_plan import Plan, plan
from av1core.training.spec import leaves
from av1core.training.sweep import Sweep, fields, parse_seeds, parse_values, value_text
from pages._ui.access import access
from pages._ui.state import index, launcher, shown_errors
from pages._ui.text import duration, plain
from pages._ui.words import plural, tell, words


def sweep_form(values: dict[str, Any], key: str) -> None:
    """Choices of fields, values and seeds around the form's `values`, their plan, and a button that queues it.

    key: prefix of the widgets' keys.
    """
    current = leaves(values)
    varied = st.multiselect(
        tell("Settings that vary"), fields(values["stage"]), key=f"{key}.sweep.fields",
        help=tell(
            "Every combination of their values is a run, with each of the seeds. The others are as in the form above."
        ),
    )  # fmt: skip
    columns = st.columns(3)
    texts = {}
    for place, field in enumerate(varied):
        texts[field] = columns[place % 3].text_input(
            field, value_text(current.get(field)), key=f"{key}.sweep.{field}",
            help=tell(
                'Separated by commas, such as 1, 2, 4 or focal, poly. A list is written as ["layer3", "layer4"], an '
                "empty field as null."
            ),
        )  # fmt: skip
    left, right = st.columns([1, 2], vertical_alignment="bottom")
    seeds = left.text_input(
        tell("Seeds"), "0-5", key=f"{key}.sweep.seeds", help=tell("0-5 is six seeds, 0,3,7 is three.")
    )
    repeat = right.toggle(
        tell("Repeat what was trained already"), key=f"{key}.sweep.repeat",
        help=tell(
            "Else runs are skipped that are finished, or will be, with the same settings and seed on the same blocks."
        ),
    )  # fmt: skip
    with shown_errors(stop=False):
        factors = {field: parse_values(text) for field, text in texts.items()}
        planned = plan(Sweep(values, factors, parse_seeds(seeds)), index(), repeat)
        _preview(planned)
        _queue(planned, key)


def _preview(planned: Plan) -> None:
    table = planned.table(words())
    table["seconds"] = table["seconds"].map(duration)
    config = {
        "seed": st.column_config.NumberColumn(tell("Seed")),
        "seconds": st.column_config.TextColumn(tell("At most"), alignment="right"),
        "status": st.column_config.TextColumn(tell("Status"), width="large"),
    }
    st.dataframe(table, hide_index=True, column_config=config)
    st.markdown(" ".join(plain(tell(said)) for said in planned.sentences()))


def _queue(planned: Plan, key: str) -> None:
    new = planned.to_queue
    label = plural("Queue {count:,} run", "Queue {count:,} runs", len(new))
    locked = not new or not access().may_change
    if st.button(label, type="primary", icon=":material/playlist_add:", key=f"{key}.sweep.queue", disabled=locked):
        launcher().submit_all(new)
        st.toast(plural("Queued {count:,} run.", "Queued {count:,} runs.", len(new)), icon=":material/check:")
        # Else the preview would offer them once more.
        st.rerun()
