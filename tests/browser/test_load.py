"""Twenty visitors by websocket on Compare and Launch while a run trains: every page comes, nothing fails."""

import random
import time
from pathlib import Path

import pytest

from av1core.runs.folder import RunFolder
from benchmarks.made_up import made_up_runs
from tests.browser.server import dashboard, error_lines
from tests.browser.session import awaited, visit
from tests.browser.visitors import crowd, launch, stay

HEADINGS = {"compare": "Results at the best epoch", "launch": "Now"}


def launched(runs_dir: Path, made: list[str]) -> RunFolder:
    """The run that is not made up, once it trains."""
    (path,) = (path for path in runs_dir.iterdir() if path.name not in made and not path.name.startswith("."))
    deadline = time.monotonic() + 120
    while not RunFolder(path).status().step:
        assert time.monotonic() < deadline, "the launched run has not begun to train"
        time.sleep(0.2)
    return RunFolder(path)


def test_twenty_visitors_while_a_run_trains(tmp_path):
    runs_dir, log = tmp_path / "runs", tmp_path / "server.log"
    made = made_up_runs(runs_dir, 24, 5)
    pages = ["compare", "launch"] * 10
    with dashboard(runs_dir, log) as server:
        awaited(launch(server.address))
        run = launched(runs_dir, made)
        before = run.status()
        visits = awaited(crowd(server.address, pages, seconds=8, pause=(0.5, 3), seed=0))
        after = run.status()
    assert error_lines(log) == []
    assert after.state == "running" and (after.epoch, after.step) > (before.epoch, before.step)
    for page, answers in zip(pages, visits, strict=True):
        assert len(answers) > 1
        for answer in answers:
            assert answer.errors == () and HEADINGS[page] in answer.headings
    assert any(answer.live for answers in visits for answer in answers)


def test_what_goes_wrong_is_told(tmp_path):
    log = tmp_path / "server.log"
    nothing = str(tmp_path / "nothing")
    with (
        dashboard(tmp_path / "runs", log, nothing) as server,
        pytest.raises(RuntimeError, match="nothing was launched"),
    ):
        awaited(launch(server.address))
    (answer,) = awaited(stay(server.address, "compare", 1, (0, 1), random.Random(0)))
    assert "Connect" in answer.errors[0] and not answer.headings
    log.write_text("Uncaught app execution\nTraceback (most recent call last):\n  File x\nValueError: y\n")
    assert len(error_lines(log)) == 2


def test_a_session_is_what_the_page_shows(tmp_path):
    runs_dir, log = tmp_path / "runs", tmp_path / "server.log"
    made_up_runs(runs_dir, 24, 5)

    async def names(address: str) -> list[set[str]]:
        async with visit(address, "compare") as session:
            await session.rerun()
            shown = [next(session.shown("multiselect")).options]
            await session.choose("Stage", "Stage 1")
            shown.append(next(session.shown("multiselect")).options)
        return [{name.split(",")[0] for name in options} for options in shown]

    with dashboard(runs_dir, log) as server:
        assert awaited(names(server.address)) == [{"Baseline", "Exp 02", "Exp 03"}, {"Stage 1"}]
