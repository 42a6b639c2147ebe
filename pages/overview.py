"""Overview: where the project stands, what runs, what finished last, and what to look at next, on one screen."""

import streamlit as st

from av1core.runs.records import LIVE
from pages._ui.demo import demo_line, open_demo_button
from pages._ui.happening import happening
from pages._ui.next import what_next
from pages._ui.place import datasets, hardware
from pages._ui.standing import standing
from pages._ui.state import index, shown_errors
from pages._ui.tour import tour
from pages._ui.words import tell

st.title("AV1 Partition Lab", anchor=False)
st.caption(tell("Train Conv-Adapters that predict AV1 block partitions, and see which change really helps."))

with shown_errors():
    current = index()
    runs = current.runs()

if runs.empty:
    tour()
    open_demo_button()
else:
    standing(current)
    left, right = st.columns(2, gap="medium")
    with left:
        what_next(current)
    with right:
        st.fragment(happening, run_every=2.0 if runs["state"].isin(LIVE).any() else 10.0)()
    demo_line(runs)

left, right = st.columns(2, gap="medium")
with left:
    datasets()
with right:
    hardware()
if not runs.empty:
    with st.expander(tell("Five-minute tour"), icon=":material/tour:"):
        tour()
