"""The Gallery view of the Attribution page: the blocks that pass the filter, with their maps."""

from functools import partial

import streamlit as st

from av1core.analysis.maps.choice import TARGETS
from av1core.analysis.maps.export import gallery_npz
from av1core.analysis.maps.gallery import gallery
from av1core.analysis.maps.methods import BASELINES, OUTPUTS, MapSpec
from av1core.figures.tiles import WITHIN, scale_of, tiles
from pages._ui import charts
from pages._ui.attribution_choice import Chosen
from pages._ui.attribution_filter import PAGE, said
from pages._ui.attribution_method import evidence_for, one_way
from pages._ui.attribution_place import open_block
from pages._ui.block_grid import block_grid
from pages._ui.text import plain
from pages._ui.words import tell, words

BLOCKS = 48
"""Of a page."""


def show(chosen: Chosen) -> None:
    """The whole view."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        spec = one_way(chosen, width=240)
        target = evidence_for(chosen.stage, width=200)
        lines = st.toggle(tell("True partition"), value=True, key="gallery_lines", bind="query-params")
    total = len(chosen.rows)
    with st.container(horizontal=True, vertical_alignment="center"):
        page = st.pagination(-(-total // BLOCKS), key=PAGE, bind="query-params")
        first = (page - 1) * BLOCKS
        rows = chosen.rows[first : first + BLOCKS]
        where = tell("Blocks {first:,}–{last:,} of {all:,}", first=first + 1, last=first + len(rows), all=total)
        st.markdown(where, width="content")
    with st.spinner(tell("Making maps…")):
        shown = gallery([*chosen.subjects.values()], [*chosen.predictions.values()], rows, spec, target)
    runs = [chosen.labels[run] for run in chosen.subjects]
    scale = scale_of(shown.maps, spec.about.signed, spec.about.unit)
    title, name = _title(spec, target), f"gallery-{spec.method}-{page}"
    order = tell("Beside each block its map by {runs}; below, what is predicted.", runs=words().listed(runs))
    span = tell(
        "The colours of the page span {share:.0f} % of its values; those beyond have the colour of the end.",
        share=WITHIN,
    )
    st.markdown(f"**{title}**  \n{plain(order)} {span if scale.beyond else ''}")
    block_grid(
        tiles(shown, chosen.data, runs, scale, words()), scale, lines=lines, title=title, name=name,
        note=f"{where} {said(chosen.wanted, chosen.stage)}. {order}", form=charts.form(), key="block-grid",
        on_choose=lambda place: open_block(chosen.data, int(rows[place])),
    )  # fmt: skip
    st.download_button(
        tell("Save maps (NPZ)"), partial(gallery_npz, shown, spec, chosen.data, [*chosen.subjects]), f"{name}.npz",
        "application/octet-stream", icon=":material/download:", on_click="ignore",
        help=tell("The pixels of the page's blocks, their maps, what the runs predict, and how it was made."),
    )  # fmt: skip


def _title(spec: MapSpec, target: str) -> str:
    """Such as "Integrated Gradients: logit of the predicted class, baseline mean"."""
    about = []
    if spec.about.targeted:
        about.append(tell("{output} of {target}", output=OUTPUTS[spec.output], target=TARGETS.get(target, target)))
    if spec.about.baseline:
        about.append(tell("baseline {name}", name=BASELINES[spec.baseline]))
    return tell(spec.title) + (": " if about else "") + ", ".join(about)
