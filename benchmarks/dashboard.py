"""Answers of the Compare page while a run trains on the CPU: python -m benchmarks.dashboard [--clicks N] [--runs N]

Starts the dashboard on a temporary folder with made-up finished runs, launches Stage 1 on data/photos by a click, and
then switches a toggle on Compare: each switch is a rerun of the whole page, timed in Chromium from the click until the
script has ended. The same is measured before the launch. Prints median, 95th percentile and maximum in milliseconds.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from av1core.training.spec import parse_spec
from benchmarks.made_up import FIRST, made_up_run
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.browser.server import dashboard

EPOCHS = 30

WATCH = """() => {
  const app = document.querySelector('[data-testid="stApp"]');
  document.addEventListener('click', () => { window.clicked = performance.now(); window.ended = null; }, true);
  new MutationObserver(() => {
    if (app.getAttribute('data-test-script-state') === 'notRunning') window.ended = performance.now();
  }).observe(app, {attributes: true, attributeFilter: ['data-test-script-state']});
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clicks", type=int, default=60)
    parser.add_argument("--runs", type=int, default=12, help="finished runs in the folder")
    args = parser.parse_args()
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        runs_dir = Path(folder) / "runs"
        for seed in range(args.runs):
            spec = parse_spec({"name": f"Made up {seed}", "seed": seed, "epochs": EPOCHS})
            made_up_run(runs_dir, spec, FIRST + 3600 * seed)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(60_000)
        with dashboard(runs_dir, Path(folder) / "server.log") as server:
            idle = reruns(page, server.address, args.clicks)
            page.goto(f"{server.address}/launch")
            page.get_by_role("button", name="Launch", exact=True).click()
            expect(page.get_by_text("blocks/s")).to_be_visible(timeout=120_000)
            training = reruns(page, server.address, args.clicks)
            page.goto(f"{server.address}/launch")
            expect(page.get_by_role("button", name="Cancel")).to_be_visible()  # or the run ended before the clicks did
        browser.close()
    for what, times in (("idle", idle), ("training", training)):
        facts = {"median": statistics.median(times), "p95": sorted(times)[int(0.95 * len(times))], "max": max(times)}
        print(json.dumps({"while": what, "clicks": len(times)} | {name: round(value) for name, value in facts.items()}))


def reruns(page: Page, address: str, clicks: int) -> list[float]:
    """Milliseconds of so many reruns of Compare, half a second apart, as a person clicks."""
    page.goto(f"{address}/compare")
    toggle = page.get_by_text("Show reported results")
    expect(toggle).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    page.wait_for_timeout(2000)
    page.evaluate(WATCH)
    times = []
    for _ in range(clicks):
        toggle.click()
        page.wait_for_function("window.ended")
        times.append(page.evaluate("window.ended - window.clicked"))
        page.wait_for_timeout(500)
    return times


if __name__ == "__main__":
    main()
