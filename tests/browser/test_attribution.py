"""The Attribution page in a real browser: a block is clicked, stepped on from, looked at otherwise, and compared."""

import re
import shutil

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browser.server import dashboard
from tests.synthetic import stage2_values

expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def runs(trained, tiny, tmp_path_factory):
    """A runs folder with a Stage-1 run and two Stage-2 runs, and the ids of the two."""
    from av1core.runs.execute import execute
    from av1core.runs.folder import RunFolder
    from av1core.training.spec import parse_spec

    folder = tmp_path_factory.mktemp("attribution") / "runs"
    shutil.copytree(trained.runs_dir, folder)
    other = RunFolder.create(folder, parse_spec(stage2_values(tiny, trained.stage1) | {"seed": 1}))
    assert execute(other).state == "finished"
    return folder, trained.stage2, other.id


def maps(page: Page) -> Locator:
    """The figure of maps; while the page runs again, the one before it may still stand above."""
    return page.locator(".js-plotly-plot").filter(has_text="Evidence for").last


def drawn(page: Page) -> list[str]:
    """What each map of the figure looks like."""
    return maps(page).locator(".hm image").evaluate_all("images => images.map(image => image.href.baseVal)")


def expect_other_maps(page: Page, before: list[str]) -> None:
    expect(maps(page).locator(".hm image").last).to_be_visible()
    for _ in range(300):
        if drawn(page) != before:
            return
        page.wait_for_timeout(100)
    pytest.fail("the maps stayed as they were")


def node(page: Page) -> str:
    """The place in the frame that the link names."""
    return re.search(r"node=(\d+-\d+-16)", page.url)[1]


def click_node(page: Page, place: str) -> None:
    """Click the middle of a node in the frame, which is shown whole, of 128×128 pixels."""
    row, col, size = map(int, place.split("-"))
    box = page.locator("canvas").bounding_box()
    scale = min(box["width"], box["height"]) / 128
    left, top = box["x"] + (box["width"] - 128 * scale) / 2, box["y"] + (box["height"] - 128 * scale) / 2
    page.mouse.click(left + (col + size / 2) * scale, top + (row + size / 2) * scale)


def test_a_block_is_clicked_stepped_on_from_looked_at_otherwise_and_compared(page, runs, tiny, tmp_path):
    folder, first, second = runs
    with dashboard(folder, tmp_path / "server.log", str(tiny.parent)) as server:
        page.set_viewport_size({"width": 1280, "height": 2400})
        page.goto(f"{server.address}/attribution?stage=stage2&run={first}")
        expect(maps(page)).to_contain_text("Integrated Gradients")
        start, seen = node(page), drawn(page)

        # Another node of this frame, by a click into the picture.
        row, col, _ = map(int, start.split("-"))
        other = f"{row}-{(col + 32) % 128}-16"
        click_node(page, other)
        expect(page).to_have_url(re.compile(f"node={other}"))
        expect(page.get_by_text(re.compile(rf"row {row}, col {(col + 32) % 128}"))).to_be_visible()
        expect_other_maps(page, seen)

        # The frame as it is drawn, as a file.
        with page.expect_download() as saved:
            page.get_by_role("button", name="Save as PNG").click()
        with Image.open(saved.value.path()) as picture:
            assert saved.value.suggested_filename == "frame-picture-3-128.png" and picture.size == (256, 256)
            colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 16)}
            assert len(colours) > 50, "the picture and the lines are in it"

        # The next of the chosen blocks, and back.
        clicked, seen = node(page), drawn(page)
        page.get_by_role("button", name="Next", exact=True).click()
        expect(page).not_to_have_url(re.compile(f"node={clicked}.*"))
        expect_other_maps(page, seen)
        page.get_by_role("button", name="Previous", exact=True).click()
        expect(page).to_have_url(re.compile(f"node={clicked}"))

        # Another method, then another layer.
        page.get_by_role("button", name="SmoothGrad", exact=True).click()
        expect(maps(page)).to_contain_text("SmoothGrad")
        count = 7  # pixels, baseline and five methods
        expect(maps(page).locator(".hm image")).to_have_count(count)
        expect(maps(page)).to_contain_text(re.compile(r"Grad-CAM of\s*stem"))
        seen = drawn(page)
        layer = page.get_by_role("combobox", name="Layer", exact=True)
        layer.fill("layer1")
        layer.press("Enter")
        expect(maps(page)).to_contain_text(re.compile(r"Grad-CAM of\s*layer1"))
        expect_other_maps(page, seen)
        expect(page.get_by_text(re.compile("the map is 1×1 for these blocks"))).to_be_visible()

        # A second run: its maps, and the differences.
        beside = page.get_by_role("combobox", name="Beside it", exact=True)
        beside.click()
        page.get_by_role("option").first.click()
        expect(page).to_have_url(re.compile(f"beside={second}"))
        expect(maps(page)).to_contain_text("Difference")
        expect(maps(page).locator(".hm image")).to_have_count(count + (count - 2) * 2 + 2)

        # The link shows the same again.
        seen = drawn(page)
        page.goto(page.url)
        expect(maps(page)).to_contain_text("Difference")
        expect(maps(page)).to_contain_text(re.compile(r"Grad-CAM of\s*layer1"))
        expect(maps(page)).to_contain_text("SmoothGrad")
        expect(maps(page).locator(".hm image")).to_have_count(len(seen))
        assert node(page) == clicked and drawn(page) == seen

        # On a narrow page the panels keep a width at which their titles are apart, and scroll within the page.
        page.set_viewport_size({"width": 400, "height": 900})
        expect(maps(page).locator(".hm image")).to_have_count(len(seen))
        place = page.locator(".st-key-wide-maps")
        page.wait_for_function("() => document.querySelector('.st-key-wide-maps').clientWidth < 400")
        assert place.evaluate("place => place.scrollWidth") >= 700 and maps(page).bounding_box()["width"] >= 700
        assert page.evaluate("document.scrollingElement.scrollWidth") <= 400
    assert "Traceback" not in (tmp_path / "server.log").read_text()
