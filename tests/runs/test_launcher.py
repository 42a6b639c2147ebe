import shutil
import time

import pytest

from av1core.errors import DatasetError, RunError
from av1core.runs.folder import RunFolder
from av1core.runs.launcher import Launcher
from av1core.runs.records import LIVE
from av1core.training.spec import parse_spec
from tests.synthetic import stage2_values


def wait_for(folder: RunFolder, *states: str, seconds: float = 60) -> str:
    deadline = time.time() + seconds
    while (state := folder.status().state) not in states:
        assert time.time() < deadline, f"still {state}: {folder.status().message}"
        time.sleep(0.02)
    return state


def test_runs_train_one_after_another_and_a_stage2_run_starts_from_stage1(tiny, spec_values, tmp_path):
    launcher = Launcher(tmp_path)
    first, second = (launcher.submit(parse_spec(spec_values | {"seed": seed})) for seed in (0, 1))
    assert wait_for(first, "finished", "failed") == "finished"
    assert wait_for(second, "finished", "failed") == "finished"
    assert second.status().started >= first.status().ended
    third = launcher.submit(parse_spec(stage2_values(tiny, first.id)))
    assert wait_for(third, "finished", "failed") == "finished"


def test_waiting_runs_on_one_backbone_train_side_by_side(tiny, trained, spec_values, tmp_path):
    runs_dir = shutil.copytree(trained.runs_dir, tmp_path / "runs")
    launcher = Launcher(runs_dir)
    endless = parse_spec(spec_values | {"name": "First", "epochs": 5000, "schedule": {"early_stopping": 5000}})
    first = launcher.submit(endless)
    wait_for(first, "running")
    values = stage2_values(tiny, trained.stage1) | {"name": "Side by side"}
    changes = ({"seed": 1}, {"loss": {"name": "poly"}}, {"adapter": {"reduction": 2}})
    runs = [launcher.submit(parse_spec(values | change)) for change in changes]
    launcher.cancel(first.id)
    assert [wait_for(run, "finished", "failed") for run in runs] == ["finished"] * 3
    one, two, other = (run.status() for run in runs)
    assert two.started < one.ended and one.started < two.ended
    assert other.started >= max(one.ended, two.ended)


def test_cancel_a_running_and_a_queued_run_then_resume(spec_values, tmp_path):
    launcher = Launcher(tmp_path)
    endless = parse_spec(spec_values | {"epochs": 5000, "schedule": {"early_stopping": 5000}})
    running, queued = launcher.submit(endless), launcher.submit(parse_spec(spec_values))
    wait_for(running, "running")
    launcher.cancel(queued.id)
    assert queued.status().state == "cancelled"
    with pytest.raises(RunError, match="running"):
        launcher.resume(running.id)
    launcher.cancel(running.id)
    assert wait_for(running, "cancelled", "finished") == "cancelled"
    launcher.resume(queued.id)
    assert wait_for(queued, "finished", "failed") == "finished"
    with pytest.raises(RunError, match="finished"):
        launcher.resume(queued.id)


def test_what_cannot_start_is_an_error_and_leaves_nothing(tiny, trained, spec_values, tmp_path):
    launcher = Launcher(tmp_path)
    with pytest.raises(DatasetError, match="nowhere"):
        launcher.submit(parse_spec(spec_values | {"dataset": str(tmp_path / "nowhere")}))
    for stage1_run in (None, "no-such-run"):
        with pytest.raises(RunError, match=r"Stage-1 run|no run"):
            launcher.submit(parse_spec(stage2_values(tiny, "") | {"stage1_run": stage1_run}))
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("state", [*LIVE, "failed"])
def test_stage2_needs_a_finished_stage1_run(tiny, spec_values, tmp_path, state):
    stage1 = RunFolder.create(tmp_path, parse_spec(spec_values))
    status = stage1.status()
    stage1.write_status(type(status)(**{**vars(status), "state": state}))
    with pytest.raises(RunError, match=f"no finished Stage-1 checkpoint.*{state}"):
        Launcher(tmp_path).submit(parse_spec(stage2_values(tiny, stage1.id)))


def test_stage2_needs_a_stage1_run_and_no_other(tiny, trained):
    with pytest.raises(RunError, match="stage2 run"):
        Launcher(trained.runs_dir).submit(parse_spec(stage2_values(tiny, trained.stage2)))


def test_the_queue_goes_on_after_a_run_that_vanished(spec_values, tmp_path):
    launcher = Launcher(tmp_path)
    launcher._queue.append("deleted-while-it-waited")
    assert wait_for(launcher.submit(parse_spec(spec_values)), "finished", "failed") == "finished"


def test_a_run_that_stands_in_the_queue_twice_trains_once(spec_values, tmp_path, monkeypatch):
    monkeypatch.setattr("av1core.runs.launcher.devices", lambda: ["cpu", "cpu"])
    launcher = Launcher(tmp_path)
    run = RunFolder.create(tmp_path, parse_spec(spec_values))
    launcher._queue.append(run.id)
    launcher._enqueue(run)
    assert wait_for(run, "finished", "failed") == "finished"
    # A run behind it shows that both entries have been taken.
    assert wait_for(launcher.submit(parse_spec(spec_values | {"seed": 1})), "finished", "failed") == "finished"
    assert run.log_file.read_text().count(" training ") == 1
