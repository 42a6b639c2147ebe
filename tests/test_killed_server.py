"""Processes killed at random moments: what was stored is neither lost nor torn, and all ends as undisturbed."""

import os
import random
import shutil
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from statistics import mean

import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch

from av1core.runs.checkpoint import load_weights
from av1core.runs.folder import RunFolder
from av1core.runs.index import RunIndex
from av1core.runs.launcher import Launcher
from av1core.runs.queue import RunQueue
from av1core.runs.records import Status
from av1core.runs.workers.base import Elsewhere
from av1core.storage import read_json
from av1core.training.spec import parse_spec
from tests.browser.server import error_lines
from tests.forked import PROCESSES, start_dashboard, warm_up
from tests.runs.test_execute import untimed
from tests.synthetic import stage1_values, stage2_values

SHARED = {"epoch_blocks": 96, "dropout": 0.3, "schedule": {"early_stopping": 1000}}
STAGE1 = SHARED | {"epochs": 20, "backbone": {"name": "test_resnet"}}
STAGE2 = SHARED | {"epochs": 32}
TOGETHER = [{"seed": seed, "loss": {"name": loss}} for loss in ("focal", "poly") for seed in (0, 1)]
AUGMENTED = {"adapter": {"batchnorm": "train"}, "augmentation": {"flips": True, "mixup_alpha": 0.4}}
ALONE = [AUGMENTED | {"seed": seed} for seed in (0, 1)]

MOMENTS = {"starts": 8, "begins a run": 10, "has stored an epoch": 20, "writes a file": 12}
"""What the server does shortly before it is killed, and how often; it is killed within about an epoch of that."""


class Sweep:
    """The runs of a folder, and the server that trains them."""

    def __init__(self, runs_dir: Path, runs: list[str], datasets: Path):
        self.runs_dir, self.datasets = runs_dir, datasets
        self.launcher = Launcher(runs_dir, workers=Elsewhere())
        self.runs = [RunFolder(runs_dir / run) for run in runs]
        self.log = runs_dir.with_suffix(".log")
        self.server: BaseProcess | None = None

    def start(self) -> None:
        self.server = start_dashboard(self.runs_dir, self.log, self.datasets)

    def kill(self) -> None:
        if self.server is not None:
            self.server.kill()
            self.server.join()

    def wait(self, condition: Callable[[], bool]) -> None:
        """Until the condition holds, or nothing is left to train."""
        deadline = time.monotonic() + 300
        while not condition() and self.goes_on():
            assert self.server.is_alive() and time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.001)

    def finish(self) -> None:
        """Let a server train until all has ended."""
        self.start()
        self.wait(lambda: False)
        self.kill()
        assert {run.status().state for run in self.runs} == {"finished"}, self.log.read_text()
        assert not error_lines(self.log)

    def goes_on(self) -> bool:
        return any(run.stored_status().state in ("queued", "running") for run in self.runs)

    def attempts(self) -> list[int]:
        return [run.stored_status().attempt for run in self.runs]

    def epochs(self) -> list[int]:
        return [len(list(run.history())) for run in self.runs]

    def unfinished_files(self) -> set[str]:
        folders = [self.runs_dir / ".lab", *(run.path for run in self.runs)]
        return {name for folder in folders for name in os.listdir(folder) if name.endswith(".tmp")}

    def wait_for_moment(self, moment: str, share: float, start: float, epoch: float) -> None:
        """Until a moment of the kind; share in [0, 1) says which. start, epoch: seconds that these take undisturbed."""
        if moment == "starts":
            time.sleep(1.5 * share * start)
        elif moment == "begins a run":
            self.wait(changes(self.attempts))
            time.sleep(share * epoch)
        elif moment == "has stored an epoch":
            self.wait(changes(self.epochs))
            time.sleep(2 * share * epoch)
        else:
            seen, left_before = set(), self.unfinished_files()
            self.wait(lambda: seen.update(self.unfinished_files() - left_before) or len(seen) > 30 * share)


def changes(measure: Callable[[], list[int]]) -> Callable[[], bool]:
    before = measure()
    return lambda: measure() != before


@pytest.fixture
def sweeps(tiny, tmp_path):
    """The same sweep twice, all of it waiting: one to be left alone, one to be disturbed."""
    launcher = Launcher(tmp_path / "whole", workers=Elsewhere())
    stage1 = launcher.submit(parse_spec(stage1_values(tiny) | STAGE1))
    values = stage2_values(tiny, stage1.id) | STAGE2
    stage2 = launcher.submit_all([parse_spec(values | own) for own in (*TOGETHER, *ALONE)])
    shutil.copytree(tmp_path / "whole", tmp_path / "broken")
    runs = [stage1.id, *(run.id for run in stage2)]
    both = [Sweep(tmp_path / name, runs, tiny.parent) for name in ("whole", "broken")]
    yield both
    for sweep in both:
        sweep.kill()


