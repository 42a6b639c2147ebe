import json
import shutil
from dataclasses import replace

from streamlit.testing.v1 import AppTest

from av1core.runs import launcher
from av1core.runs.annotations import Annotations
from av1core.runs.demo import DEMO, open_demo
from av1core.runs.folder import RunFolder
from av1core.runs.trash import Trash
from tests.pages.reading import texts


def test_says_where_the_project_stands(show, store):
    app = show("overview")
    best = {metric.label: metric.value for metric in app.metric}
    assert "tiny" in texts(app) and "cores" in texts(app)
    if store == "empty":
        assert not best and button(app, "Open the demo runs") and "trees that libaom chose" in texts(app)
    else:
        assert "Stage 1: best macro-F1" in best and "Nothing is training." in texts(app)
        assert "over its Baseline" in texts(app) and not button(app, "Remove")


def test_what_runs_and_what_waits_is_told(show, runs_dir, trained):
    for run in (trained.stage1, trained.stage2):
        shutil.copytree(trained.runs_dir / run, runs_dir / run)
    finished = RunFolder(runs_dir / trained.stage2)
    for state in ("running", "queued", "failed"):
        other = RunFolder(shutil.copytree(finished.path, runs_dir / state))
        status = finished.status().anew(state)
        other.write_status(replace(status, message="no room" if state == "failed" else ""))
    said = texts(show("overview"))
    assert "1 waits" in said and "no room" in said and "Nothing is training." not in said


def test_demo_runs_are_marked_on_every_page_and_removed_at_once(show, runs_dir, trained):
    for run in (trained.stage1, trained.stage2):
        folder = RunFolder(shutil.copytree(trained.runs_dir / run, runs_dir / run))
        folder.write_annotations(Annotations(tags=(DEMO,)))
    assert "2 demo runs" in texts(show("compare"))
    app = show("overview")
    assert "2 of 2 runs are demo runs" in texts(app)
    button(app, "Remove").click().run()
    assert "demo runs" not in texts(app) and button(app, "Open the demo runs")
    assert len(Trash(runs_dir).list()) == 2


def test_demo_runs_are_opened_where_nothing_was_trained(show, runs_dir, trained, monkeypatch):
    monkeypatch.setattr(launcher, "open_demo", lambda folder: open_demo(folder, trained.runs_dir))
    app = show("overview")
    button(app, "Open the demo runs").click().run()
    assert "Stage 1: best macro-F1" in {metric.label for metric in app.metric}


def test_who_may_only_look_removes_and_opens_nothing(show, store, monkeypatch):
    monkeypatch.setenv("AV1LAB_READONLY", "1")
    app = show("overview")
    assert not button(app, "Open the demo runs") and not button(app, "Remove")


def test_the_page_speaks_portuguese(show, store):
    app = show("overview", {"lang": "pt_BR"})
    assert "Conjuntos de dados" in texts(app)


def button(app: AppTest, label: str):
    return next((each for each in app.button if each.label == label), None)


def test_a_damaged_dataset_is_named_and_the_page_stays(show, runs_dir, tmp_path, monkeypatch):
    (tmp_path / "data" / "broken").mkdir(parents=True)
    (tmp_path / "data" / "broken" / "dataset.json").write_text(json.dumps({"name": 3}))
    monkeypatch.setenv("AV1LAB_DATASETS", str(tmp_path / "data"))
    app = show("overview")
    assert "dataset.json" in app.error[0].value
    assert "cores" in texts(app)


def test_no_dataset_says_how_to_build_one(show, runs_dir, tmp_path, monkeypatch):
    monkeypatch.setenv("AV1LAB_DATASETS", str(tmp_path))
    assert "dataset build" in texts(show("overview"))


def test_a_damaged_run_is_listed_with_its_reason(show, runs_dir):
    (runs_dir / "broken").mkdir(parents=True)
    (runs_dir / "broken" / "spec.json").write_text("{")
    app = show("overview")
    assert "spec.json" in texts(app)
