"""No page has a defect that axe-core calls serious or critical, light or dark, and no figure a text hard to read."""

import os
import re
import shutil
from collections.abc import Iterator

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.analysis.predicted import predicted_run, several_pictures
from tests.browser.server import dashboard
from tests.browser.waiting import at_rest

expect.set_options(timeout=60_000)

VIEWS = (
    "", "data", "data?view=Class+mix", "data?view=Add+a+dataset", "launch", "runs", "compare", "compare?chart=Settings",
    "ablations", "hypotheses", "report", "hierarchy", "attribution", "attribution?view=Trust",
)  # fmt: skip
"""Links to every page, and to the views whose controls or figures differ from those of the others."""

SERIOUS = ("serious", "critical")

FIGURE_TEXTS = """() => [...document.querySelectorAll(
    '.js-plotly-plot :is(.xtick text, .ytick text, .cbaxis text, .annotation-text, .legendtext, text[class*=title])'
)].filter(text => text.textContent).map(text => [text.textContent, getComputedStyle(text).fill])"""
"""Each text that a figure writes on the page itself, not on a mark, and its colour: axe-core leaves drawings out."""

READABLE = 4.5
"""The least contrast of text (WCAG 2.2, 1.4.3)."""


@pytest.fixture(scope="module")
def address(trained, tiny, tmp_path_factory) -> Iterator[str]:
    """A dashboard on a finished run of Stage 1, one that rests on it, and two experiments of two seeds."""
    folder = tmp_path_factory.mktemp("accessibility")
    for run in (trained.stage1, trained.stage2):
        shutil.copytree(trained.runs_dir / run, folder / "runs" / run)
    pictures = several_pictures(folder / "datasets" / "pictures")
    for seed in range(4):
        name = f"Experiment {seed % 2}"
        predicted_run(folder / "runs", pictures, 0.5, draw=seed, name=name, seed=seed // 2, batch_size=32 + seed % 2)
    datasets = os.pathsep.join([str(tiny.parent), str(folder / "datasets")])
    with dashboard(folder / "runs", folder / "server.log", datasets) as server:
        yield server.address


@pytest.mark.parametrize("view", VIEWS, ids=[view or "overview" for view in VIEWS])
def test_no_serious_defect(page, address, view):
    page.goto(f"{address}/{view}")
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        drawn(page, theme)
        found = Axe().run(page).response["violations"]
        defects = [
            f"{defect['id']}: {node['html']}\n{node['failureSummary']}"
            for defect in found if defect["impact"] in SERIOUS for node in defect["nodes"]
        ]  # fmt: skip
        assert not defects, f"{theme}: " + "\n".join(defects)
        for _ in range(100):  # figures are drawn anew in another theme
            faint = faint_texts(page)
            if not faint:
                break
            page.wait_for_timeout(100)
        assert not faint, f"{theme}: {faint}"


def faint_texts(page: Page) -> dict[str, str]:
    """Texts of figures that are hard to read on the page, with their colour."""
    behind = page.get_by_test_id("stApp").evaluate("app => getComputedStyle(app).backgroundColor")
    return {text: colour for text, colour in page.evaluate(FIGURE_TEXTS) if contrast(colour, behind) < READABLE}


def contrast(colour: str, other: str) -> float:
    """Of two CSS colours "rgb(…)": 1 to 21 (WCAG 2.2, "contrast ratio")."""
    dark, light = sorted((luminance(colour), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    channels = np.array([int(channel) for channel in re.findall(r"\d+", colour)[:3]]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def drawn(page: Page, theme: str) -> None:
    """Wait until the page has this theme, has run to its end and shows nothing that is still being made."""
    expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", theme)
    at_rest(page)
    for waiting in ("stSkeleton", "stSpinner"):
        expect(page.get_by_test_id(waiting)).to_have_count(0)
    page.wait_for_timeout(300)  # colours fade in
