"""The main path in a real browser: launch a run on the shipped data, see it finish, compare it, look into it."""

from playwright.sync_api import Page, expect

from av1core.runs.folder import RunFolder
from tests.browser.server import dashboard

expect.set_options(timeout=60_000)


def open_page(page: Page, title: str) -> None:
    page.get_by_role("link", name=title, exact=True).first.click()
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


def fill(page: Page, label: str, value: str) -> None:
    field = page.get_by_label(label, exact=True)
    field.fill(value)
    field.press("Enter")
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
    expect(field).to_have_value(value)


def test_launch_finish_compare_and_attribute(page, tmp_path):
    with dashboard(tmp_path / "runs", tmp_path / "server.log") as server:
        # The first visit follows a link to a page, which Streamlit's folder discovery must not answer.
        page.goto(f"{server.address}/launch")
        expect(page.get_by_role("heading", name="Launch", exact=True)).to_be_visible()
        expect(page.get_by_role("link", name="Attribution")).to_be_visible()

        fill(page, "Epochs", "2")
        fill(page, "Blocks per epoch", "256")
        page.get_by_role("button", name="Launch", exact=True).click()
        expect(page.get_by_text("▶ running")).to_be_visible()
        # The one of the queue can be there for a moment longer.
        expect(page.get_by_role("button", name="Cancel").first).to_be_visible()
        expect(page.get_by_text("✓ finished")).to_be_visible(timeout=240_000)
        (folder,) = (RunFolder(path) for path in (tmp_path / "runs").glob("[!.]*"))
        assert [record["epoch"] for record in folder.history()] == [1, 2]

        open_page(page, "Compare")
        expect(page.get_by_text("Showing 1 of 1 experiments of Stage 1 (1 of 1 runs).")).to_be_visible()
        expect(page.locator(".js-plotly-plot .scatterlayer path.point").first).to_be_visible()
        expect(page.locator(".js-plotly-plot .legendtext")).to_have_text(["Stage 1"])

        open_page(page, "Ablations")
        expect(page.get_by_text("This study has not been tried yet")).to_be_visible()
        expect(page.get_by_role("button", name="Launch 12 runs")).to_be_visible()

        open_page(page, "Attribution")
        expect(page.locator(".js-plotly-plot .heatmaplayer").first).to_be_visible()
        facts = page.get_by_test_id("stMarkdown").filter(has_text="The encoder chose")
        before = facts.inner_text()
        page.get_by_role("button", name="Next", exact=True).click()
        expect(facts).not_to_have_text(before)

        page.get_by_role("link", name="Overview").click()
        expect(page.get_by_text("Stage 1: best macro-F1")).to_be_visible()
        page.get_by_role("link", name="✓ finished").click()
        expect(page).to_have_url(f"{server.address}/runs?run={folder.path.name}")
        expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
    assert "Traceback" not in (tmp_path / "server.log").read_text()


def test_an_empty_store_says_what_to_do_on_every_page(page, tmp_path):
    with dashboard(tmp_path / "runs", tmp_path / "server.log") as server:
        page.goto(server.address)
        expect(page.get_by_role("button", name="Open the demo runs")).to_be_visible()
        for title in ("Compare", "Ablations", "Attribution"):
            open_page(page, title)
            expect(page.get_by_text("Start with Stage 1")).to_be_visible()
        page.get_by_role("link", name="Launch a run").click()
        expect(page.get_by_role("heading", name="Launch", exact=True)).to_be_visible()
        box = page.get_by_role("combobox", name="Experiment")
        box.fill("Exp 03")
        box.press("Enter")
        expect(page.get_by_text("there is none yet")).to_be_visible()
        page.get_by_role("button", name="Launch", exact=True).click()
        expect(page.get_by_text("Train Stage 1 first, then choose it.")).to_be_visible()
