"""The script of every visit: page configuration and the list of pages."""

from pathlib import Path

import streamlit as st

from pages._ui.access import login_button
from pages._ui.demo import demo_badge
from pages._ui.style import readable
from pages._ui.terms import glossary
from pages._ui.words import language_choice, tell

# A drawing of our own: Streamlit fetches its icons and emoji for the browser's tab from the network.
ICON = Path(__file__).parent / "_ui" / "icon.svg"

st.set_page_config(page_title="AV1 Partition Lab", page_icon=str(ICON), layout="wide")
readable()

with st.sidebar:
    language_choice()

page = st.navigation(
    [
        st.Page("overview.py", title=tell("Overview"), icon=":material/home:", default=True),
        st.Page("data.py", title=tell("Data"), icon=":material/image_search:"),
        st.Page("launch.py", title=tell("Launch"), icon=":material/rocket_launch:"),
        st.Page("runs.py", title=tell("Runs"), icon=":material/list:"),
        st.Page("compare.py", title=tell("Compare"), icon=":material/show_chart:"),
        st.Page("ablations.py", title=tell("Ablations"), icon=":material/table_chart:"),
        st.Page("hypotheses.py", title=tell("Hypotheses"), icon=":material/science:"),
        st.Page("report.py", title=tell("Report"), icon=":material/description:"),
        st.Page("hierarchy.py", title=tell("Hierarchy"), icon=":material/account_tree:"),
        st.Page("attribution.py", title=tell("Attribution"), icon=":material/blur_on:"),
    ]
)
with st.sidebar:
    glossary()
    demo_badge()
    login_button()
page.run()
