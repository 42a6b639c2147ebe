"""The Data page in a real browser: a click on a node, a link that restores it, and a dataset from uploads."""

import os
import re

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect

from av1core.dataset.explore import find_node, frame_nodes, neighbours
from av1core.dataset.folder import Dataset
from av1core.partition import Partition
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
        expect(page.get_by_text("Choose a node to see its pixels")).to_be_visible()
        click_picture(page, 0.4, 0.4)
        expect(node_text(page)).to_be_visible()
        expect(page).to_have_url(re.compile("node="))
        row, col, size = map(int, re.search(r"node=(\d+)-(\d+)-(\d+)", page.url).groups())
        luma = Dataset.open("data/photos").luma(1)
        assert row <= 0.4 * luma.shape[0] <= row + size and col <= 0.4 * luma.shape[1] <= col + size
        expect(node_text(page)).to_contain_text(f"{size}×{size} node")
        expect(page.locator(".js-plotly-plot .heatmaplayer").first).to_be_visible()
        expect(page.get_by_text("Neighbours")).to_be_visible()
        expect(page.get_by_test_id("stMain")).to_contain_text("At other qindexes")

        # A second click takes the node around it; the link and the panel follow.
        click_picture(page, 0.4, 0.4)
        expect(page).to_have_url(re.compile(rf"node=\d+-\d+-{2 * size}"))
        expect(node_text(page)).to_contain_text(f"{2 * size}×{2 * size} node")
        before = page.url
        page.get_by_role("button", name="Next", exact=True).click()
        expect(page).not_to_have_url(before)
        row, col, _ = re.search(r"node=(\d+)-(\d+)-(\d+)", page.url).groups()
        expect(node_text(page)).to_contain_text(f"row {row}, column {col}")

        shown = node_text(page).inner_text()
        with page.context.browser.new_page() as other:
            other.goto(page.url)
            expect(node_text(other)).to_have_text(shown, use_inner_text=True)
            expect(other.get_by_role("combobox", name="Source")).to_have_value("brick")
    assert "Traceback" not in (tmp_path / "server.log").read_text()


def test_walk_the_tree_by_keyboard_on_a_narrow_page(page, tmp_path):
    page.set_viewport_size({"width": 400, "height": 860})
    nodes = frame_nodes(Dataset.open("data/photos"), 1, 0, 128)
    inner = np.flatnonzero(nodes.ends() & (nodes.size == 16) & (nodes.row > 100) & (nodes.col > 100))[0]
    start = "-".join(str(getattr(nodes, name)[inner]) for name in ("row", "col", "size"))

    def chosen() -> tuple[int, int, int]:
        row, col, size = map(int, re.search(r"node=(\d+)-(\d+)-(\d+)", page.url).groups())
        text = f"{size}×{size} node, {Partition(int(nodes.partition[find_node(nodes, row, col, size)])).name}"
        expect(node_text(page)).to_contain_text(text)
        expect(said).to_contain_text(f"row {row}, column {col}")
        return row, col, size

    with dashboard(tmp_path / "runs", tmp_path / "server.log") as server:
        page.goto(f"{server.address}/data?source=brick&qindex=128&node={start}")
        expect(node_text(page)).to_be_visible()
        said, canvas = page.get_by_role("status").filter(has_text="Chosen"), page.locator("canvas")
        assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 400
        box = canvas.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 400
        row, col, size = chosen()
        for key, side in (("ArrowRight", "right"), ("ArrowDown", "below"), ("ArrowLeft", "left"), ("ArrowUp", "above")):
            around = neighbours(nodes, find_node(nodes, row, col, size))[side]
            before = page.url
            canvas.press(key)
            expect(page).not_to_have_url(before)
            row, col, size = chosen()
            assert find_node(nodes, row, col, size) in around
        before = page.url
        canvas.press("Enter")
        expect(page).not_to_have_url(before)
        outer = chosen()
        assert outer[2] == 2 * size and outer[0] <= row < outer[0] + outer[2] and outer[1] <= col < outer[1] + outer[2]
        painting, shown = painted(page), page.url
        canvas.press("Shift+ArrowRight")
        assert painted(page) != painting and page.url == shown
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
