"""The Trust view of the Attribution page: checks that a method's maps pass or fail for a run."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import streamlit as st

from av1core.analysis.maps.averages import CLASS, draw, drawn_targets
from av1core.analysis.maps.methods import METHODS, MapSpec
from av1core.analysis.maps.trust import CHECKS, marks_table, trust_table
from av1core.figures.trust import faithfulness_figure, similarity_figure
from pages._ui import charts
from pages._ui.attribution_choice import Chosen, baseline_and_output, evidence_for
from pages._ui.attribution_layers import greyed_layers, layer_choice
from pages._ui.text import count, plain

if TYPE_CHECKING:
    from av1core.analysis.maps.subject import Subject
    from av1core.analysis.maps.trust import Trust

COUNTS = (16, 32, 64, 128)
START = [name for name, method in METHODS.items() if method.of == "input"] + ["grad_cam"]
TABLE = {
    "method": "Method", "check": "Check", "mark": "Mark", "value": "Value", "low": "95 % from", "high": "to",
    "unit": "Unit", "sentence": "In words",
}  # fmt: skip


def show(chosen: Chosen) -> None:
    """The whole view."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        baseline, output = baseline_and_output()
        evidence = evidence_for(chosen.stage)
        number = st.selectbox("Blocks", COUNTS, index=2, key="trust-blocks", bind="query-params")
    names = st.multiselect(
        "Methods", list(METHODS), START, format_func=lambda name: METHODS[name].title, key="checked",
        bind="query-params", placeholder="Which methods to check",
    )  # fmt: skip
    layer = None
    if any(METHODS[name].of == "layer" for name in names):
        layer = layer_choice(chosen.subjects)
        greyed_layers(chosen.subjects)
    ways = [MapSpec(name, layer if METHODS[name].of == "layer" else None, baseline, output) for name in names]
    drawn = draw(chosen.data, chosen.stage, chosen.rows, CLASS, number)
    of = (*drawn.rows.tolist(), evidence, chosen.subject.weights)  # the first run says which classes are predicted
    st.caption(
        f"{count(len(drawn.rows), 'block')} of {drawn.of:,}, drawn by a fixed seed and as evenly as there are blocks "
        f"from {', '.join(drawn.names)}. It takes seconds a method; for a backbone whose stem keeps its map, minutes. "
        "Then it is kept."
    )
    missing = [(run, way) for run in chosen.subjects for way in ways if _found(chosen.subjects[run], way, of) is None]
    if st.button("Check", icon=":material/fact_check:", type="primary", disabled=not missing):
        _check(chosen, missing, drawn.rows, evidence, of)
        st.rerun()
    _rules()
    for run, subject in chosen.subjects.items():
        found = [trust for way in ways if (trust := _found(subject, way, of))]
        _results(chosen, run, found)
    if missing:
        st.info(f"Not checked on these blocks yet: {', '.join(dict.fromkeys(way.title for _, way in missing))}.")


def known_failures(chosen: Chosen, spec: MapSpec, run: str | None = None) -> list[str]:
    """What a method fails for a run, by default the first, as sentences; none too where it was not checked yet.

    Of the check that was made last, whichever blocks it drew.
    """
    last = _kept().get(_name(chosen.subjects[run or chosen.run], spec))
    return [] if last is None else [check.sentence for check in last[1].failures]


def label_failures(chosen: Chosen, specs: Iterable[MapSpec], run: str) -> None:
    """A line for each method that is known to fail for a run."""
    for spec in specs:
        if failures := known_failures(chosen, spec, run):
            st.markdown(
                f":red-badge[✕ fails] **{spec.title}**, {plain(chosen.labels[run])}: {plain(' '.join(failures))}"
            )


def _check(chosen: Chosen, missing: list[tuple[str, MapSpec]], rows, evidence: str, of: tuple) -> None:
    bar = st.progress(0.0, "Gathering the blocks…")
    from av1core.analysis.maps.examine import Examination

    blocks = chosen.subject.blocks(rows)
    target = drawn_targets(rows, evidence, chosen.predictions[chosen.run])
    examinations = {run: Examination(subject, blocks, target) for run, subject in chosen.subjects.items()}
    for done, (run, way) in enumerate(missing):
        bar.progress(done / len(missing), f"Checking {way.title} of {plain(chosen.labels[run])}…")
        _kept()[_name(chosen.subjects[run], way)] = (of, examinations[run].check(way))
    bar.empty()


def _results(chosen: Chosen, run: str, found: list["Trust"]) -> None:
    if not found:
        return
    label = chosen.labels[run]
    st.subheader(plain(label), anchor=False)
    st.caption(
        f"{count(found[0].blocks, 'block')} of {count(found[0].sources, 'source')}; randomisation and sensitivity-max "
        f"on {found[0].few} of them. ✓ passes, ✕ fails, ! is a warning, ? cannot be decided, – does not apply."
    )
    columns = {"method": st.column_config.TextColumn("Method", pinned=True)} | {
        name: st.column_config.TextColumn(kind.short, help=f"{kind.title}. {kind.about} {kind.rule or ''}")
        for name, kind in CHECKS.items()
    }
    st.dataframe(marks_table(found), hide_index=True, column_config=columns)
    charts.downloads(trust_table(found), TABLE, f"trust-{run}")
    label_failures(chosen, [each.spec for each in found], run)
    charts.chart(faithfulness_figure(found, f"Faithfulness: {label}"), f"trust-curves-{run}")
    charts.chart(similarity_figure(found, f"Model randomisation: {label}"), f"trust-randomisation-{run}")


def _rules() -> None:
    with st.expander("What is checked, and by which rules"):
        for kind in CHECKS.values():
            rule = f" **{kind.rule}**" if kind.rule else " No rule; to compare methods by."
            st.markdown(f"- **{kind.title}**{f' ({kind.unit})' if kind.unit else ''}: {kind.about}{rule} {kind.paper}.")


def _found(subject: "Subject", spec: MapSpec, of: tuple) -> "Trust | None":
    """What was found for these blocks, if it is kept."""
    asked, trust = _kept().get(_name(subject, spec), (None, None))
    return trust if asked == of else None


def _name(subject: "Subject", spec: MapSpec) -> tuple:
    return subject.weights, subject.dataset.fingerprint, spec


@st.cache_resource(show_spinner=False)
def _kept() -> dict[tuple, tuple[tuple, "Trust"]]:
    """What the last check of a model, a dataset and a spec was of, and what it found, for every session."""
    return {}
