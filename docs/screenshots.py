"""The README's pictures, from the demo runs: python -m docs.screenshots. It needs Debian's chromium."""

import io
import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from av1core.analysis.experiments import experiments
from av1core.analysis.results import results
from av1core.runs.demo import SHIPPED, open_demo
from av1core.runs.index import RunIndex
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.browser.server import dashboard
from tests.browser.waiting import at_rest

expect.set_options(timeout=120_000)

FOLDER = Path(__file__).parent
LARGE, COLOURS = 200_000, 128
"""Bytes of a picture beyond which it has a palette of so many colours."""

SHOWN = ("Baseline", "Exp 03", "Exp 03, stem keep", "Loss: cross-entropy", "Loss: PolyLoss")
"""The experiments on the picture of Compare."""

BLOCK = "source=coffee&qindex=172"


def main() -> None:
    index = RunIndex(SHIPPED)
    index.refresh()
    table = experiments(results(index, "stage2")).set_index("name")
    keys = "&".join(f"experiment={table.loc[name, 'experiment']}" for name in SHOWN)
    keep = table.loc["Exp 03, stem keep", "runs"][0]
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        runs = Path(folder) / "runs"
        open_demo(runs)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = browser.new_context(viewport={"width": 1500, "height": 1190}, device_scale_factor=1.5)
        page = context.new_page()
        page.set_default_timeout(120_000)
        with dashboard(runs, Path(folder) / "log", "data") as server:
            page.goto(f"{server.address}/compare?stage=stage2&{keys}&others=false")
            _drawn(page)
            _save(page.screenshot(), "compare")
            page.goto(f"{server.address}/data?{BLOCK}")
            _drawn(page)
            _save(page.locator("canvas").first.screenshot(), "partition")
            page.goto(f"{server.address}/attribution?stage=stage2&run={keep}&{BLOCK}")
            _drawn(page)
            maps = page.locator(".js-plotly-plot").filter(has_text="Evidence for").last
            maps.scroll_into_view_if_needed()
            page.wait_for_timeout(1000)
            _save(maps.screenshot(), "attribution")
        browser.close()


def _drawn(page: Page) -> None:
    """Wait until the script has ended and what it made is drawn."""
    at_rest(page)
    page.wait_for_timeout(4000)
    at_rest(page)


def _save(png: bytes, name: str) -> None:
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    if len(png) > LARGE:
        picture = picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    picture.save(FOLDER / f"{name}.png", optimize=True)
    print(f"docs/{name}.png {picture.width}×{picture.height}, {os.path.getsize(FOLDER / f'{name}.png') / 1000:.0f} kB")


if __name__ == "__main__":
    if CHROMIUM is None or not shutil.which(CHROMIUM):
        raise SystemExit("There is no Chromium: install Debian's chromium, or name one in AV1LAB_CHROMIUM.")
    main()
