"""AV1 Partition Lab: `streamlit run app.py`."""

import streamlit as st

from pages._ui.router import navigation

st.set_page_config(page_title="AV1 Partition Lab", page_icon=":material/grid_view:", layout="wide")
navigation().run()