def test_killed_fifty_times_nothing_is_lost_and_all_ends_as_undisturbed(sweeps):
    whole, broken = sweeps
    warm_up()
    began = time.time()
    whole.finish()
    start = whole.runs[0].status().started - began
    epoch = mean(record["seconds"] for run in whole.runs for record in run.history())

    drawn = random.Random(0)
    moments = [moment for moment, count in MOMENTS.items() for _ in range(count)]
    drawn.shuffle(moments)
    index = RunIndex(broken.runs_dir)
    interrupted = set()
    for moment in moments:
        assert broken.goes_on(), "The sweep ended too early: give it more epochs."
        before = [run.stored_status() for run in broken.runs]
        broken.start()
        broken.wait_for_moment(moment, drawn.random(), start, epoch)
        assert broken.server.is_alive(), broken.log.read_text()
        broken.kill()
        for run, undisturbed, earlier in zip(broken.runs, whole.runs, before, strict=True):
            assert_nothing_is_lost(run, undisturbed, earlier)
        states = {run.id: run.status().state for run in broken.runs}
        assert {run for run in states if states[run] == "queued"} <= set(broken.launcher.waiting().runs)
        assert_all_files_are_whole(broken.runs_dir)
        assert_as_built_anew(index)
        for run in states:
            if states[run] == "interrupted":
                interrupted.add(run)
                broken.launcher.resume(run)

    broken.finish()
    # Which of those side by side a kill finds unfinished depends on the pace of the machine.
    assert len(interrupted) > len(broken.runs) / 2
    for run, undisturbed in zip(broken.runs, whole.runs, strict=True):
        assert_equal(run, undisturbed)
    assert [path.name for path in broken.runs_dir.rglob(".*")] == [".lab"]


def assert_nothing_is_lost(run: RunFolder, undisturbed: RunFolder, earlier: Status) -> None:
    status, history = run.status(), untimed(run)
    assert history == untimed(undisturbed)[: len(history)]
    assert len(history) >= status.epoch >= earlier.epoch
    if status.attempt == earlier.attempt:
        assert status.state == earlier.state
    else:
        assert status.state in ("interrupted", "finished"), status.message


def assert_all_files_are_whole(runs_dir: Path) -> None:
    read = {".json": read_json, ".parquet": pq.read_table, ".safetensors": load_weights}
    read[".pt"] = lambda file: torch.load(file, weights_only=True)
    for file in runs_dir.rglob("*"):
        if file.suffix in read and not file.name.startswith("."):
            read[file.suffix](file)


def assert_as_built_anew(index: RunIndex) -> None:
    anew = RunIndex(index.runs_dir)
    for one in (index, anew):
        one.refresh()
    for table in ("SELECT * FROM runs ORDER BY run", "SELECT * FROM epochs ORDER BY run, epoch"):
        pd.testing.assert_frame_equal(index.query(table), anew.query(table))


def assert_equal(run: RunFolder, undisturbed: RunFolder) -> None:
    assert untimed(run) == untimed(undisturbed)
    assert run.predictions_file.read_bytes() == undisturbed.predictions_file.read_bytes()
    ours, theirs = load_weights(run.best_file), load_weights(undisturbed.best_file)
    assert ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in theirs)


def launch_and_delete(runs_dir: Path, dataset: Path) -> None:
    launcher = Launcher(runs_dir, workers=Elsewhere())
    specs = [parse_spec(stage1_values(dataset) | {"seed": seed}) for seed in range(3)]
    while True:
        first, second, _ = launcher.submit_all(specs, tags=["made to be killed"])
        for run in (first, second):
            launcher.cancel(run.id)
            launcher.delete(run.id)
        launcher.restore(second.id)
        launcher.empty_trash()
        launcher.resume(second.id)


def test_killed_while_runs_are_launched_and_deleted_no_part_of_one_is_seen(tiny, tmp_path):
    runs_dir, drawn = tmp_path / "runs", random.Random(0)
    queue, index = RunQueue(runs_dir), RunIndex(runs_dir)
    warm_up()
    for _ in range(20):
        process = PROCESSES.Process(target=launch_and_delete, args=(runs_dir, tiny), daemon=True)
        before = set(runs_dir.glob("*"))
        process.start()
        while set(runs_dir.glob("*")) == before:
            assert process.is_alive()
            time.sleep(0.001)
        time.sleep(drawn.uniform(0, 0.2))
        process.kill()
        process.join()
        assert_all_files_are_whole(runs_dir)
        assert_as_built_anew(index)
        runs = index.runs()
        assert set(runs["state"]) <= {"queued", "cancelled"}
        queue.recover()
        assert set(queue.read().runs) == set(runs.loc[runs["state"] == "queued", "run"])
        for deleted in Launcher(runs_dir, workers=Elsewhere()).deleted():
            assert sorted(os.listdir(runs_dir / ".lab" / "trash" / deleted.run)) == WAITING
    for path in [*runs_dir.glob(".*.*"), *runs_dir.glob(".lab/.*.*")]:
        os.utime(path, (0, 0))
    queue.recover()
    assert [path.name for path in runs_dir.rglob(".*")] == [".lab"]


WAITING = ["annotations.json", "spec.json", "status.json"]
"""The files of a run that has not trained."""
