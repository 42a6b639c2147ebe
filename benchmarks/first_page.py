"""Time from the start of the server to the first page in a real browser.

python -m benchmarks.first_page [--runs N] [--demo] prints a JSON object a run: seconds until the server answers, until
Overview is complete on screen, and whether the server had imported torch by then. The browser is started beforehand.
The store is empty, or holds the demo runs.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from av1core.runs.demo import open_demo
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.browser.server import dashboard


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--demo", action="store_true")
    arguments = parser.parse_args()
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        runs = Path(folder) / "runs"
        if arguments.demo:
            open_demo(runs)
        for number in range(arguments.runs):
            page = browser.new_page()
            started = time.perf_counter()
            with dashboard(runs, Path(folder) / f"server {number}.log") as server:
                answered = time.perf_counter()
                page.goto(server.address)
                page.get_by_role("heading", name="Hardware").wait_for()
                shown = time.perf_counter()
                torch = "libtorch" in Path(f"/proc/{server.pid}/maps").read_text()
            page.close()
            result = {"server_s": answered - started, "page_s": shown - started, "torch_imported": torch}
            print(json.dumps({name: round(value, 2) for name, value in result.items()}))
        browser.close()


if __name__ == "__main__":
    main()
