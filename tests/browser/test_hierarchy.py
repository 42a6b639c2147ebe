"""The Hierarchy page in a real browser: runs of all four stages, of only two, and a link that restores a choice."""

import re
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.server import dashboard
from tests.browser.waiting import at_rest
from tests.synthetic import make_dataset, stage1_values, stage2_values

expect.set_options(timeout=60_000)

LATER = ("stage2", "stage3_rect", "stage3_ab")


class Runs(NamedTuple):
    """A runs folder, the folder of its dataset, and its runs by stage; "other" is a second one of Stage 2."""

    runs_dir: Path
    datasets: str
    by_stage: dict[str, str]


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Runs:
    """Finished runs of every stage on a dataset of two qindexes; not to be changed."""
    from av1core.runs.execute import execute
    from av1core.runs.folder import RunFolder
    from av1core.training.spec import parse_spec

    folder = tmp_path_factory.mktemp("hierarchy")
    dataset = make_dataset(folder / "datasets" / "tiny", qindexes=(80, 200)).path
    runs: dict[str, str] = {}

    def train(key: str, values: dict) -> None:
        run = RunFolder.create(folder / "runs", parse_spec(values))
        assert execute(run).state == "finished"
        runs[key] = run.id

    # Long enough that Stage 1 tells the types apart in eval mode: else every curve is one straight line.
    train("stage1", stage1_values(dataset) | {"epochs": 8, "epoch_blocks": 256, "loss": {"beta": 0.0}})
    later = stage2_values(dataset, runs["stage1"])
    train("other", later | {"seed": 1})
    for stage in LATER:
        train(stage, later | {"stage": stage})
    return Runs(folder / "runs", str(dataset.parent), runs)


def choose(page: Page, label: str, what: str) -> None:
    """Choose the option of a box that holds this text."""
    box = page.get_by_role("combobox", name=label, exact=True)
    box.fill(what)
    box.press("Enter")
    expect(box).to_have_value(re.compile(re.escape(what)))


def line(page: Page) -> Locator:
    """The drawn line of search avoided against partitions lost, of the chosen stages."""
    return page.locator(".js-plotly-plot").first.locator(".scatterlayer .js-line").first


def drawn(page: Page) -> None:
    """Wait until the page has run to its end and all four charts are drawn."""
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    expect(page.locator(".js-plotly-plot .scatterlayer")).to_have_count(2)
    expect(page.locator(".js-plotly-plot .heatmaplayer image")).to_have_count(1)
    expect(page.locator(".js-plotly-plot .barlayer .bars")).to_have_count(2)
    at_rest(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_choose_runs_qindex_and_decision_and_share_the_link(page, trained, tmp_path):
    with dashboard(trained.runs_dir, tmp_path / "server.log", trained.datasets) as server:
        page.goto(f"{server.address}/hierarchy")
        drawn(page)
        metrics = page.get_by_test_id("stMetricValue")
        expect(metrics.last).to_have_text("64")
        expect(page.get_by_text("No run decides")).to_have_count(0)
        legend = page.locator(".js-plotly-plot .legendtext")
        expect(legend.filter(has_text="in every stage")).to_have_count(2)
        for stage in ("Stage 1", "Stage 2", "Stage 3 RECT", "Stage 3 AB"):
            expect(page.get_by_role("combobox", name=stage, exact=True)).to_have_value(re.compile("^Tiny"))

        before = line(page).get_attribute("d")
        choose(page, "Stage 2", trained.by_stage["other"])
        expect(page).to_have_url(re.compile(f"stage2=.*{trained.by_stage['other']}"))
        expect(line(page)).not_to_have_attribute("d", before)

        page.get_by_role("radio", name="200", exact=True).click()
        expect(metrics.last).to_have_text("32")
        expect(page).to_have_url(re.compile("hierarchy_qindex=200"))
        page.get_by_role("radio", name="Likeliest of the eight", exact=True).click()
        expect(page.get_by_text("Likeliest of the eight, qindex 200")).to_be_visible()
        expect(page).to_have_url(re.compile("decision=product"))
        choose(page, "Stage 3 AB", "No run: logistic regression")
        expect(page.get_by_text("No run decides Stage 3 AB")).to_be_visible()
        drawn(page)

        with page.context.browser.new_page() as other:
            other.goto(page.url)
            drawn(other)
            expect(other.get_by_test_id("stMetricValue")).to_have_text(metrics.all_text_contents())
            expect(other.get_by_text("Likeliest of the eight, qindex 200")).to_be_visible()
            for label, value in (("Stage 2", trained.by_stage["other"]), ("Stage 3 AB", "No run: logistic regression")):
                box = other.get_by_role("combobox", name=label, exact=True)
                expect(box).to_have_value(re.compile(re.escape(value)))
    assert "Traceback" not in (tmp_path / "server.log").read_text()


def test_what_stands_in_for_a_stage_without_a_run(page, trained, tmp_path):
    for stage in ("stage1", "stage2"):
        run = trained.by_stage[stage]
        shutil.copytree(trained.runs_dir / run, tmp_path / "runs" / run)
    with dashboard(tmp_path / "runs", tmp_path / "server.log", trained.datasets) as server:
        page.goto(f"{server.address}/hierarchy")
        drawn(page)
        expect(page.get_by_text("No run decides Stage 3 RECT and Stage 3 AB")).to_be_visible()
        for label in ("Stage 3 RECT", "Stage 3 AB"):
            expect(page.get_by_role("combobox", name=label, exact=True)).to_have_value("No run: class frequencies")
        before = line(page).get_attribute("d")
        choose(page, "Stage 3 AB", "No run: logistic regression")
        expect(line(page)).not_to_have_attribute("d", before)
        expect(page).to_have_url(re.compile("stage3_ab=logistic"))
        drawn(page)
    assert "Traceback" not in (tmp_path / "server.log").read_text()
