import os
import signal
import subprocess
import sys
import time

import pytest

from av1core.runs.launcher import Launcher
from av1core.runs.queue import RunQueue
from av1core.runs.records import process_start
from av1core.runs.workers import ray_process as module
from av1core.runs.workers.ray_process import RayProcess
from av1core.training.spec import parse_spec
from tests.runs.test_launcher import ENDLESS


@pytest.fixture(autouse=True)
def without_ray_settings(monkeypatch):
    """Another test of this process may have joined a cluster, whose token the environment holds then."""
    for name in list(os.environ):
        if name.startswith("RAY_"):
            monkeypatch.delenv(name)


@pytest.fixture
def launcher(needs_ray, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "RESTART_SECONDS", 0.1)
    monkeypatch.setenv("AV1LAB_EXECUTOR", "ray")
    launcher = Launcher(tmp_path / "runs")
    yield launcher
    launcher.workers.close()


def wait_until(condition, seconds: float = 90) -> None:
    deadline = time.time() + seconds
    while not condition():
        assert time.time() < deadline
        time.sleep(0.05)


def gone(pid: int, start: str) -> bool:
    return process_start(pid) != start


def test_the_environment_chooses_the_executor(monkeypatch, tmp_path):
    monkeypatch.setenv("AV1LAB_EXECUTOR", "ray")
    monkeypatch.setenv("AV1LAB_RAY_ADDRESS", "somewhere:6379")
    monkeypatch.setenv("AV1LAB_RAY_GPUS", "0.5")
    workers = Launcher(tmp_path).workers
    assert isinstance(workers, RayProcess)
    assert (workers.address, workers.gpus) == ("somewhere:6379", 0.5)


def test_the_process_is_started_anew_when_it_dies_and_ends_with_its_owner(launcher, spec_values):
    run = launcher.submit(parse_spec(spec_values | ENDLESS))
    wait_until(lambda: run.status().epoch)
    wait_until(lambda: [worker.runs for worker in launcher.workers.report()] == [(run.id,)])
    launcher.workers._process.kill()
    wait_until(lambda: "exit code -9" in "\n".join(notice.text for notice in launcher.workers.notices()))
    wait_until(lambda: run.status().state == "interrupted")
    epochs = run.status().epoch

    launcher.resume(run.id)
    wait_until(lambda: run.status().epoch > epochs)
    trains, child = run.stored_status(), launcher.workers._process
    launcher.workers.close()
    assert child.poll() == 0
    assert run.status().state == "interrupted" and "can be resumed" in run.status().message
    wait_until(lambda: gone(trains.pid, trains.process_start))


def test_it_does_not_outlive_a_process_that_was_killed(tmp_path):
    code = f"""if True:
        import time
        from pathlib import Path
        from av1core.runs.queue import RunQueue
        from av1core.runs.workers.ray_process import RayProcess
        workers = RayProcess(RunQueue(Path({str(tmp_path)!r})), "127.0.0.1:1", None)
        workers.start()
        while workers._process is None:
            time.sleep(0.01)
        print(workers._process.pid, flush=True)
        time.sleep(600)
    """
    owner = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    child = int(owner.stdout.readline())
    start = process_start(child)
    assert start
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    wait_until(lambda: gone(child, start))


def test_what_the_workers_meet_there_is_told_here(spec_values, tmp_path):
    workers = RayProcess(RunQueue(tmp_path), "127.0.0.1:1", None)
    launcher = Launcher(tmp_path, workers=workers)
    run = launcher.submit(parse_spec(spec_values))
    wait_until(workers.notices)
    assert "No Ray cluster answers at 127.0.0.1:1" in workers.notices()[0].text
    assert run.status().state == "queued"
    workers.close()
