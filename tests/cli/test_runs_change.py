import io
from dataclasses import replace

import pytest

from av1core.runs.annotations import Annotations
from av1core.runs.folder import RunFolder
from av1core.runs.launcher import Launcher
from av1core.runs.workers.base import Elsewhere
from av1core.training.spec import parse_spec
from tests.runs.test_index import make_run


@pytest.fixture
def queued(runs, spec_values):
    """Two runs that wait, and the launcher that queued them."""
    launcher = Launcher(runs.folder, workers=Elsewhere())
    return launcher.submit_all([parse_spec(spec_values), parse_spec(spec_values | {"seed": 1})])


def states(folders) -> list[str]:
    return [folder.status().state for folder in folders]


def test_stop_and_go_on_with_several_runs_without_training_here(runs, queued):
    ids = [folder.id for folder in queued]
    for command, state in (("pause", "paused"), ("resume", "queued"), ("cancel", "cancelled"), ("resume", "queued")):
        code, text, _ = runs(command, *ids)
        assert code == 0 and states(queued) == [state, state]
        assert all(line.startswith(f"{run_id}: ") for line, run_id in zip(text.splitlines(), ids, strict=True))
    assert Launcher(runs.folder).waiting().runs == ids and "runs work" in text


def test_a_running_run_is_asked_to_stop(runs, spec_values):
    folder = RunFolder.create(runs.folder, parse_spec(spec_values), "running")
    (said,) = runs("cancel", folder.id, "--json").rows
    assert said == {"run": folder.id, "message": "will be cancelled within a batch"}
    assert folder.stop_requested() == "cancelled"


def test_what_fails_is_said_and_the_others_are_done(runs, queued):
    first, second = queued
    first.write_status(replace(first.status(), state="finished"))
    code, text, error = runs("cancel", first.id, "no-such-run", second.id)
    assert code == 2 and second.status().state == "cancelled" and text.startswith(second.id)
    assert f"{first.id} is finished" in error and "no-such-run" in error and "Traceback" not in error


def test_retry_queues_a_new_run(runs, spec_values):
    old = RunFolder.create(runs.folder, parse_spec(spec_values))
    old.write_status(replace(old.status(), state="failed"))
    code, text, _ = runs("retry", old.id)
    (new,) = Launcher(runs.folder).waiting().runs
    assert code == 0 and new in text and RunFolder(runs.folder / new).spec() == old.spec()


def test_delete_restore_and_empty_the_trash(runs):
    a, b = (make_run(runs.folder, [0.5], name=name) for name in ("A", "B"))
    assert runs("delete", a.id, b.id).code == 0 and not a.path.exists()
    assert {row["run"]: row["name"] for row in runs("trash", "--json").rows} == {a.id: "A", b.id: "B"}
    assert runs("restore", a.id).code == 0 and a.path.exists()
    assert "1 deleted runs" in runs("trash").out
    code, _, error = runs("trash", "--empty")
    assert code == 2 and "--yes" in error and len(runs("trash", "--json").rows) == 1
    assert runs("trash", "--empty", "--yes", "--json").rows == [{"emptied": 1}]
    assert runs("restore", b.id).code == 2 and runs("trash", "--json").out == ""


def test_name_tags_note_and_pin(runs, monkeypatch):
    folder = make_run(runs.folder, [0.5])
    assert runs("rename", folder.id, "Mine")[:2] == (0, f"{folder.id}: name Mine\n")
    assert runs("tag", folder.id, " losses,bn fix ,losses").code == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("two\nlines"))
    assert runs("note", folder.id, "-").code == 0 and runs("pin", folder.id).code == 0
    assert folder.annotations() == Annotations("Mine", ("losses", "bn fix"), "two\nlines", True)
    (said,) = runs("tag", folder.id, "", "--json").rows
    assert said == {"run": folder.id, "name": "Mine", "tags": [], "note": "two\nlines", "baseline": True}
    assert "taken away" in runs("rename", folder.id, "").out
    assert runs("unpin", folder.id).code == 0
    assert folder.annotations() == Annotations(note="two\nlines")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["rename", "x" * 81], "name"), (["tag", "x" * 41], "tags"), (["note", "x" * 20_001], "note")],
)
def test_what_is_too_long_is_refused(runs, arguments, message):
    folder = make_run(runs.folder, [0.5])
    command, text = arguments
    code, _, error = runs(command, folder.id, text)
    assert code == 2 and error.startswith(f"error: {message}: ") and not folder.annotations_file.exists()


def test_json_is_an_object_a_run(runs, queued):
    said = runs("pause", *(folder.id for folder in queued), "--json").rows
    assert said == [{"run": folder.id, "message": "paused"} for folder in queued]
