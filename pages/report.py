"""Report: a study or chosen experiments as one HTML file, or as a LaTeX folder for the thesis."""

from datetime import datetime

import streamlit as st

from av1core.analysis.results import results
from av1core.analysis.statistics import MARGIN
from av1core.report.contents import report
from av1core.report.document import Document
from av1core.report.html import as_html
from av1core.report.latex import latex_zip
from av1core.storage import file_name
from av1core.translation import LANGUAGES
from pages._ui.report_choice import chosen_experiments, chosen_study
from pages._ui.state import index, shown_errors
from pages._ui.widgets import no_runs_yet, references_choice

st.title("Report")
with shown_errors():
    current = index()
    finished = results(current).query("state == 'finished'")
if finished.empty:
    no_runs_yet("There is no finished run to report on.")
    st.stop()

about = st.segmented_control("About", ["A study", "Experiments"], default="A study", key="report-about", required=True)
with shown_errors():
    chosen = (chosen_study if about == "A study" else chosen_experiments)(current, finished)
if chosen is None:
    st.stop()

left, middle, right = st.columns(3, vertical_alignment="bottom")
language = left.selectbox("Language", list(LANGUAGES), format_func=LANGUAGES.get, key="report-language")
margin = middle.number_input(
    "Margin of equivalence (pp)", 0.01, 100.0, MARGIN, 0.1, key="report-margin",
    help="A variant is equivalent to the baseline where both of its intervals lie within this margin of 0.",
)  # fmt: skip
reported = right.toggle("Reported results beside", value=True, key="report-reported")
with right:
    trivial = references_choice(chosen.runs, chosen.stage, "report-references")


def document() -> Document:
    """The report as chosen. It is made when a button is pressed, in a thread that knows no page."""
    return report(chosen.gather(margin), language, datetime.now(), trivial, reported)


name = file_name(chosen.title, "report")
st.caption(chosen.said)
left, right, _ = st.columns([1, 1, 2])
left.download_button(
    "HTML file", lambda: as_html(document()), f"{name}.html", "text/html", key="report-html", on_click="ignore",
    type="primary", icon=":material/download:", width="stretch",
    help="One file with interactive figures. It opens in any browser and needs no network.",
)  # fmt: skip
right.download_button(
    "LaTeX folder", lambda: latex_zip(document()), f"{name}.zip", "application/zip", key="report-latex",
    on_click="ignore", icon=":material/download:", width="stretch",
    help="A zip: main.tex, tables for booktabs, figures as PDF, the text with the methods. It takes some seconds, "
    "because a browser draws the figures; without one they are left out, and README.txt says so.",
)  # fmt: skip
