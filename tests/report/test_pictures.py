import re

import pytest

from av1core.errors import PictureError
from av1core.report.pictures import WIDTH, as_pdf, printable
from av1core.translation import Words
from tests.report.documents import picture


def test_figures_are_pages_of_their_size_with_their_fonts_in_them(drawn):
    assert len(drawn) == 2 and all(pdf.startswith(b"%PDF") and b"/FontFile" in pdf for pdf in drawn)
    (box,) = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", drawn[0])
    points = [0.75 * WIDTH, 0.75 * picture().figure.layout.height]
    assert [float(side) for side in box] == pytest.approx(points, abs=1)


def test_nothing_is_drawn_of_no_figure_and_no_browser_is_an_error_that_says_what_to_install(monkeypatch, tmp_path):
    assert as_pdf([], Words()) == []
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "none"))
    with pytest.raises(PictureError, match="chromium"):
        as_pdf([picture().figure], Words())


def test_paper_is_white_and_without_the_title_that_the_caption_has():
    figure = picture().figure
    paper = printable(figure, Words("pt_BR"))
    assert paper.layout.title.text is None and figure.layout.title.text
    assert paper.layout.paper_bgcolor == "white" and paper.layout.height == figure.layout.height
    assert paper.layout.separators == ",."
    assert paper.layout.margin.t < figure.layout.margin.t
