"""Making a run small: done twice or begun again after it was stopped, it is the same."""

import shutil

import pytest
import torch

from av1core.errors import DatasetError
from av1core.models.packed import PACKED
from av1core.runs import compact as compacting
from av1core.runs.checkpoint import load_weights, weights_metadata
from av1core.runs.compact import compact
from av1core.runs.folder import RunFolder


def copied(trained, folder) -> RunFolder:
    for run in (trained.stage1, trained.stage2):
        shutil.copytree(trained.runs_dir / run, folder / run)
    compact(RunFolder(folder / trained.stage1))
    return RunFolder(folder / trained.stage2)


def held(folder: RunFolder) -> dict[str, bytes]:
    """What the run says of itself, byte for byte."""
    return {file.name: file.read_bytes() for file in (folder.best_file, folder.predictions_file, folder.status_file)}


def test_a_second_time_changes_nothing(trained, tmp_path):
    folder = copied(trained, tmp_path)
    compact(folder)
    assert PACKED in weights_metadata(folder.best_file) and not folder.last_file.exists()
    before = held(folder)
    compact(folder)
    assert held(folder) == before


def test_a_run_that_could_not_be_scored_is_begun_again(trained, tmp_path, monkeypatch):
    whole = copied(trained, tmp_path / "whole")
    compact(whole)

    def gone(path):
        raise DatasetError("gone")

    folder = copied(trained, tmp_path / "again")
    before = held(folder)
    with monkeypatch.context() as without, pytest.raises(DatasetError):
        without.setattr(compacting.Dataset, "open", gone)
        compact(folder)
    assert held(folder) == before and folder.last_file.exists()
    compact(folder)
    assert held(folder) | {folder.best_file.name: b""} == held(whole) | {whole.best_file.name: b""}
    first, second = load_weights(folder.best_file), load_weights(whole.best_file)
    assert first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
