import logging
import shutil
import threading
import time
from dataclasses import replace

import pytest
import torch

from av1core.errors import RunError
from av1core.runs import execute as execution
from av1core.runs.folder import RunFolder
from av1core.runs.launcher import Launcher
from av1core.runs.queue import RunQueue
from av1core.runs.workers import local as module
from av1core.training.spec import parse_spec
from tests.runs.test_execute import untimed
from tests.runs.test_launcher import ENDLESS, wait_for
from tests.synthetic import stage2_values


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "POLL_SECONDS", 0.05)


@pytest.fixture
def launcher(tmp_path):
    launcher = Launcher(tmp_path / "runs")
    yield launcher
    launcher.workers.close()


def wait_until(condition, seconds: float = 30) -> None:
    deadline = time.time() + seconds
    while not condition():
        assert time.time() < deadline
        time.sleep(0.02)


def notices(launcher: Launcher) -> str:
    return "\n".join(notice.text for notice in launcher.workers.notices())


def test_closing_ends_what_runs_as_interrupted_and_a_new_process_goes_on_with_what_waits(launcher, spec_values):
    run = launcher.submit(parse_spec(spec_values | ENDLESS))
    waiting = launcher.submit(parse_spec(spec_values))
    wait_for(run, "running")
    launcher.workers.close()
    assert (run.status().state, waiting.status().state) == ("interrupted", "queued")
    assert "process" in run.status().message

    again = Launcher(launcher.runs_dir)
    again.workers.start()
    assert wait_for(waiting, "finished", "failed") == "finished"
    again.resume(run.id)
    wait_for(run, "running")
    again.workers.close()
    assert run.status().state == "interrupted"


@pytest.mark.parametrize("death", [SystemExit, KeyboardInterrupt])
def test_a_worker_that_dies_is_replaced_and_says_so(launcher, spec_values, monkeypatch, death):
    train, deaths = execution.execute_together, []

    def dying(*args):
        if not deaths:
            deaths.append(threading.current_thread())
            raise death
        return train(*args)

    monkeypatch.setattr(execution, "execute_together", dying)
    monkeypatch.setattr(threading, "excepthook", lambda args: None)
    first, second = (launcher.submit(parse_spec(spec_values | {"seed": seed})) for seed in range(2))
    assert wait_for(second, "finished", "failed") == "finished"
    assert not deaths[0].is_alive()
    assert first.status().state == "interrupted" and death.__name__ in first.status().message
    assert "worker of cpu died and was replaced" in notices(launcher)
    launcher.resume(first.id)
    assert wait_for(first, "finished", "failed") == "finished"


def test_a_worker_that_meets_an_error_goes_on_and_says_so(launcher, spec_values, monkeypatch):
    train, faults = execution.execute_together, []

    def faulty(*args):
        if not faults:
            faults.append(1)
            raise RunError("the folder went away")
        return train(*args)

    monkeypatch.setattr(execution, "execute_together", faulty)
    first, second = (launcher.submit(parse_spec(spec_values | {"seed": seed})) for seed in range(2))
    assert wait_for(second, "finished", "failed") == "finished"
    assert first.status().state == "interrupted" and "the folder went away" in first.status().message
    assert "the folder went away" in notices(launcher)


def test_a_problem_that_stays_is_told_once(launcher, spec_values, monkeypatch, caplog):
    looks = []

    def unwritable(self) -> None:
        looks.append(1)
        raise RunError("the folder is read-only")

    monkeypatch.setattr(RunQueue, "recover", unwritable)
    launcher.workers.start()
    wait_until(lambda: len(looks) >= 4)
    assert notices(launcher).count("read-only") == len(caplog.records) == 1


def test_a_device_that_is_lost_takes_no_more_runs(launcher, spec_values, monkeypatch):
    monkeypatch.setattr(module, "devices", lambda: ["cuda:99"])
    lost = torch.AcceleratorError("CUDA error: unspecified launch failure")

    def fail(*args, **kwargs):
        raise lost

    monkeypatch.setattr(execution, "to_device", fail)
    # There is no such device, which answers as a lost one does.
    first, second = (launcher.submit(parse_spec(spec_values | {"seed": seed})) for seed in range(2))
    assert wait_for(first, "failed", "finished") == "failed"
    assert "unspecified launch failure" in first.status().message
    wait_until(lambda: "cuda:99 does not answer any more" in notices(launcher))
    time.sleep(0.3)
    assert second.status().state == "queued"
    assert [worker.doing for worker in launcher.workers.report()] == [module.LOST]


def test_two_processes_on_one_folder_take_turns_on_a_device(launcher, spec_values):
    run = launcher.submit(parse_spec(spec_values | ENDLESS))
    wait_for(run, "running")
    other = Launcher(launcher.runs_dir)  # its own locks, as another process has them
    waiting = other.submit(parse_spec(spec_values))
    wait_until(lambda: [worker.doing for worker in other.workers.report()] == [module.BUSY])
    assert waiting.status().state == "queued"
    launcher.cancel(run.id)
    assert wait_for(waiting, "finished", "failed") == "finished"
    assert waiting.status().started >= run.status().ended
    other.workers.close()


def test_a_queue_filled_by_another_process_is_noticed(launcher, spec_values):
    first = launcher.submit(parse_spec(spec_values))
    assert wait_for(first, "finished", "failed") == "finished"
    (second,) = RunQueue(launcher.runs_dir).create([parse_spec(spec_values | {"seed": 1})])
    assert wait_for(second, "finished", "failed") == "finished"


def test_an_end_that_cannot_be_stored_is_stored_when_that_is_possible_again(launcher, spec_values, monkeypatch, caplog):
    caplog.set_level(logging.CRITICAL)
    full = threading.Event()
    write, append = RunFolder.write_status, RunFolder.append_history

    def no_room(method):
        def guarded(self, *args):
            if full.is_set():
                raise OSError(28, "No space left on device")
            method(self, *args)

        return guarded

    monkeypatch.setattr(RunFolder, "write_status", no_room(write))
    monkeypatch.setattr(RunFolder, "append_history", no_room(append))
    run = launcher.submit(parse_spec(spec_values | {"epochs": 50}))
    wait_until(lambda: len(list(run.history())) == 1)
    full.set()
    wait_until(lambda: launcher.workers._unstored)
    assert run.stored_status().state == "running"
    full.clear()
    assert wait_for(run, "failed", "finished") == "failed"
    assert "No space left on device" in run.status().message
    stored = untimed(run)
    launcher.resume(run.id)
    wait_until(lambda: len(untimed(run)) > len(stored))
    assert untimed(run)[: len(stored)] == stored


def test_who_was_replaced_leaves_the_run_alone(trained, tiny, tmp_path):
    """A process that seemed to be gone wakes up after another one has begun the run anew."""
    shutil.copytree(trained.runs_dir / trained.stage1, tmp_path / trained.stage1)
    values = stage2_values(tiny, trained.stage1) | {"epochs": 3}
    whole, run = (RunFolder.create(tmp_path, parse_spec(values)) for _ in range(2))
    assert execution.execute(whole).state == "finished"
    append, taken = run.append_history, []

    def taken_over(record) -> None:
        append(record)
        status = run.stored_status()
        taken.append(replace(status, state="queued", attempt=status.attempt + 1))
        run.write_status(taken[0])

    run.append_history = taken_over
    status = execution.execute(run)
    assert status.state == "interrupted" and "somebody else" in status.message
    assert run.stored_status() == taken[0] and len(untimed(run)) == 1
    assert execution.execute(RunFolder(run.path)).state == "finished"
    assert untimed(run) == untimed(whole)
