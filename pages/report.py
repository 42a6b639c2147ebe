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
from av1core.translation import LANGUAGES, message
from pages._ui.links import named_choice
from pages._ui.report_choice import chosen_experiments, chosen_study
from pages._ui.state import index, shown_errors
from pages._ui.widgets import no_runs_yet, references_choice
from pages._ui.words import tell, words

SUBJECTS = {message("A study"): chosen_study, message("Experiments"): chosen_experiments}

st.title(tell("Report"))
with shown_errors():
    current = index()
    finished = results(current).query("state == 'finished'")
if finished.empty:
    no_runs_yet(tell("There is no finished run to report on."))
    st.stop()

about = named_choice(tell("About"), list(SUBJECTS), "about")
with shown_errors():
    chosen = SUBJECTS[about](current, finished)
if chosen is None:
    st.stop()

left, middle, right = st.columns(3, vertical_alignment="bottom")
of_session = words().language
language = left.selectbox(
    tell("Language of the report"), list(LANGUAGES), index=list(LANGUAGES).index(of_session),
    format_func=LANGUAGES.get, key=f"report-language-{of_session}",
)  # fmt: skip
margin = middle.number_input(
    tell("Margin of equivalence (pp)"), 0.01, 100.0, MARGIN, 0.1, key="report-margin",
    help=tell("A variant is equivalent to the baseline where both of its intervals lie within this margin of 0."),
)  # fmt: skip
reported = right.toggle(tell("Reported results beside"), value=True, key="report-reported")
with right:
    trivial = references_choice(chosen.runs, chosen.stage, "report-references")


def document() -> Document:
    """The report as chosen. It is made when a button is pressed, in a thread that knows no page."""
    return report(chosen.gather(margin), language, datetime.now(), trivial, reported)


name = file_name(chosen.title, "report")
st.caption(chosen.said)
left, right, _ = st.columns([1, 1, 2])
left.download_button(
    tell("HTML file"), lambda: as_html(document()), f"{name}.html", "text/html", key="report-html", on_click="ignore",
    type="primary", icon=":material/download:", width="stretch",
    help=tell("One file with interactive figures. It opens in any browser and needs no network."),
)  # fmt: skip
right.download_button(
    tell("LaTeX folder"), lambda: latex_zip(document()), f"{name}.zip", "application/zip", key="report-latex",
    on_click="ignore", icon=":material/download:", width="stretch",
    help=tell(
        "A zip: main.tex, tables for booktabs, figures as PDF, the text with the methods. It takes some seconds, "
        "because a browser draws the figures; without one they are left out, and README.txt says so."
    ),
)  # fmt: skip
