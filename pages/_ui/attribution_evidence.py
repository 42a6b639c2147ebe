"""Where in a block the evidence lies, for the Averages view of the Attribution page."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from av1core.analysis.maps.averages import Drawn, by_run, contrast
from av1core.analysis.maps.methods import MapSpec
from av1core.analysis.maps.regions import CUT_AGAIN_SHARES, SHARES, cut_again_table, region_shares, shares_table
from av1core.figures.map_summaries import cut_again_figure, shares_figure
from av1core.translation import message
from pages._ui import charts
from pages._ui.attribution_choice import Chosen
from pages._ui.links import named_choice
from pages._ui.wide import wide
from pages._ui.words import tell, words

if TYPE_CHECKING:
    from av1core.analysis.maps.subject import Subject

BOTH, FOR = message("For and against"), message("For alone")

Maps = Mapping[str, Any]


def evidence(chosen: Chosen, spec: MapSpec, drawn: Drawn, maps: Maps) -> None:
    """Shares by region and group, and of AB types. maps: by run."""
    positive = _where(chosen, spec, drawn, maps)
    _cut_again(chosen, drawn, maps, positive)


def _where(chosen: Chosen, spec: MapSpec, drawn: Drawn, maps: Maps) -> bool:
    """Returns whether only what speaks for the class counts."""
    st.header(tell("Where the evidence lies"), anchor=False)
    positive = spec.about.signed and named_choice(
        tell("Evidence"), [BOTH, FOR], "evidence",
        help=tell("All of |map|, or only the part of the map that is above zero."),
    ) == FOR  # fmt: skip
    tables = {
        chosen.labels[run]: shares_table(region_shares(found, positive), drawn.group, drawn.names, drawn.source)
        for run, found in maps.items()
    }
    title = tell("Share of the evidence: {method}", method=spec.title)
    with wide("shares"):
        charts.chart(shares_figure(tables, title, words()), "evidence-shares")
    with st.expander(tell("The same as a table")):
        charts.table(by_run(tables), _run(chosen) | SHARES, "evidence-shares")
    st.caption(tell(
        "Of each block the share of its evidence that lies in a region, then the mean over blocks. Intervals are at "
        "95 % over other sources, since blocks of one picture are alike; none is known for a single source. The border "
        "is the outer ring, one pixel wide. A layer's coarse map is spread evenly over the pixels of each position, so "
        "it cannot tell the ring from what lies beside it. Blocks whose map has no evidence are left out and counted."
    ))  # fmt: skip
    return positive


def _cut_again(chosen: Chosen, drawn: Drawn, maps: Maps, positive: bool) -> None:
    own = region_shares(_contrast(chosen.data.fingerprint, drawn.rows, chosen.subject))
    tables = {
        chosen.labels[run]: cut_again_table(region_shares(found, positive), own, drawn.partition, drawn.source)
        for run, found in maps.items()
    }
    if all(table.empty for table in tables.values()):
        return
    st.header(tell("Does HORZ_A look at the top?"), anchor=False)
    for place, (run, table) in enumerate(tables.items()):
        title = tell("Evidence in the half that is cut again: {run}", run=run)
        with wide(f"cut-again-{place}"):
            charts.chart(cut_again_figure(table, title, words()), f"cut-again-{place}")
    charts.table(by_run(tables), _run(chosen) | CUT_AGAIN_SHARES, "cut-again")
    st.caption(tell(
        "HORZ_A cuts the top half again, HORZ_B the bottom, VERT_A the left, VERT_B the right. A share beyond 50 % can "
        "come from a model that looks there in every block, so the mirror image stands beside it: the type that cuts "
        "the other half again. And it can come from where a block's own contrast |luma − mean| lies, which is given "
        "too. Four intervals at 95 %: one in five times at least one misses. Group by partition type to draw more "
        "blocks of each."
    ))  # fmt: skip


def _run(chosen: Chosen) -> dict[str, str]:
    """The column of a table that tells two runs apart."""
    return {"run": message("Run")} if chosen.beside else {}


@st.cache_data(max_entries=32, show_spinner=False)
def _contrast(fingerprint: str, rows, _subject: "Subject"):
    return contrast(_subject, rows)
