"""A study in a real browser: open it, launch the runs that it lacks, wait until they are there, see a verdict."""

import json
import shutil

from playwright.sync_api import expect

from av1core.runs.folder import RunFolder
from tests.browser.server import dashboard, error_lines

expect.set_options(timeout=60_000)


def test_a_study_is_completed_and_judged(page, tmp_path, trained, tiny):
    runs_dir, log = tmp_path / "runs", tmp_path / "server.log"
    for run in (trained.stage1, trained.stage2):
        shutil.copytree(trained.runs_dir / run, runs_dir / run)
    with dashboard(runs_dir, log, str(tiny.parent)) as server:
        page.goto(f"{server.address}/ablations?study=batchnorm&seeds=0-1&margin=2")
        expect(page.get_by_text("Does BatchNorm of the frozen backbone")).to_be_visible()
        expect(page.get_by_text("Missing runs: 3, of 2 variants.")).to_be_visible()
        page.get_by_role("button", name="Launch 3 runs").click()
        expect(page.get_by_text("Queued 3 runs")).to_be_visible()
        # The page draws itself anew as they finish.
        expect(page.get_by_text("No run is missing.", exact=True)).to_be_visible(timeout=120_000)
        forest = page.locator(".js-plotly-plot")
        expect(forest.get_by_text("not established")).to_be_visible()
        expect(forest.get_by_text("±2 pp")).to_be_visible()
        page.get_by_text("Verdicts: reasons and rules").click()
        expect(page.get_by_text("BN eval: not established.")).to_be_visible()
        page.get_by_text("F1 by class", exact=True).click()
        expect(forest.get_by_text("SPLIT")).to_be_visible()
        expect(page.get_by_test_id("stException")).to_have_count(0)
        assert page.url.endswith("study=batchnorm") or "study=batchnorm&" in page.url
    assert error_lines(log) == []
    specs = [RunFolder(path).spec() for path in runs_dir.glob("[!.]*")]
    of_study = sorted((spec.adapter.batchnorm, spec.seed) for spec in specs if spec.stage == "stage2")
    assert of_study == [("eval", 0), ("eval", 1), ("train", 0), ("train", 1)]
    assert json.loads((runs_dir / trained.stage2 / "status.json").read_text())["state"] == "finished"
