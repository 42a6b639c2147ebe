"""The Sources and split view of the Data page."""

import pandas as pd
import streamlit as st

from av1core.dataset.counts import class_mix, node_counts
from av1core.dataset.folder import Dataset
from av1core.dataset.split import SIDE_TITLES, audit, describe_split
from av1core.dataset.summary import side_of
from av1core.figures.mix import class_mix_figure
from av1core.partition import STAGES
from pages._ui.charts import chart
from pages._ui.text import plain
from pages._ui.words import tell, words

NAMED = 8
"""So many sources on both sides are named."""


def sources_and_split(data: Dataset) -> None:
    """Which sources there are, which validate, and what stands on both sides."""
    st.header(tell("Split"))
    st.markdown(plain(tell(describe_split(data.split))))
    if data.split.note and data.split.method != "none":
        st.caption(plain(tell(data.split.note)))
    if data.split.method != "none":
        _audit(data)
        counts = node_counts(data)
        for column, stage in zip([*st.columns(2), *st.columns(2)], STAGES, strict=True):
            figure = class_mix_figure(class_mix(counts, stage, "side"), stage, "side", words())
            with column:
                chart(figure.update_layout(height=300).update_xaxes(title=None), f"split-{stage}")
    st.header(tell("Sources"))
    sides = [tell(SIDE_TITLES[side_of(source.name, data.split)]) for source in data.sources]
    st.dataframe(
        pd.DataFrame(
            {
                tell("Source"): [source.name for source in data.sources],
                tell("Side"): sides,
                tell("Frames"): [source.frames for source in data.sources],
                tell("Size"): [f"{source.width}×{source.height}" for source in data.sources],
                tell("Scene"): [source.group for source in data.sources],
                tell("Title"): [source.title for source in data.sources],
                tell("Author"): [source.author for source in data.sources],
                tell("Licence"): [source.licence for source in data.sources],
                tell("From"): [source.origin for source in data.sources],
            }
        ),
        hide_index=True,
    )


def _audit(data: Dataset) -> None:
    found = audit(data)
    if not found.sources and not found.frames:
        st.success(tell("Audit: no source, scene or frame has blocks on both sides."), icon=":material/verified:")
        return
    named = ", ".join(found.sources[:NAMED]) + ("…" if len(found.sources) > NAMED else "")
    shared = tell(
        "Audit: {sources:,} of {all_sources:,} sources{named} and {frames:,} of {all_frames:,} frames have blocks on "
        "both sides, so validation sees pictures that were trained on.",
        sources=len(found.sources), all_sources=len(data.sources), named=f" ({plain(named)})" if named else "",
        frames=found.frames, all_frames=found.all_frames,
    )  # fmt: skip
    st.warning(shared, icon=":material/warning:")
