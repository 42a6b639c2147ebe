import json
import os
import subprocess
import time

import pytest

from av1core.errors import RunError, SpecError
from av1core.runs.folder import RunFolder
from av1core.runs.records import HEARTBEAT_TIMEOUT, RESUMABLE, Status, process_start
from av1core.training.spec import parse_spec


@pytest.fixture
def folder(tmp_path):
    return RunFolder.create(tmp_path, parse_spec({"name": "../Odd / näme"}))


def test_a_new_run_is_queued_with_its_spec_and_stays_inside_the_runs_folder(folder, tmp_path):
    assert folder.path.parent == tmp_path and folder.path.is_dir()
    assert folder.spec().name == "../Odd / näme"
    assert folder.status().state == "queued"
    assert folder.provenance() is None and list(folder.history()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == [folder.id]


def test_equal_specs_at_the_same_second_get_folders_of_their_own(tmp_path):
    ids = {RunFolder.create(tmp_path, parse_spec({})).id for _ in range(5)}
    assert len(ids) == 5


@pytest.mark.parametrize(
    "run", ["", "nothing", "..", ".", "../elsewhere", "a/b", "..\\elsewhere", "a\0b", ".lab", "/etc", "x" * 300]
)
def test_a_run_that_is_not_there_or_outside_is_an_error(folder, tmp_path, run):
    (tmp_path.parent / "elsewhere").mkdir(exist_ok=True)
    for place in (tmp_path.parent / "elsewhere", tmp_path.parent, tmp_path):
        (place / "spec.json").touch()
    with pytest.raises(RunError, match="no run"):
        RunFolder.open(tmp_path, run)


@pytest.mark.parametrize("content", ["", "{", '{"colour": 1}', "[]", '{"seed": "x"}'])
def test_a_damaged_spec_is_an_error_that_names_the_file(folder, content):
    folder.spec_file.write_text(content)
    with pytest.raises(RunError, match=r"spec\.json"):
        folder.spec()


@pytest.mark.parametrize("content", ["", '{"state": "running"}', '{"state": "dancing", "created": 1, "heartbeat": 1}'])
def test_a_damaged_status_is_an_error_that_names_the_file(folder, content):
    folder.status_file.write_text(content)
    with pytest.raises(RunError, match=r"status\.json"):
        folder.status()


def test_a_torn_last_line_of_the_history_is_left_out(folder):
    for epoch in (1, 2):
        folder.append_history({"epoch": epoch})
    whole = folder.history_file.read_text()
    folder.history_file.write_text(whole + json.dumps({"epoch": 3})[:-3])
    assert [record["epoch"] for record in folder.history()] == [1, 2]
    folder.keep_history(1)
    assert [record["epoch"] for record in folder.history()] == [1]
    folder.append_history({"epoch": 2})
    assert folder.history_file.read_text() == whole


def test_a_running_run_whose_process_is_gone_reads_interrupted(folder):
    now = time.time()
    folder.write_status(Status(state="running", created=now, heartbeat=now))
    assert folder.status().state == "running"
    folder.write_status(Status(state="running", created=now, heartbeat=now, pid=2**22 + 1))
    assert folder.status().state == "interrupted"


def test_a_process_that_has_the_number_of_one_before_a_restart_does_not_pass_for_it(folder):
    now = time.time()
    folder.write_status(Status(state="running", created=now, heartbeat=now, process_start="1"))
    assert folder.status().state == "interrupted"


def test_a_process_that_was_killed_does_not_live_on_as_a_zombie(folder):
    process = subprocess.Popen(["sleep", "60"])
    now = time.time()
    started = process_start(process.pid)
    folder.write_status(Status(state="running", created=now, heartbeat=now, pid=process.pid, process_start=started))
    assert folder.status().state == "running"
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and is left as it is
    assert folder.status().state == "interrupted"
    process.wait()


def test_a_running_run_without_a_heartbeat_reads_interrupted_even_if_its_process_lives(folder):
    now = time.time()
    folder.write_status(Status(state="running", created=now, heartbeat=now - HEARTBEAT_TIMEOUT - 1))
    assert folder.status().state == "interrupted"


def test_a_waiting_run_needs_no_process(folder):
    folder.write_status(Status(state="queued", created=1, heartbeat=1, pid=2**22 + 1))
    assert folder.status().state == "queued"


@pytest.mark.parametrize("state", RESUMABLE)
def test_a_run_that_ended_early_is_reopened_once_with_what_it_has(folder, state):
    folder.write_status(Status(state=state, created=5, heartbeat=6, epoch=3, epochs=9, message="why", attempt=2))
    folder.request_stop("cancelled")
    (folder.path / ".last.pt.0123.tmp").write_bytes(b"half")
    folder.reopen("queued")
    status = folder.status()
    assert {file.name for file in folder.path.iterdir()} == {"spec.json", "status.json"}
    assert (status.state, status.created, status.epoch, status.epochs, status.message) == ("queued", 5, 3, 9, "")
    assert status.attempt == 3 and folder.stop_requested() is None
    with pytest.raises(RunError, match="queued"):
        folder.reopen("queued")


@pytest.mark.parametrize("state", ["cancelled", "paused", "interrupted"])
def test_the_state_in_which_a_run_shall_end_is_kept(folder, state):
    assert folder.stop_requested() is None
    folder.request_stop(state)
    assert folder.stop_requested() == state


def test_a_run_of_another_machine_lives_as_long_as_its_heart_beats(folder):
    now = time.time()
    folder.write_status(Status(state="running", created=now, heartbeat=now, host="elsewhere", pid=1))
    assert folder.status().state == "running"
    folder.write_status(Status(state="running", created=now, heartbeat=now - 1000, host="elsewhere", pid=1))
    assert folder.status().state == "interrupted"


def test_an_unwritable_place_is_an_error_that_names_it(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="file"):
        RunFolder.create(tmp_path / "file", parse_spec({}))


def test_names_are_bounded():
    with pytest.raises(SpecError, match="name"):
        parse_spec({"name": "x" * 1000})
