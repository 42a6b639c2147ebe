"""AV1 Partition Lab: `streamlit run app.py`."""

import streamlit as st

st.set_page_config(page_title="AV1 Partition Lab", page_icon=":material/grid_view:", layout="wide")

st.navigation(
    [
        st.Page("pages/overview.py", title="Overview", icon=":material/home:", default=True),
        st.Page("pages/launch.py", title="Launch", icon=":material/rocket_launch:"),
        st.Page("pages/compare.py", title="Compare", icon=":material/show_chart:"),
        st.Page("pages/ablations.py", title="Ablations", icon=":material/table_chart:"),
        st.Page("pages/attribution.py", title="Attribution", icon=":material/blur_on:"),
    ]
).run()
