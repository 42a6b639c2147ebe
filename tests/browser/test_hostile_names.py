"""In a real browser, hostile names of a dataset and its sources are read as they stand, and nothing in them acts."""

import re

from playwright.sync_api import Page, expect

from tests.browser.server import dashboard
from tests.browser.waiting import at_rest
from tests.hostile_names import HOSTILE, rename
from tests.synthetic import make_dataset

expect.set_options(timeout=60_000)


def nothing_acts(page: Page) -> None:
    main = page.get_by_test_id("stMain")
    at_rest(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(main.locator("img")).to_have_count(0)
    expect(main.locator("a[href*=evil], a[href*=alert], svg a, .katex")).to_have_count(0)
    expect(main.locator("strong").get_by_text("b", exact=True)).to_have_count(0)


def test_hostile_names_are_only_text(page, tmp_path):
    rename(make_dataset(tmp_path / "datasets" / "tiny", sources=2).path)
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    with dashboard(tmp_path / "runs", tmp_path / "server.log", str(tmp_path / "datasets")) as server:
        page.goto(server.address)
        name = page.get_by_test_id("stMarkdown").filter(has_text="2 sources")
        expect(name).to_contain_text(HOSTILE)
        # The word joiners inside the addresses and the icon cannot be seen.
        assert "www.evil.example eve@evil.example :material/home:" in name.inner_text().replace("\u2060", "")
        nothing_acts(page)
        page.goto(f"{server.address}/data?view=Sources+and+split")
        expect(page.get_by_text("By source (50 % asked for")).to_contain_text(HOSTILE)
        nothing_acts(page)
        page.goto(f"{server.address}/data?view=Class+mix&by=source")
        ticks = page.locator(".js-plotly-plot").first.locator(".xtick")
        expect(ticks).to_have_text([re.compile(f"^<img src=x.*<i> {number}$") for number in (0, 1)])
        nothing_acts(page)
    assert not dialogs and "Traceback" not in (tmp_path / "server.log").read_text()
