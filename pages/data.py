"""Data: what a dataset holds, frame by frame and in numbers, and a way to add another."""

import streamlit as st

from av1core import settings
from pages._ui.data_add import add_dataset
from pages._ui.data_frames import explore_frames
from pages._ui.data_mix import class_mixes
from pages._ui.data_split import sources_and_split
from pages._ui.state import dataset, shown_errors
from pages._ui.text import count, plain
from pages._ui.widgets import split_label

VIEWS = {
    "Frames": explore_frames,
    "Class mix": class_mixes,
    "Sources and split": sources_and_split,
}
ADD = "Add a dataset"

st.title("Data")
found = [str(path) for path in settings.find_datasets()]
if not found:
    roots = " or ".join(f"`{root}`" for root in settings.dataset_roots())
    st.info(f"There is no dataset in {roots} yet.", icon=":material/database:")
    add_dataset()
    st.stop()

view = st.segmented_control("View", [*VIEWS, ADD], default="Frames", key="view", bind="query-params", required=True)
if view == ADD:
    add_dataset()
    st.stop()
path = st.selectbox("Dataset", found, key="dataset", bind="query-params")
with shown_errors():
    data = dataset(path)
st.caption(
    f"{plain(data.name)} · {count(len(data.sources), 'source')} · {count(len(data.blocks), 'tree node')} · "
    f"{plain(data.encoder.name)} {plain(data.encoder.version)} · labels: {plain(data.description.labels)} · "
    f"{split_label(data)}"
)
with shown_errors():
    VIEWS[view](data)
