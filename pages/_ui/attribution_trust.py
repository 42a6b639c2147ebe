"""The Trust view of the Attribution page: checks that a method's maps pass or fail for a run."""

from typing import TYPE_CHECKING

import streamlit as st

from av1core.analysis.maps.averages import CLASS, draw, drawn_targets
from av1core.analysis.maps.checks import CHECKS
from av1core.analysis.maps.methods import METHODS, MapSpec
from av1core.analysis.maps.trust import marks_table, trust_table
from av1core.figures.trust import faithfulness_figure, similarity_figure
from av1core.translation import message
from pages._ui import charts
from pages._ui.attribution_checked import found_for, keep, label_failures
from pages._ui.attribution_choice import Chosen
from pages._ui.attribution_layers import greyed_layers, layer_choice
from pages._ui.attribution_method import METHOD_TITLES, baseline_and_output, evidence_for
from pages._ui.links import named_choice
from pages._ui.text import plain
from pages._ui.wide import wide
from pages._ui.words import plural, tell, told, words

if TYPE_CHECKING:
    from av1core.analysis.maps.trust import Trust

COUNTS = (16, 32, 64, 128)
START = [name for name, method in METHODS.items() if method.of == "input"] + ["grad_cam"]
TABLE = {
    "method": message("Method"), "check": message("Which check"), "mark": message("Mark"), "value": message("Value"),
    "low": message("95 % from"), "high": message("to"), "unit": message("Unit"), "sentence": message("In words"),
}  # fmt: skip


def show(chosen: Chosen) -> None:
    """The whole view."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        baseline, output = baseline_and_output()
        evidence = evidence_for(chosen.stage, width=240)
        number = st.selectbox(tell("Blocks"), COUNTS, index=2, key="trust-blocks", bind="query-params", width=120)
    names = named_choice(
        tell("Methods"), list(METHODS), "checked", START, control=st.multiselect, format_func=told(METHOD_TITLES),
        placeholder=tell("Which methods to check"),
    )  # fmt: skip
    layer = None
    if any(METHODS[name].of == "layer" for name in names):
        layer = layer_choice(chosen.subjects)
        greyed_layers(chosen.subjects)
    ways = [MapSpec(name, layer if METHODS[name].of == "layer" else None, baseline, output) for name in names]
    drawn = draw(chosen.data, chosen.stage, chosen.rows, CLASS, number)
    of = (*drawn.rows.tolist(), evidence, chosen.subject.weights)  # the first run says which classes are predicted
    st.caption(
        tell(
            "{shown:,} blocks of {all:,}, drawn by a fixed seed and as evenly as there are blocks from {groups}. It "
            "takes seconds a method; for a backbone whose stem keeps its map, minutes. Then it is kept.",
            shown=len(drawn.rows), all=drawn.of, groups=", ".join(drawn.names),
        )
    )  # fmt: skip
    missing = [
        (run, way) for run in chosen.subjects for way in ways if found_for(chosen.subjects[run], way, of) is None
    ]
    if st.button(tell("Check"), key="trust-check", icon=":material/fact_check:", type="primary", disabled=not missing):
        _check(chosen, missing, drawn.rows, evidence, of)
        st.rerun()
    _rules()
    for run, subject in chosen.subjects.items():
        found = [trust for way in ways if (trust := found_for(subject, way, of))]
        _results(chosen, run, found)
    if missing:
        titles = ", ".join(dict.fromkeys(tell(way.title) for _, way in missing))
        st.info(tell("Not checked on these blocks yet: {methods}.", methods=titles), icon=":material/info:")


def _check(chosen: Chosen, missing: list[tuple[str, MapSpec]], rows, evidence: str, of: tuple) -> None:
    bar = st.progress(0.0, tell("Gathering the blocks…"))
    from av1core.analysis.maps.examine import Examination

    blocks = chosen.subject.blocks(rows)
    target = drawn_targets(rows, evidence, chosen.predictions[chosen.run])
    examinations = {run: Examination(subject, blocks, target) for run, subject in chosen.subjects.items()}
    for done, (run, way) in enumerate(missing):
        now = tell("Checking {method} of {run}…", method=way.title, run=plain(chosen.labels[run]))
        bar.progress(done / len(missing), now)
        keep(chosen.subjects[run], way, of, examinations[run].check(way))
    bar.empty()


def _results(chosen: Chosen, run: str, found: list["Trust"]) -> None:
    if not found:
        return
    label = chosen.labels[run]
    st.header(plain(label), anchor=False)
    st.caption(
        plural(
            "{blocks:,} blocks of {count:,} source; randomisation and sensitivity-max on {few} of them. ✓ passes, ✕ "
            "fails, ! is a warning, ? cannot be decided, – does not apply.",
            "{blocks:,} blocks of {count:,} sources; randomisation and sensitivity-max on {few} of them. ✓ passes, ✕ "
            "fails, ! is a warning, ? cannot be decided, – does not apply.",
            found[0].sources, blocks=found[0].blocks, few=found[0].few,
        )
    )  # fmt: skip
    columns = {"method": st.column_config.TextColumn(tell("Method"), pinned=True)} | {
        name: st.column_config.TextColumn(
            tell(kind.short), help=f"{tell(kind.title)}. {tell(kind.about)} {tell(kind.rule or '')}"
        )
        for name, kind in CHECKS.items()
    }
    st.dataframe(marks_table(found, words()), hide_index=True, column_config=columns)
    charts.downloads(trust_table(found), TABLE, f"trust-{run}")
    label_failures(chosen, [each.spec for each in found], run)
    faithful, random = tell("Faithfulness: {run}", run=label), tell("Model randomisation: {run}", run=label)
    with wide(f"curves-{run}"):
        charts.chart(faithfulness_figure(found, faithful, words()), f"trust-curves-{run}")
    charts.chart(similarity_figure(found, random, words()), f"trust-randomisation-{run}")


def _rules() -> None:
    with st.expander(tell("What is checked, and by which rules")):
        for kind in CHECKS.values():
            rule = f"**{tell(kind.rule)}**" if kind.rule else tell("No rule; to compare methods by.")
            unit = f" ({kind.unit})" if kind.unit else ""
            st.markdown(f"- **{tell(kind.title)}**{unit}: {tell(kind.about)} {rule} {kind.paper}.")
