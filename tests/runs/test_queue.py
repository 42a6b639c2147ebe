import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from av1core.errors import RunError
from av1core.runs import queue as module
from av1core.runs.folder import RunFolder
from av1core.runs.hidden import hidden
from av1core.runs.queue import RunQueue
from av1core.training.spec import parse_spec


@pytest.fixture
def queue(tmp_path) -> RunQueue:
    return RunQueue(tmp_path / "runs")


def create(queue: RunQueue, count: int, **values) -> list[RunFolder]:
    return queue.create([parse_spec({"seed": seed} | values) for seed in range(count)])


def ids(folders: list[RunFolder]) -> list[str]:
    return [folder.id for folder in folders]


def test_runs_come_out_in_the_order_in_which_they_went_in(queue):
    runs = create(queue, 3)
    assert queue.read().runs == ids(runs)
    assert [queue.claim()[0].id for _ in runs] == ids(runs)
    assert all(run.status().state == "running" for run in runs)
    assert queue.claim() == [] and queue.read().runs == []


def test_each_run_is_claimed_once_however_many_ask(queue):
    runs = create(queue, 12)
    barrier = threading.Barrier(6)

    def claim_all(_) -> list[str]:
        own, found = RunQueue(queue.runs_dir), []
        barrier.wait()
        while taken := own.claim():
            found += ids(taken)
        return found

    with ThreadPoolExecutor(6) as pool:
        claimed = [run for found in pool.map(claim_all, range(6)) for run in found]
    assert sorted(claimed) == sorted(ids(runs))


def test_nothing_is_claimed_while_the_queue_is_paused(queue):
    runs = create(queue, 1)
    with queue.changing() as waiting:
        waiting.paused = True
    assert queue.claim() == [] and RunQueue(queue.runs_dir).read().paused
    with queue.changing() as waiting:
        waiting.paused = False
    assert ids(queue.claim()) == ids(runs)


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b'{"runs": 3}'])
def test_a_lost_order_is_made_anew_from_the_folders(queue, content):
    runs = create(queue, 3)
    for second, run in enumerate(runs):
        run.write_status(replace(run.status(), created=float(second)))
    ended = create(queue, 1, name="Ended")[0]
    ended.write_status(replace(ended.status(), state="cancelled"))
    file = queue.lab / "queue.json"
    file.unlink() if content is None else file.write_bytes(content)
    assert queue.claim() == []
    queue.recover()
    assert queue.read().runs == ids(runs)


def test_recovery_keeps_the_order_and_drops_what_does_not_wait(queue):
    runs = create(queue, 3)
    with queue.changing() as waiting:
        waiting.runs = [runs[2].id, "gone", runs[0].id]
    runs[0].write_status(replace(runs[0].status(), state="cancelled"))
    queue.recover()
    assert queue.read().runs == [runs[2].id, runs[1].id]


def test_recovery_deletes_what_killed_processes_left_but_not_what_a_live_one_writes(queue):
    waiting, running = create(queue, 2)
    running.write_status(replace(running.status(), state="running"))
    half = queue.lab / ".queue.json.0123.tmp", waiting.path / ".annotations.json.0123.tmp"
    written = running.path / ".last.pt.0123.tmp"
    for file in (*half, written):
        file.write_bytes(b"half")
    old = hidden(waiting.path)
    old.mkdir()
    os.utime(old, (0, 0))
    queue.recover()
    assert not any(path.exists() for path in (*half, old)) and written.exists()
    assert queue.read().runs == [waiting.id]


def test_a_run_is_claimed_without_what_a_killed_process_left_in_it(queue):
    (run,) = create(queue, 1)
    before = {file.name for file in run.path.iterdir()}
    (run.path / ".status.json.0123.tmp").write_bytes(b"half")
    queue.claim()
    assert {file.name for file in run.path.iterdir()} == before


def test_a_damaged_run_leaves_the_queue_and_the_others_go_on(queue):
    first, second = create(queue, 2)
    first.spec_file.write_text("{")
    assert ids(queue.claim()) == [second.id]
    assert queue.read().runs == []


def test_an_error_within_a_change_changes_nothing(queue):
    runs = create(queue, 2)
    with pytest.raises(KeyError), queue.changing() as waiting:
        waiting.runs.clear()
        raise KeyError
    assert queue.read().runs == ids(runs)


def test_runs_that_cannot_all_be_marked_still_wait(queue, monkeypatch):
    runs = create(queue, 2, stage="stage2", stage1_run="one", adapter={"batchnorm": "eval"})
    stage1 = queue.runs_dir / "one"
    stage1.mkdir()
    for file in ("spec.json", "status.json"):
        (stage1 / file).write_bytes((runs[0].path / file).read_bytes())
    RunFolder(stage1).write_status(replace(runs[0].status(), state="finished"))
    write = RunFolder.write_status

    def full(self, status) -> None:
        if self.id == runs[1].id and status.state == "running":
            raise OSError(28, "No space left on device")
        write(self, status)

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "write_status", full)
        with pytest.raises(RunError, match="No space left"):
            queue.claim()
    assert queue.read().runs == ids(runs) and {run.status().state for run in runs} == {"queued"}
    assert ids(queue.claim()) == ids(runs)


def test_a_sweep_that_cannot_be_written_whole_leaves_nothing(queue, monkeypatch):
    create = RunFolder.create
    made = []

    def limited(*args, **kwargs) -> RunFolder:
        if len(made) == 2:
            raise RunError("the disk is full")
        made.append(create(*args, **kwargs))
        return made[-1]

    monkeypatch.setattr(module.RunFolder, "create", limited)
    with pytest.raises(RunError, match="full"):
        queue.create([parse_spec({"seed": seed}) for seed in range(3)])
    assert len(made) == 2 and not any(folder.path.exists() for folder in made)
    assert queue.read().runs == []


def test_a_folder_that_cannot_be_written_is_an_error_that_names_it(tmp_path):
    (tmp_path / "file").touch()
    queue = RunQueue(tmp_path / "file")
    with pytest.raises(RunError, match=r"file.*cannot be changed"):
        queue.claim()
    assert queue.read().runs == []


def test_what_is_stored_is_plain(queue):
    runs = create(queue, 1)
    stored = json.loads((queue.lab / "queue.json").read_text())
    assert stored == {"runs": ids(runs), "paused": False}
