import os
import time

from av1core.runs.hidden import LONG_AGO, hidden, remove_folder, remove_hidden_folders


def make(path, age: float = 0):
    path.mkdir()
    (path / "file").touch()
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_only_old_hidden_folders_are_removed(tmp_path):
    old = make(hidden(tmp_path / "run"), LONG_AGO + 60)
    kept = {
        make(hidden(tmp_path / "run")),
        make(tmp_path / "run", LONG_AGO + 60),
        make(tmp_path / ".lab", LONG_AGO + 60),
    }
    remove_hidden_folders(tmp_path)
    assert not old.exists() and set(tmp_path.iterdir()) == kept


def test_a_folder_that_is_only_half_deleted_is_hidden(tmp_path, monkeypatch):
    folder = make(tmp_path / "run")
    monkeypatch.setattr("shutil.rmtree", lambda *args, **kwargs: None)  # as if killed here
    remove_folder(folder)
    assert not folder.exists() and len(list(tmp_path.glob(".run.*"))) == 1


def test_a_deleted_folder_leaves_nothing(tmp_path):
    remove_folder(make(tmp_path / "run"))
    remove_folder(tmp_path / "absent")
    assert not any(tmp_path.iterdir())
