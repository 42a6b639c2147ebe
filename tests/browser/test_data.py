"""The Data page in a real browser: a click on a node, a link that restores it, and a dataset from uploads."""

import os
import re

from PIL import Image
from playwright.sync_api import Page, expect

from av1core.dataset.folder import Dataset
from tests.browser.server import dashboard
from tests.media.conftest import textured

expect.set_options(timeout=60_000)


def click_picture(page: Page, x: float, y: float) -> None:
    """Click at a place of the canvas, as shares of its width and height."""
    box = page.locator("canvas").bounding_box()
    page.locator("canvas").click(position={"x": box["width"] * x, "y": box["height"] * y})


def painted(page: Page) -> str:
    return page.locator("canvas").evaluate("canvas => canvas.toDataURL()")


def node_text(page: Page):
    return page.get_by_test_id("stMarkdown").filter(has_text=re.compile(r"\d+×\d+ node, [A-Z_0-9]+"))


def test_click_a_node_and_see_its_panel(page, tmp_path):
    with dashboard(tmp_path / "runs", tmp_path / "server.log") as server:
        page.goto(f"{server.address}/data?source=brick&qindex=128")
        expect(page.get_by_text("Click a node to see its pixels")).to_be_visible()
        click_picture(page, 0.4, 0.4)
        expect(node_text(page)).to_be_visible()
        row, col, size = map(int, re.search(r"node=(\d+)-(\d+)-(\d+)", page.url).groups())
        luma = Dataset.open("data/photos").luma(1)
        assert row <= 0.4 * luma.shape[0] <= row + size and col <= 0.4 * luma.shape[1] <= col + size
        expect(node_text(page)).to_contain_text(f"{size}×{size} node")
        expect(page.locator(".js-plotly-plot .heatmaplayer").first).to_be_visible()
        expect(page.get_by_text("Neighbours")).to_be_visible()
        assert "At other qindexes" in page.get_by_test_id("stMain").inner_text()

        # A second click takes the node around it; the link and the panel follow.
        click_picture(page, 0.4, 0.4)
        expect(page).to_have_url(re.compile(rf"node=\d+-\d+-{2 * size}"))
        expect(node_text(page)).to_contain_text(f"{2 * size}×{2 * size} node")
        before = page.url
        page.get_by_role("button", name="Next", exact=True).click()
        expect(page).not_to_have_url(before)
        row, col, _ = re.search(r"node=(\d+)-(\d+)-(\d+)", page.url).groups()
        expect(node_text(page)).to_contain_text(f"row {row}, col {col}")

        shown = node_text(page).inner_text()
        with page.context.browser.new_page() as other:
            other.goto(page.url)
            expect(node_text(other)).to_have_text(shown, use_inner_text=True)
            expect(other.get_by_role("combobox", name="Source")).to_have_value("brick")
    assert "Traceback" not in (tmp_path / "server.log").read_text()


def test_layers_and_zoom_change_the_picture_at_once(page, tmp_path):
    with dashboard(tmp_path / "runs", tmp_path / "server.log") as server:
        page.goto(f"{server.address}/data?source=brick&qindex=128")
        expect(page.get_by_label("Fill")).to_be_visible()
        seen = [painted(page)]
        viewer = page.get_by_test_id("stBidiComponentIsolated")
        for change in (
            lambda: viewer.get_by_label("Fill").check(),
            lambda: viewer.get_by_label("Lines").uncheck(),
            lambda: viewer.get_by_label(re.compile("^NONE")).uncheck(),
            lambda: viewer.get_by_label("Picture").uncheck(),
            lambda: viewer.get_by_role("button", name="Zoom in").click(),
        ):
            change()
            seen.append(painted(page))
        assert len(set(seen)) == len(seen)
        viewer.get_by_role("button", name="Fit").click()
        viewer.get_by_label("Picture").check()
        assert "node=" not in page.url


def test_uploaded_pictures_become_a_dataset(page, tmp_path):
    for index in range(2):
        picture = (textured(64, 96, seed=index) >> 2).astype("uint8")
        Image.fromarray(picture).save(tmp_path / f"photo {index}.png")
    roots = os.pathsep.join(("data", str(tmp_path / "datasets")))
    with dashboard(tmp_path / "runs", tmp_path / "server.log", roots) as server:
        page.goto(f"{server.address}/data")
        page.get_by_text("Add a dataset", exact=True).click()
        expect(page.get_by_text("New dataset")).to_be_visible()
        page.locator("input[type=file]").set_input_files([tmp_path / "photo 0.png", tmp_path / "photo 1.png"])
        expect(page.get_by_text("photo 1.png")).to_be_visible()
        page.get_by_label("Name", exact=True).fill("mine")
        page.get_by_label("Name", exact=True).press("Enter")
        page.get_by_role("button", name="Build").click()
        expect(page.get_by_text("mine is finished")).to_be_visible()
        assert {source.origin for source in Dataset.open(tmp_path / "datasets" / "mine").sources} == {
            "photo_0.png",
            "photo_1.png",
        }
    assert "Traceback" not in (tmp_path / "server.log").read_text()
