"""The shipped runs: opened whole and once, known by their tag."""

import shutil

import pytest

from av1core.errors import RunError
from av1core.runs.annotations import Annotations
from av1core.runs.demo import DEMO, demo_runs, open_demo
from av1core.runs.folder import RunFolder


@pytest.fixture
def shipped(trained, tmp_path):
    folder = shutil.copytree(trained.runs_dir, tmp_path / "shipped")
    for run in (trained.stage1, trained.stage2):
        RunFolder(folder / run).write_annotations(Annotations(tags=(DEMO,)))
    return folder


def test_shipped_runs_are_copied_and_later_stages_are_named_first(shipped, trained, tmp_path):
    runs_dir = tmp_path / "runs"
    assert sorted(open_demo(runs_dir, shipped)) == sorted([trained.stage1, trained.stage2])
    for run in (trained.stage1, trained.stage2):
        files = {file.name: file.read_bytes() for file in (shipped / run).iterdir()}
        assert {file.name: file.read_bytes() for file in (runs_dir / run).iterdir()} == files
    assert demo_runs(runs_dir) == [trained.stage2, trained.stage1]


def test_a_run_that_is_there_stays_as_it_is(shipped, trained, tmp_path):
    runs_dir = tmp_path / "runs"
    open_demo(runs_dir, shipped)
    own = RunFolder(runs_dir / trained.stage1)
    own.write_annotations(Annotations(name="mine"))
    RunFolder(runs_dir / trained.stage2).remove()
    assert open_demo(runs_dir, shipped) == [trained.stage2]
    assert own.annotations().name == "mine" and demo_runs(runs_dir) == [trained.stage2]


def test_what_cannot_be_opened_says_so(tmp_path, shipped):
    with pytest.raises(RunError, match="no demo runs"):
        open_demo(tmp_path / "runs", tmp_path / "nothing")
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be copied"):
        open_demo(tmp_path / "file", shipped)
