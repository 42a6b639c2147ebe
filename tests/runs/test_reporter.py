from dataclasses import replace

import pytest

from av1core.runs import reporter as module
from av1core.runs.folder import RunFolder
from av1core.runs.reporter import HEARTBEAT_SECONDS, Reporter
from av1core.training.spec import parse_spec
from av1core.training.trainer import Step


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    made = RunFolder.create(tmp_path, parse_spec({"epochs": 7}))
    made.write_status(replace(made.status(), epoch=2))
    return made


@pytest.fixture
def clock(monkeypatch):
    """Seconds that the reporter takes for now, as the only item of a list."""
    now = [1000.0]
    monkeypatch.setattr(module.time, "time", lambda: now[0])
    return now


def test_a_run_is_running_as_soon_as_it_has_a_reporter(folder, clock):
    created = folder.status().created
    Reporter(folder)
    status = folder.status()
    assert (status.state, status.created, status.started) == ("running", created, 1000.0)
    assert (status.epoch, status.epochs) == (2, 7)


def test_steps_are_stored_once_a_second(folder, clock):
    reporter = Reporter(folder)
    for _ in range(10):
        clock[0] += 0.099 * HEARTBEAT_SECONDS
        reporter.step(Step(epoch=3, step=4, steps=9, samples_per_second=50.0))
        reporter.alive()
    assert folder.status().step == 0
    clock[0] += 0.02 * HEARTBEAT_SECONDS
    reporter.alive()
    status = folder.status()
    assert (status.step, status.steps, status.samples_per_second) == (4, 9, 50.0)
    assert status.heartbeat == clock[0]


def test_changes_are_stored_at_once_and_the_end_with_its_reason(folder, clock):
    reporter = Reporter(folder)
    reporter.update(epoch=3, best_val_f1=0.5)
    assert (folder.status().epoch, folder.status().best_val_f1) == (3, 0.5)
    clock[0] += 60
    reporter.end("failed", "The disk is full.", best_epoch=1)
    status = folder.status()
    assert (status.state, status.message, status.ended) == ("failed", "The disk is full.", 1060.0)
    assert (status.epoch, status.best_epoch) == (3, 1)
    assert folder.log_file.read_text().endswith("failed: The disk is full.\n")
