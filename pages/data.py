"""Data: what a dataset holds, frame by frame and in numbers, and a way to add another."""

import streamlit as st

from av1core import settings
from av1core.translation import message
from pages._ui.data_add import add_dataset
from pages._ui.data_frames import explore_frames
from pages._ui.data_mix import class_mixes
from pages._ui.data_split import sources_and_split
from pages._ui.links import named_choice
from pages._ui.state import dataset, shown_errors
from pages._ui.text import plain
from pages._ui.widgets import split_label
from pages._ui.words import plural, tell

VIEWS = {
    message("Frames"): explore_frames,
    message("Class mix"): class_mixes,
    message("Sources and split"): sources_and_split,
}
ADD = message("Add a dataset")

st.title(tell("Data"))
found = [str(path) for path in settings.find_datasets()]
if not found:
    roots = tell(" or ").join(f"`{root}`" for root in settings.dataset_roots())
    st.info(tell("There is no dataset in {roots} yet.", roots=roots), icon=":material/database:")
    add_dataset()
    st.stop()

view = named_choice(tell("View"), [*VIEWS, ADD], "view")
if view == ADD:
    add_dataset()
    st.stop()
path = st.selectbox(tell("Dataset"), found, key="dataset", bind="query-params")
with shown_errors():
    data = dataset(path)
facts = (
    plain(data.name),
    plural("{count:,} source", "{count:,} sources", len(data.sources)),
    plural("{count:,} tree node", "{count:,} tree nodes", len(data.blocks)),
    plain(f"{tell(data.encoder.name)} {data.encoder.version}"),
    tell("labels: {labels}", labels=plain(tell(data.description.labels))),
    split_label(data),
)
st.caption(" · ".join(facts))
with shown_errors():
    VIEWS[view](data)
