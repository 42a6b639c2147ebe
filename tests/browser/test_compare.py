"""The Compare page in a real browser: choose, look at it in other ways, share the link, save a figure and a table."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.analysis.predicted import predicted_run, several_pictures
from tests.browser.server import dashboard
from tests.browser.waiting import at_rest

expect.set_options(timeout=60_000)

BATCHES = {"Baseline": 128, "Half": 64, "Quarter": 32}


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> tuple[Path, str]:
    """A runs folder of three experiments of three seeds with predictions on several pictures, and its datasets."""
    folder = tmp_path_factory.mktemp("compare")
    dataset = several_pictures(folder / "datasets" / "pictures")
    for number, (name, batch_size) in enumerate(BATCHES.items()):
        for seed in range(3):
            predicted_run(
                folder / "runs", dataset, 0.5 + 0.1 * number, draw=3 * number + seed, name=name, seed=seed,
                batch_size=batch_size,
            )  # fmt: skip
    return folder / "runs", str(folder / "datasets")


def drawn(page: Page) -> None:
    """Wait until the page has run to its end and its figures are drawn."""
    at_rest(page)
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


def first_chart(page: Page) -> Locator:
    """The first chart of the page, drawn or not yet: charts are not drawn in their order."""
    return page.get_by_test_id("stPlotlyChart").first


def expect_legend(page: Page, *names: str) -> None:
    expect(first_chart(page).locator(".legendtext")).to_have_text(names)


def test_choose_look_and_share_the_link(page, lab, tmp_path):
    runs_dir, datasets = lab
    with dashboard(runs_dir, tmp_path / "server.log", datasets) as server:
        page.goto(f"{server.address}/compare")
        expect(page.get_by_text("Showing 3 of 3 experiments of Stage 2 (9 of 9 runs).")).to_be_visible()
        drawn(page)
        expect_legend(page, "Quarter", "Half", "Baseline")

        page.get_by_label("Remove Half").first.click()
        expect(page.get_by_text("Showing 2 of 3 experiments")).to_be_visible()
        drawn(page)
        expect_legend(page, "others", "Quarter", "Baseline")
        page.get_by_role("radio", name="Blocks seen").click()
        expect(first_chart(page).get_by_text("Training blocks seen")).to_be_visible()
        page.get_by_role("radio", name="Single runs").click()
        expect(page.get_by_text("Showing 6 of 9 runs of Stage 2")).to_be_visible()
        page.get_by_role("radio", name="Experiments").click()
        expect(page.get_by_text("Showing 2 of 3 experiments")).to_be_visible()
        page.get_by_role("radio", name="Confusion").click()
        expect(page.locator(".js-plotly-plot .heatmaplayer image").first).to_be_visible()
        page.get_by_role("spinbutton", name="Margin (pp)").fill("2")
        page.get_by_role("spinbutton", name="Margin (pp)").press("Enter")
        expect(page.get_by_text("shaded: ±2 pp")).to_be_visible()
        drawn(page)
        expect(page).to_have_url(re.compile("chart=Confusion.*margin=2|margin=2.*chart=Confusion"))

        with page.context.browser.new_page() as other:
            other.goto(page.url)
            expect(other.get_by_text("Showing 2 of 3 experiments")).to_be_visible()
            expect(other.locator(".js-plotly-plot .heatmaplayer image").first).to_be_visible()
            expect(other.get_by_text("shaded: ±2 pp")).to_be_visible()
            drawn(other)
            expect(other).to_have_url(page.url)
    assert "Traceback" not in (tmp_path / "server.log").read_text()


def test_save_a_figure_and_a_table(page, lab, tmp_path):
    runs_dir, datasets = lab
    with dashboard(runs_dir, tmp_path / "server.log", datasets) as server:
        page.goto(f"{server.address}/compare")
        drawn(page)
        page.get_by_role("radio", name="SVG").click()
        drawn(page)
        first = first_chart(page)
        first.hover()
        with page.expect_download() as picture:
            first.locator(".modebar-btn[data-title*='ownload']").first.click()
        assert picture.value.suggested_filename == "f1-stage2.svg"
        assert "Validation macro-F1" in Path(picture.value.path()).read_text()

        for title, suffix, text in (("CSV", "csv", "verdict"), ("LaTeX", "tex", r"\toprule")):
            page.get_by_role("button", name="Save table").first.click()
            with page.expect_download() as table:
                page.get_by_role("button", name=title, exact=True).click()
            assert table.value.suggested_filename == f"verdicts-stage2.{suffix}"
            saved = Path(table.value.path()).read_text()
            assert text in saved and "Half" in saved
            page.keyboard.press("Escape")
    assert "Traceback" not in (tmp_path / "server.log").read_text()
