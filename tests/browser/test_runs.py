"""The Runs page in a real browser: choose a run by a click, rename it, delete it, take it back, edit a copy."""

import re

from playwright.sync_api import Page, expect

from av1core.runs.folder import RunFolder
from benchmarks.made_up import made_up_runs
from tests.browser.server import dashboard
from tests.browser.waiting import at_rest

expect.set_options(timeout=60_000)

ROW = 35
"""Height of a row of the table and of its header, in pixels."""


def click_row(page: Page, place: int, x: int) -> None:
    """Click the run at a place of the table, 0 for the first: on its tick box (x = 17) or on a cell."""
    page.get_by_test_id("stDataFrame").first.click(position={"x": x, "y": ROW * (place + 1) + ROW // 2})


def chosen(page: Page, heading: str) -> None:
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    at_rest(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_choose_rename_delete_undo_and_copy(page, tmp_path):
    runs_dir = tmp_path / "runs"
    runs = made_up_runs(runs_dir, 12, 3)[::-1]
    with dashboard(runs_dir, tmp_path / "server.log") as server:
        page.goto(f"{server.address}/runs")
        expect(page.get_by_text("12 of 12 runs")).to_be_visible()
        page.get_by_test_id("stDataFrame").locator("canvas").first.wait_for()
        click_row(page, 1, 300)
        expect(page).to_have_url(re.compile(f"run={runs[1]}$"))
        chosen(page, RunFolder(runs_dir / runs[1]).spec().name)

        name = "**Mine** <img src=x>"
        page.get_by_label("Name", exact=True).fill(name)
        page.get_by_role("button", name="Save").click()
        chosen(page, name)
        assert RunFolder(runs_dir / runs[1]).annotations().name == name

        page.get_by_role("button", name="Delete", exact=True).click()
        expect(page.get_by_text(f"Deleted {name}.")).to_be_visible()
        expect(page.get_by_text("11 of 11 runs")).to_be_visible()
        assert not (runs_dir / runs[1]).exists()
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_text("12 of 12 runs")).to_be_visible()
        chosen(page, name)

        click_row(page, 3, 17)
        chosen(page, "2 runs chosen")
        expect(page).to_have_url(f"{server.address}/runs")
        click_row(page, 3, 300)
        expect(page).to_have_url(re.compile(f"run={runs[3]}$"))
        link = page.url
        with page.context.browser.new_page() as other:
            other.goto(link)
            chosen(other, RunFolder(runs_dir / runs[3]).spec().name)

        page.get_by_role("button", name="Edit a copy").click()
        chosen(page, "Launch")
        expect(page).to_have_url(re.compile(f"launch.*copy={runs[3]}"))
        expect(page.get_by_label("Epochs", exact=True)).to_have_value("3")
        page.get_by_role("button", name="Choose an experiment instead").click()
        expect(page.get_by_role("combobox", name="Experiment")).to_be_visible()
        # Until the page has run to its end, the form before it is there too.
        expect(page.get_by_label("Epochs", exact=True).first).to_have_value("100")
        expect(page.get_by_label("Epochs", exact=True)).to_have_count(1)
    assert "Traceback" not in (tmp_path / "server.log").read_text()
