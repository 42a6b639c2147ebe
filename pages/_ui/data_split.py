"""The Sources and split view of the Data page."""

import pandas as pd
import streamlit as st

from av1core.dataset.counts import class_mix, node_counts
from av1core.dataset.folder import Dataset
from av1core.dataset.split import audit, describe_split
from av1core.dataset.summary import side_of
from av1core.figures.mix import class_mix_figure
from av1core.partition import STAGES
from pages._ui.text import plain


def sources_and_split(data: Dataset) -> None:
    """Which sources there are, which validate, and what stands on both sides."""
    st.subheader("Split")
    st.markdown(plain(describe_split(data.split)))
    if data.split.note and data.split.method != "none":
        st.caption(plain(data.split.note))
    if data.split.method != "none":
        _audit(data)
        counts = node_counts(data)
        for column, stage in zip(st.columns(2) * 2, STAGES, strict=True):
            figure = class_mix_figure(class_mix(counts, stage, "side"), stage, "side")
            column.plotly_chart(figure.update_layout(height=300).update_xaxes(title=None), key=f"split-{stage}")
    st.subheader("Sources")
    st.dataframe(
        pd.DataFrame(
            {
                "Source": [source.name for source in data.sources],
                "Side": [side_of(source.name, data.split) or "–" for source in data.sources],
                "Frames": [source.frames for source in data.sources],
                "Size": [f"{source.width}×{source.height}" for source in data.sources],
                "Scene": [source.group for source in data.sources],
                "Title": [source.title for source in data.sources],
                "Author": [source.author for source in data.sources],
                "Licence": [source.licence for source in data.sources],
                "From": [source.origin for source in data.sources],
            }
        ),
        hide_index=True,
    )


def _audit(data: Dataset) -> None:
    found = audit(data)
    if not found.sources and not found.frames:
        st.success("Audit: no source, scene or frame has blocks on both sides.", icon=":material/verified:")
        return
    named = f" ({plain(', '.join(found.sources[:8]))}{'…' if len(found.sources) > 8 else ''})" if found.sources else ""
    st.warning(
        f"Audit: {len(found.sources)} of {len(data.sources)} sources{named} and {found.frames:,} of "
        f"{found.all_frames:,} frames have blocks on both sides, so validation sees pictures that were trained on.",
        icon=":material/warning:",
    )
