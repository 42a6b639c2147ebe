"""`demo`: the shipped runs opened and removed; their training is held in tests/runs/test_demo_training.py."""

import json
import shutil

import pytest

from av1core.__main__ import main
from av1core.runs import demo_training, launcher
from av1core.runs.annotations import Annotations
from av1core.runs.demo import DEMO, open_demo
from av1core.runs.folder import RunFolder


@pytest.fixture
def shipped(trained, tmp_path, monkeypatch):
    folder = shutil.copytree(trained.runs_dir, tmp_path / "shipped")
    for run in (trained.stage1, trained.stage2):
        RunFolder(folder / run).write_annotations(Annotations(tags=(DEMO,)))
    monkeypatch.setattr(launcher, "open_demo", lambda runs_dir: open_demo(runs_dir, folder))
    return folder


def test_shipped_runs_are_opened_and_removed(shipped, trained, tmp_path, capsys):
    runs_dir = tmp_path / "runs"
    assert main(["demo", "open", "--runs", str(runs_dir), "--json"]) == 0
    assert sorted(json.loads(capsys.readouterr().out)["runs"]) == sorted([trained.stage1, trained.stage2])
    (runs_dir / "own").mkdir()
    assert main(["demo", "remove", "--runs", str(runs_dir)]) == 0
    assert "2 demo runs moved to the trash" in capsys.readouterr().out
    assert sorted(folder.name for folder in runs_dir.iterdir()) == [".lab", "own"]
    assert main(["runs", "restore", trained.stage1, "--runs", str(runs_dir)]) == 0


def test_training_tells_what_is_there(tmp_path, capsys, monkeypatch, trained):
    out = shutil.copytree(trained.runs_dir, tmp_path / "out")
    folders = [RunFolder(out / run) for run in (trained.stage1, trained.stage2)]

    def train(where, device, ended):
        ended(folders[0], folders[0].status())
        return folders

    monkeypatch.setattr(demo_training, "train_demo", train)
    assert main(["demo", "--out", str(out), "--device", "cpu"]) == 0
    output = capsys.readouterr()
    assert "2 of 2 runs finished" in output.out and "best val macro-F1" in output.err


def test_a_read_only_lab_changes_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("AV1LAB_READONLY", "1")
    for action in ("train", "open", "remove"):
        assert main(["demo", action, "--runs", str(tmp_path / "runs"), "--out", str(tmp_path / "out")]) == 2
    assert list(tmp_path.iterdir()) == []
