import re

import plotly.graph_objects as go
import pytest

from av1core.errors import PictureError
from av1core.report.pictures import WIDTH, as_pdf, in_language, printable
from av1core.translation import Words
from tests.report.documents import picture


def test_figures_are_pages_of_their_size_with_their_fonts_in_them(drawn):
    assert len(drawn) == 2 and all(pdf.startswith(b"%PDF") and b"/FontFile" in pdf for pdf in drawn)
    (box,) = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", drawn[0])
    points = [0.75 * WIDTH, 0.75 * picture().figure.layout.height]
    assert [float(side) for side in box] == pytest.approx(points, abs=1)


def test_nothing_is_drawn_of_no_figure_and_no_browser_is_an_error_that_says_what_to_install(monkeypatch, tmp_path):
    assert as_pdf([]) == []
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "none"))
    with pytest.raises(PictureError, match="chromium"):
        as_pdf([picture().figure])


def test_paper_is_white_and_without_the_title_that_the_caption_has():
    figure = picture().figure
    paper = printable(figure)
    assert paper.layout.title.text is None and figure.layout.title.text
    assert paper.layout.paper_bgcolor == "white" and paper.layout.height == figure.layout.height
    assert paper.layout.margin.t < figure.layout.margin.t


def test_titles_and_signs_are_in_the_language_and_names_as_they_are():
    figure = go.Figure().add_scatter(x=[1], y=[0.5], name="{x}").update_xaxes(title="Run")
    copy = in_language(figure, Words("pt_BR"))
    assert copy.layout.separators == ",." and copy.layout.xaxis.title.text == "Execução"
    assert copy.data[0].name == "{x}" and figure.layout.xaxis.title.text == "Run"
