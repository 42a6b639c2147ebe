"""The Report page in a real browser: one click gives the HTML file, another the LaTeX folder."""

import zipfile

from playwright.sync_api import expect

from tests.browser.server import dashboard
from tests.browser.waiting import at_rest
from tests.report.studies import batchnorm_study


def test_one_click_each_makes_the_files_of_a_study(page, trained, tmp_path):
    runs_dir = tmp_path / "runs"
    batchnorm_study(trained, runs_dir, seeds=2)
    with dashboard(runs_dir, tmp_path / "server.log") as server:
        page.goto(f"{server.address}/report?study=batchnorm")
        expect(page.get_by_text("2 of 2 variants with 4 runs")).to_be_visible()
        page.get_by_label("Language of the report").click()
        page.get_by_role("option", name="Português (Brasil)").click()
        page.wait_for_timeout(500)  # the page begins to run a moment after the click
        at_rest(page)
        files = []
        for label in ("HTML file", "LaTeX folder"):
            with page.expect_download() as download:
                page.get_by_role("button", name=label).click()
            files.append(tmp_path / download.value.suggested_filename)
            download.value.save_as(files[-1])
    html, folder = files
    assert 'lang="pt-BR"' in html.read_text() and "Resultados" in html.read_text()
    with zipfile.ZipFile(folder) as archive:
        assert {"main.tex", "text/methods.tex", "tables/results.tex", "figures/forest.pdf"} <= set(archive.namelist())
        assert "Tabela" in archive.read("main.tex").decode()
