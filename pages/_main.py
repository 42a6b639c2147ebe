"""The script of every visit: page configuration and the list of pages."""

import streamlit as st

st.set_page_config(page_title="AV1 Partition Lab", page_icon=":material/grid_view:", layout="wide")

st.navigation(
    [
        st.Page("overview.py", title="Overview", icon=":material/home:", default=True),
        st.Page("launch.py", title="Launch", icon=":material/rocket_launch:"),
        st.Page("compare.py", title="Compare", icon=":material/show_chart:"),
        st.Page("ablations.py", title="Ablations", icon=":material/table_chart:"),
        st.Page("attribution.py", title="Attribution", icon=":material/blur_on:"),
    ]
).run()
