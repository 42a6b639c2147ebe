"""Faults of the machine and of other processes: a full disk, a folder that is read-only, servers that come and go."""

import asyncio
import logging
import os
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from websockets.exceptions import ConnectionClosed

from av1core.errors import RunError
from av1core.runs.folder import RunFolder
from av1core.runs.index import RunIndex
from av1core.runs.launcher import Launcher
from av1core.runs.workers import local as module
from av1core.runs.workers.base import Elsewhere
from av1core.training.spec import parse_spec
from tests.browser.server import dashboard
from tests.browser.session import awaited, visit
from tests.forked import ROOT, may_mount, mount, start_dashboard, with_own_mounts
from tests.runs.test_execute import untimed
from tests.synthetic import stage1_values
from tests.test_killed_server import Sweep, assert_all_files_are_whole, assert_equal

STAGE1 = {"backbone": {"name": "test_resnet"}, "schedule": {"early_stopping": 1000}}


@pytest.fixture
def mounts():
    if not may_mount():
        pytest.skip("this system lets no process have mounts of its own, which takes root's rights")


def wait_until(condition: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def fill(disk: Path, room: int) -> None:
    """Let another file take all the room of a disk but for some bytes, as far as it is not taken yet."""
    with (disk / "another").open("ab") as file:
        system = os.statvfs(disk)
        if (free := system.f_bavail * system.f_frsize - room) > 0:
            with suppress(OSError):  # taken meanwhile
                os.posix_fallocate(file.fileno(), file.tell(), free)


ROOMS = 0, 1 << 16, 9 << 18
"""Bytes that are left: none, enough for a status, and enough for the best weights too but not for a resume point."""


def train_on_a_disk_that_is_full(disk: Path, dataset: Path) -> None:
    mount("-t", "tmpfs", "-o", "size=24m", "tmpfs", disk)
    module.POLL_SECONDS = 0.05
    launcher = Launcher(disk / "runs")
    spec = parse_spec(stage1_values(dataset) | STAGE1 | {"epochs": 60})
    whole, run = launcher.submit_all([spec] * 2)
    wait_until(lambda: whole.status().state == "finished")
    for room in ROOMS:
        before = len(untimed(run))
        wait_until(lambda before=before: len(untimed(run)) > before + 1)
        stored = untimed(run)
        while any(worker.runs for worker in launcher.workers.report()):
            fill(disk, room)
        assert untimed(run)[: len(stored)] == stored and untimed(run) == untimed(whole)[: len(untimed(run))]
        assert_all_files_are_whole(disk / "runs")
        (disk / "another").unlink()
        wait_until(lambda: run.stored_status().state == "failed")
        assert "No space left on device" in run.status().message
        launcher.resume(run.id)
    wait_until(lambda: run.status().state == "finished")
    assert_equal(run, whole)
    assert [path.name for path in (disk / "runs").rglob(".*")] == [".lab"]


def test_on_a_full_disk_no_finished_epoch_is_lost(mounts, tiny, tmp_path):
    with_own_mounts(train_on_a_disk_that_is_full, tmp_path, tiny)


def look_at_a_folder_that_is_read_only(runs_dir: Path, dataset: Path, finished: str, cancelled: str) -> None:
    mount("--bind", runs_dir, runs_dir)
    mount("-o", "remount,bind,ro", runs_dir)
    module.POLL_SECONDS = 0.05
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append
    logging.getLogger("av1core").addHandler(handler)
    launcher = Launcher(runs_dir)
    (waiting,) = launcher.waiting().runs
    changes = [
        lambda: launcher.submit(parse_spec(stage1_values(dataset))),
        lambda: launcher.retry(finished),
        lambda: launcher.resume(cancelled),
        lambda: launcher.cancel(waiting),
        lambda: launcher.move(waiting, 1),
        lambda: launcher.delete(finished),
        lambda: launcher.pin(finished),
        lambda: launcher.annotate(finished, note="x"),
        launcher.pause_queue,
        launcher.empty_trash,
    ]
    for change in changes:
        with pytest.raises(RunError, match="Read-only file system"):
            change()

    index = RunIndex(runs_dir)
    index.refresh()
    assert set(index.runs()["state"]) == {"finished", "cancelled", "queued"} and len(index.best()) == 2
    os.environ |= {"AV1LAB_RUNS": str(runs_dir), "AV1LAB_DATASETS": str(dataset.parent)}
    app = AppTest.from_file(ROOT / "pages" / "_main.py", default_timeout=120).run()
    for page in PAGES:
        app.switch_page(page).run()
        assert app.title and not app.exception, (page, app.exception)
    app.switch_page("launch.py").run()
    next(button for button in app.button if button.label == "Launch").click().run()
    assert "Read-only file system" in app.error[0].value and not app.exception

    looks, recover = [], launcher._queue.recover
    launcher._queue.recover = lambda: looks.append(1) or recover()
    launcher.workers.start()
    wait_until(lambda: len(looks) >= 5)
    (notice,) = launcher.workers.notices()
    assert "Read-only file system" in notice.text and len(records) == 1
    mount("-o", "remount,bind,rw", runs_dir)
    wait_until(lambda: RunFolder(runs_dir / waiting).status().state == "finished")


PAGES = [page.name for page in (ROOT / "pages").glob("[a-z]*.py")]


def test_a_folder_that_is_read_only_is_looked_at_and_an_error_says_why_nothing_else_works(
    mounts, tiny, trained, tmp_path
):
    runs_dir = shutil.copytree(trained.runs_dir, tmp_path / "runs")
    launcher = Launcher(runs_dir, workers=Elsewhere())
    cancelled, _ = launcher.submit_all([parse_spec(stage1_values(tiny) | {"epochs": 1})] * 2)
    launcher.cancel(cancelled.id)
    with_own_mounts(look_at_a_folder_that_is_read_only, runs_dir, tiny, trained.stage2, cancelled.id)


def test_another_server_takes_over_the_queue_of_one_that_is_killed(tiny, tmp_path):
    launcher = Launcher(tmp_path / "whole", workers=Elsewhere())
    values = stage1_values(tiny) | STAGE1
    runs = launcher.submit_all([parse_spec(values | {"epochs": epochs}) for epochs in (100, 2)])
    shutil.copytree(tmp_path / "whole", tmp_path / "shared")
    whole, shared = (Sweep(tmp_path / name, [run.id for run in runs], tiny.parent) for name in ("whole", "shared"))
    whole.finish()

    first, second = shared.runs
    shared.start()
    shared.wait(lambda: len(untimed(first)) > 1)
    log = tmp_path / "other.log"
    other = start_dashboard(shared.runs_dir, log, tiny.parent)
    wait_until(lambda: log.exists() and "URL" in log.read_text())
    assert (first.status().state, second.status().state) == ("running", "queued")
    shared.kill()
    assert first.status().state == "interrupted"
    stored = untimed(first)
    shared.server = other
    shared.wait(lambda: second.status().state == "finished")
    shared.launcher.resume(first.id)
    shared.wait(lambda: False)
    shared.kill()
    assert len(stored) < 100 and untimed(first)[: len(stored)] == stored
    for run, undisturbed in zip(shared.runs, whole.runs, strict=True):
        assert_equal(run, undisturbed)


def test_a_server_that_is_told_to_stop_ends_its_run_as_interrupted_at_once(tiny, tmp_path):
    launcher = Launcher(tmp_path / "runs", workers=Elsewhere())
    values = stage1_values(tiny) | STAGE1
    run, waiting = launcher.submit_all([parse_spec(values | {"epochs": epochs}) for epochs in (5000, 2)])

    async def visit_until_it_trains(address: str) -> None:
        async with visit(address, "launch") as visitor:
            await visitor.rerun()
            await asyncio.to_thread(wait_until, lambda: len(untimed(run)) > 1)
            os.kill(server.pid, signal.SIGTERM)
            # It does not wait for visitors to leave.
            async with asyncio.timeout(60):
                with suppress(ConnectionClosed):
                    while True:
                        await visitor.rerun()

    # The server has 20 seconds to end.
    with dashboard(tmp_path / "runs", tmp_path / "server.log", str(tiny.parent)) as server:
        awaited(visit_until_it_trains(server.address))
    status = run.stored_status()
    assert status.state == "interrupted" and "process" in status.message
    assert waiting.status().state == "queued"
    assert len(untimed(run)) == status.epoch
