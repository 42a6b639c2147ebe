import pytest

import app
from av1core.errors import RunError
from av1core.runs import demo
from pages._ui import state


@pytest.mark.parametrize("readonly", ["", "1"])
def test_the_server_trains_what_waits_unless_it_is_read_only(monkeypatch, readonly):
    begun = []

    class Recorded:
        def start(self) -> None:
            begun.append(True)

    monkeypatch.setattr(state, "workers", Recorded)
    monkeypatch.setenv("AV1LAB_READONLY", readonly)
    app._begin()
    assert begun == ([] if readonly else [True])


@pytest.fixture
def opened(monkeypatch, tmp_path) -> list:
    """The folders into which the shipped runs were opened, where nobody has named one yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AV1LAB_RUNS", raising=False)
    monkeypatch.delenv("AV1LAB_READONLY", raising=False)
    found = []
    monkeypatch.setattr(demo, "open_demo", found.append)
    return found


def test_the_first_start_opens_the_shipped_runs(opened, tmp_path):
    app._open_demo()
    assert [folder.absolute() for folder in opened] == [tmp_path / "runs"]


def test_no_later_start_opens_them(opened, tmp_path, monkeypatch):
    (tmp_path / "runs").mkdir()
    app._open_demo()
    (tmp_path / "runs").rmdir()
    monkeypatch.setenv("AV1LAB_RUNS", "elsewhere")
    app._open_demo()
    monkeypatch.delenv("AV1LAB_RUNS")
    monkeypatch.setenv("AV1LAB_READONLY", "1")
    app._open_demo()
    assert opened == []


def test_a_server_starts_where_they_cannot_be_opened(opened, monkeypatch, caplog):
    def refused(runs_dir):
        raise RunError("no room")

    monkeypatch.setattr(demo, "open_demo", refused)
    app._open_demo()
    assert "no room" in caplog.text
