"""The Averages view of the Attribution page: mean maps, and where in a block the evidence lies."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from av1core.analysis.maps import averages
from av1core.analysis.maps.averages import BY, Drawn
from av1core.analysis.maps.choice import TRUE
from av1core.analysis.maps.export import mean_maps_npz
from av1core.analysis.maps.methods import LOGITS, MapSpec
from av1core.analysis.maps.regions import CUT_AGAIN_SHARES, SHARES, cut_again_table, region_shares, shares_table
from av1core.analysis.maps.summaries import mean_difference, mean_maps
from av1core.figures.map_summaries import cut_again_figure, mean_panels, shares_figure
from av1core.figures.maps import panels_figure
from pages._ui import charts
from pages._ui.attribution_agreement import agreement
from pages._ui.attribution_choice import Chosen, evidence_for, one_way
from pages._ui.text import count

if TYPE_CHECKING:
    from av1core.analysis.maps.subject import Subject

COUNTS = (64, 128, 256, 512)

SIGNED, ABSOLUTE = "Signed", "Absolute"
BOTH, FOR = "For and against", "For alone"

Maps = Mapping[str, Any]
"""By run, the maps of the drawn blocks."""


def show(chosen: Chosen) -> None:
    """The whole view."""
    left, right = st.columns(2)
    with left:
        spec = one_way(chosen)
    with right:
        target = evidence_for(chosen.stage, TRUE, "average_target")
        group, blocks = st.columns(2)
        by = group.selectbox("Group by", list(BY), format_func=BY.get, key="group", bind="query-params")
        most = blocks.selectbox("Blocks, at most", COUNTS, 1, key="most", bind="query-params")
    drawn = averages.draw(chosen.data, chosen.stage, chosen.rows, by, most)
    st.caption(
        f"Showing {len(drawn.rows):,} of {count(drawn.of, 'block')}, drawn by a fixed seed and as evenly as there are "
        f"blocks from {', '.join(drawn.names)}."
    )
    of = averages.drawn_targets(drawn.rows, target, chosen.predictions[chosen.run])
    maps = {
        run: _maps(subject.weights, subject.dataset.fingerprint, spec, drawn.rows, of, subject)
        for run, subject in chosen.subjects.items()
    }
    _means(chosen, spec, target, drawn, maps)
    positive = _where(chosen, spec, drawn, maps)
    _cut_again(chosen, drawn, maps, positive)
    agreement(chosen, spec, by, target)


def _means(chosen: Chosen, spec: MapSpec, target: str, drawn: Drawn, maps: Maps) -> None:
    st.subheader("Mean maps", anchor=False)
    absolute = spec.about.signed and st.segmented_control(
        "Values", [SIGNED, ABSOLUTE], default=SIGNED, key="values", bind="query-params", required=True,
        help="Signed: what speaks for the class in one block and against it in another cancels out. Absolute: the mean "
        "of |map|.",
    ) == ABSOLUTE  # fmt: skip
    means = {run: mean_maps(found, drawn.group, drawn.names) for run, found in maps.items()}
    rows = [mean_panels(each, absolute, spec.about) for each in means.values()]
    titles = [chosen.labels[run] for run in means]
    if chosen.beside:
        apart = mean_difference(*means.values(), adds_up=spec.about.unit == LOGITS)
        rows.append(mean_panels(apart, absolute, spec.about, difference=True))
        titles.append("Difference: the second minus the first")
    charts.chart(panels_figure(rows, f"Mean maps: {spec.title}", titles), "mean-maps", f"mean-maps-{spec.method}")
    if len({found.shape for found in maps.values()}) > 1:
        st.caption("The difference is on the coarser grid of the two, logits summed and activations averaged.")
    st.download_button(
        "Save maps (NPZ)", partial(mean_maps_npz, means, spec, target, drawn, chosen.stage, chosen.data),
        f"mean-maps-{chosen.run}-{spec.method}.npz", "application/octet-stream", icon=":material/download:",
        on_click="ignore",
    )  # fmt: skip


def _where(chosen: Chosen, spec: MapSpec, drawn: Drawn, maps: Maps) -> bool:
    """Where the evidence lies; returns whether only what speaks for the class counts."""
    st.subheader("Where the evidence lies", anchor=False)
    positive = spec.about.signed and st.segmented_control(
        "Evidence", [BOTH, FOR], default=BOTH, key="evidence", bind="query-params", required=True,
        help="All of |map|, or only the part of the map that is above zero.",
    ) == FOR  # fmt: skip
    tables = {
        chosen.labels[run]: shares_table(region_shares(found, positive), drawn.group, drawn.names, drawn.source)
        for run, found in maps.items()
    }
    charts.chart(shares_figure(tables, f"Share of the evidence: {spec.title}"), "evidence-shares")
    with st.expander("The same as a table"):
        charts.table(averages.by_run(tables), _run(chosen) | SHARES, "evidence-shares")
    st.caption(
        "Of each block the share of its evidence that lies in a region, then the mean over blocks. Intervals are at "
        "95 % over other sources, since blocks of one picture are alike; none is known for a single source. The border "
        "is the outer ring, one pixel wide. A layer's coarse map is spread evenly over the pixels of each position, so "
        "it cannot tell the ring from what lies beside it. Blocks whose map has no evidence are left out and counted."
    )
    return positive


def _cut_again(chosen: Chosen, drawn: Drawn, maps: Maps, positive: bool) -> None:
    contrast = region_shares(_contrast(chosen.data.fingerprint, drawn.rows, chosen.subject))
    tables = {
        chosen.labels[run]: cut_again_table(region_shares(found, positive), contrast, drawn.partition, drawn.source)
        for run, found in maps.items()
    }
    if all(table.empty for table in tables.values()):
        return
    st.subheader("Does HORZ_A look at the top?", anchor=False)
    for place, (run, table) in enumerate(tables.items()):
        charts.chart(cut_again_figure(table, f"Evidence in the half that is cut again: {run}"), f"cut-again-{place}")
    charts.table(averages.by_run(tables), _run(chosen) | CUT_AGAIN_SHARES, "cut-again")
    st.caption(
        "HORZ_A cuts the top half again, HORZ_B the bottom, VERT_A the left, VERT_B the right. A share beyond 50 % can "
        "come from a model that looks there in every block, so the mirror image stands beside it: the type that cuts "
        "the other half again. And it can come from where a block's own contrast |luma − mean| lies, which is given "
        "too. Four intervals at 95 %: one in five times at least one misses. Group by partition type to draw more "
        "blocks of each."
    )


def _run(chosen: Chosen) -> dict[str, str]:
    """The column of a table that tells two runs apart."""
    return {"run": "Run"} if chosen.beside else {}


@st.cache_data(max_entries=64, show_spinner="Making the maps of the drawn blocks…")
def _maps(weights: str, fingerprint: str, spec: MapSpec, rows, of, _subject: "Subject"):
    return averages.drawn_maps(_subject, spec, rows, of)


@st.cache_data(max_entries=32, show_spinner=False)
def _contrast(fingerprint: str, rows, _subject: "Subject"):
    return averages.contrast(_subject, rows)
