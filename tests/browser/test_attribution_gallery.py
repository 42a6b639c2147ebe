"""The Gallery of the Attribution page in a real browser: a tile opens its block, by mouse and by key."""

import re
import shutil

from PIL import Image
from playwright.sync_api import expect

from tests.browser.server import dashboard

expect.set_options(timeout=60_000)


def test_a_tile_opens_its_block_and_the_page_of_the_gallery_is_saved(page, trained, tiny, tmp_path):
    shutil.copytree(trained.runs_dir / trained.stage1, tmp_path / "runs" / trained.stage1)
    with dashboard(tmp_path / "runs", tmp_path / "server.log", str(tiny.parent)) as server:
        page.goto(f"{server.address}/attribution?stage=stage1&view=Gallery&gallery_page=2")
        tiles = page.get_by_role("button", name=re.compile("^true "))
        expect(tiles).to_have_count(16)
        pixels = tiles.first.locator("img").first
        expect(pixels).to_have_js_property("naturalWidth", 16)
        expect(pixels).to_have_css("image-rendering", "pixelated")
        with page.expect_download() as saved:
            page.get_by_role("button", name="Save as PNG").click()
        with Image.open(saved.value.path()) as picture:
            assert saved.value.suggested_filename == "gallery-integrated_gradients-2.png" and picture.width > 1000
            assert picture.convert("RGB").getpixel((2, 2)) == (255, 255, 255)
            assert len(picture.convert("RGB").getcolors(maxcolors=1 << 24)) > 50, "the pictures are in it"

        place = re.search(r"row (\d+), col (\d+)", tiles.nth(3).get_attribute("aria-label")).groups()
        tiles.nth(3).click()
        expect(page).to_have_url(re.compile(f"node={'-'.join(place)}-16"))
        expect(page.get_by_role("radio", name="Block", exact=True)).to_be_checked()
        expect(page).to_have_url(re.compile("source=picture-3"))
        expect(page).not_to_have_url(re.compile("view="))

        page.get_by_role("radio", name="Gallery", exact=True).click()
        expect(tiles).to_have_count(16)
        place = re.search(r"row (\d+), col (\d+)", tiles.nth(7).get_attribute("aria-label")).groups()
        tiles.nth(7).press("Enter")
        expect(page).to_have_url(re.compile(f"node={'-'.join(place)}-16"))
    assert "Traceback" not in (tmp_path / "server.log").read_text()
