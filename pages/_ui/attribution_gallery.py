"""The Gallery view of the Attribution page: the blocks that pass the filter, with their maps."""

from functools import partial

import streamlit as st

from av1core.analysis.maps.choice import TARGETS
from av1core.analysis.maps.export import gallery_npz
from av1core.analysis.maps.gallery import gallery
from av1core.analysis.maps.methods import MapSpec
from av1core.figures.tiles import WITHIN, scale_of, tiles
from pages._ui import charts
from pages._ui.attribution_choice import Chosen, evidence_for, one_way
from pages._ui.attribution_filter import PAGE, said
from pages._ui.attribution_place import open_block
from pages._ui.block_grid import block_grid
from pages._ui.text import plain

BLOCKS = 48
"""Of a page."""

SCALE = f"The colours of the page span {WITHIN:.0f} % of its values; those beyond have the colour of the end."


def show(chosen: Chosen) -> None:
    """The whole view."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        spec = one_way(chosen)
        target = evidence_for(chosen.stage)
        lines = st.toggle("True partition", value=True, key="gallery_lines", bind="query-params")
    total = len(chosen.rows)
    with st.container(horizontal=True, vertical_alignment="center"):
        page = st.pagination(-(-total // BLOCKS), key=PAGE, bind="query-params")
        first = (page - 1) * BLOCKS
        rows = chosen.rows[first : first + BLOCKS]
        where = f"Blocks {first + 1:,}–{first + len(rows):,} of {total:,}"
        st.markdown(where, width="content")
    with st.spinner("Making maps…"):
        shown = gallery([*chosen.subjects.values()], [*chosen.predictions.values()], rows, spec, target)
    runs = [chosen.labels[run] for run in chosen.subjects]
    scale = scale_of(shown.maps, spec.about.signed, spec.about.unit)
    title, name = _title(spec, target), f"gallery-{spec.method}-{page}"
    order = f"Beside each block its map by {', then by '.join(runs)}; below, what is predicted."
    st.markdown(f"**{title}**  \n{plain(order)} {SCALE if scale.beyond else ''}")
    block_grid(
        tiles(shown, chosen.data, runs, scale), scale, lines=lines, title=title, name=name,
        note=f"{where} {said(chosen.wanted, chosen.stage)}. {order}", form=charts.form(), key="block-grid",
        on_choose=lambda place: open_block(chosen.data, int(rows[place])),
    )  # fmt: skip
    st.download_button(
        "Save maps (NPZ)", partial(gallery_npz, shown, spec, chosen.data, [*chosen.subjects]), f"{name}.npz",
        "application/octet-stream", icon=":material/download:", on_click="ignore",
        help="The pixels of the page's blocks, their maps, what the runs predict, and how it was made.",
    )  # fmt: skip


def _title(spec: MapSpec, target: str) -> str:
    """Such as "Integrated Gradients: logit of the predicted class, baseline mean"."""
    about = [f"{spec.output.replace('_', '-')} of {TARGETS.get(target, target)}"] if spec.about.targeted else []
    about += [f"baseline {spec.baseline}"] if spec.about.baseline else []
    return spec.title + (": " if about else "") + ", ".join(about)
