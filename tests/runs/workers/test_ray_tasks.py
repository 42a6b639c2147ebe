import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from av1core.runs.execute import execute
from av1core.runs.folder import RunFolder
from av1core.runs.launcher import Launcher
from av1core.runs.queue import RunQueue
from av1core.runs.workers import ray_tasks as module
from av1core.runs.workers.ray_tasks import RayWorkers
from av1core.training.spec import parse_spec
from tests.runs.test_execute import untimed
from tests.runs.test_launcher import ENDLESS, wait_for
from tests.synthetic import stage1_values, stage2_values

ROOT = Path(__file__).parents[3]


@pytest.fixture
def launcher(ray_cluster, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "POLL_SECONDS", 0.1)
    queue = RunQueue(tmp_path / "runs")
    launcher = Launcher(queue.runs_dir, workers=RayWorkers(queue))
    yield launcher
    launcher.workers.close()


def test_a_sweep_on_two_nodes_one_of_which_is_killed_ends_as_one_that_nobody_disturbed(ray_cluster, tiny, tmp_path):
    specs = [parse_spec(stage1_values(tiny) | {"seed": seed, "epochs": 24}) for seed in range(2)]
    runs = RunQueue(tmp_path / "runs").create(specs)
    later = [parse_spec(stage2_values(tiny, runs[0].id) | {"seed": seed, "epochs": 4}) for seed in range(3)]
    runs += RunQueue(tmp_path / "runs").create(later)
    whole = shutil.copytree(tmp_path / "runs", tmp_path / "whole")
    command = [sys.executable, "-m", "tests.runs.workers.two_nodes", tmp_path / "runs", tmp_path / "out.json"]
    # A cluster of its own: this process has joined another one.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    assert {run.status().state for run in runs} == {"finished"}

    seen = json.loads((tmp_path / "out.json").read_text())
    assert {node for nodes in seen["nodes"].values() for node in nodes} == {"head", "second"}
    assert seen["killed"]
    for run in seen["killed"]:
        assert "resumed after epoch" in RunFolder(tmp_path / "runs" / run).log_file.read_text()
    for run in runs:
        alone = RunFolder(whole / run.id)
        assert execute(alone, threads=1).state == "finished"
        assert untimed(run) == untimed(alone)
        assert run.predictions_file.read_bytes() == alone.predictions_file.read_bytes()


def test_runs_on_a_cluster_are_cancelled_and_resumed_and_end_with_the_server(launcher, spec_values):
    one, two, waits = (launcher.submit(parse_spec(spec_values | ENDLESS | {"seed": seed})) for seed in range(3))
    for run in (one, two):
        wait_for(run, "running")
        while not run.status().epoch:
            assert run.status().state == "running", run.status().message
            time.sleep(0.05)
    # Two CPUs, so that the third waits where it can still be moved and cancelled.
    assert waits.status().state == "queued" and launcher.waiting().runs == [waits.id]
    (worker,) = launcher.workers.report()
    assert set(worker.runs) == {one.id, two.id}
    launcher.cancel(one.id)
    assert wait_for(one, "cancelled", "finished", "failed") == "cancelled"
    wait_for(waits, "running")
    launcher.workers.close()
    for run in (two, waits):
        assert run.status().state == "interrupted" and "resumed" in run.status().message
    epochs = two.status().epoch
    launcher.resume(two.id)
    while two.status().epoch <= epochs:
        assert two.status().state in ("queued", "running")
        time.sleep(0.05)
    launcher.cancel(two.id)
    assert wait_for(two, "cancelled", "finished", "failed") == "cancelled"


def test_what_goes_wrong_on_a_node_is_the_runs_reason(launcher, spec_values, tiny, tmp_path):
    data = shutil.copytree(tiny, tmp_path / "data")
    run = launcher.submit(parse_spec(spec_values | {"dataset": str(data)} | ENDLESS))
    while not run.status().epoch:
        assert run.status().state in ("queued", "running")
        time.sleep(0.05)
    launcher.cancel(run.id)
    assert wait_for(run, "cancelled", "failed") == "cancelled"
    shutil.rmtree(data)
    launcher.resume(run.id)
    assert wait_for(run, "failed", "finished") == "failed"
    assert str(data) in run.status().message


def test_while_no_cluster_answers_runs_wait_and_the_reason_is_told(spec_values, tmp_path):
    queue = RunQueue(tmp_path)
    launcher = Launcher(tmp_path, workers=RayWorkers(queue, "127.0.0.1:1"))
    run = launcher.submit(parse_spec(spec_values))
    while not launcher.workers.notices():
        time.sleep(0.05)
    assert "No Ray cluster answers at 127.0.0.1:1" in launcher.workers.notices()[0].text
    assert launcher.workers.report()[0].doing == "The cluster does not answer."
    assert run.status().state == "queued"
    launcher.workers.close()
