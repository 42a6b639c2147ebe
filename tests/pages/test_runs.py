import shutil
import time
from dataclasses import replace

import pytest

from av1core.runs.annotations import Annotations
from av1core.runs.folder import RunFolder
from av1core.runs.launcher import Launcher
from av1core.runs.queue import RunQueue
from av1core.runs.records import LIVE
from av1core.runs.workers.base import Elsewhere
from pages._ui.text import plain
from tests.hostile_names import HOSTILE
from tests.pages.reading import texts

NAME = HOSTILE[:80]


@pytest.fixture
def many(runs_dir, trained) -> list[str]:
    """Copies of a Stage-2 run by their ids, the last of which failed, and beside them the Stage-1 run."""
    RunFolder(shutil.copytree(trained.runs_dir / trained.stage1, runs_dir / trained.stage1))
    runs = [f"run-{number}" for number in range(3)]
    for place, run in enumerate(runs):
        folder = RunFolder(shutil.copytree(trained.runs_dir / trained.stage2, runs_dir / run))
        state = "failed" if place == 2 else "finished"
        folder.write_status(replace(folder.status(), state=state, created=1e9 + place, message=f"message {place}"))
        folder.write_annotations(Annotations(f"Run {place}", note=f"first line {place}\nsecond"))
    return runs


@pytest.fixture(autouse=True)
def no_training(monkeypatch):
    """Runs that the page queues stay in the queue."""
    monkeypatch.setattr("pages._ui.state.make_workers", lambda queue: Elsewhere())


def linked(show, *runs: str):
    """The page with these runs chosen."""
    app = show("runs")
    if len(runs) == 1:
        app.query_params["run"] = runs[0]
    app.session_state["runs-chosen"] = list(runs)
    app.run()
    assert not app.exception, app.exception
    return app


def button(app, label: str):
    return next(button for button in app.button if button.label == label)


def press(app, label: str):
    button(app, label).click().run()
    assert not app.exception, app.exception
    return app


def table(app):
    return app.dataframe[0].value


def annotations(runs_dir, run: str) -> Annotations:
    return RunFolder(runs_dir / run).annotations()


def test_every_run_has_a_row(show, store):
    app = show("runs")
    if store == "empty":
        assert "Start with Stage 1" in texts(app) and not app.dataframe
        return
    number = {"one": 1, "many": 5}[store]
    assert len(table(app)) == number and f"{number} of {number} run" in texts(app)
    assert "Click a run" in texts(app) and set(table(app)["state"]) == {"✓ finished"}


def test_a_row_says_what_the_files_say(show, runs_dir, many):
    RunFolder(runs_dir / many[0]).write_annotations(Annotations(NAME, ("a", "b"), " \nfirst\nsecond", True))
    row = table(show("runs")).set_index("run").loc[many[0]]
    history = list(RunFolder(runs_dir / many[0]).history())
    best = max(history, key=lambda record: record["val_f1"])
    assert (row["name"], list(row["tags"]), row["pinned"], row["note"]) == (NAME, ["a", "b"], "baseline", "first")
    assert row["best"] == pytest.approx(100 * best["val_f1"], abs=0.005) and row["best_epoch"] == best["epoch"]
    assert (row["stage"], row["epochs"]) == ("Stage 2", "2 of 2") and row["created"].timestamp() == 1e9


def test_filters_narrow_the_table_and_say_by_how_much(show, runs_dir, many):
    RunFolder(runs_dir / many[0]).write_annotations(Annotations("Other", ("losses",)))
    app = show("runs")
    app.text_input(key="runs-text").set_value("FIRST run-1").run()
    assert table(app)["run"].tolist() == [many[1]] and "1 of 4 runs" in texts(app)
    app.text_input(key="runs-text").set_value("").run()
    app.multiselect(key="runs-tag").set_value(["losses"]).run()
    assert table(app)["run"].tolist() == [many[0]]
    app.multiselect(key="runs-tag").set_value([])
    app.multiselect(key="runs-stage").set_value(["stage2"])
    app.multiselect(key="runs-state").set_value(["failed"]).run()
    assert table(app)["run"].tolist() == [many[2]] and not app.exception


def test_a_link_opens_a_run_with_what_is_known_of_it(show, runs_dir, many, trained):
    app = linked(show, many[1])
    shown = texts(app)
    assert "Run 1" in shown and "message 1" in shown and trained.stage1 in shown
    provenance = RunFolder(runs_dir / many[1]).provenance()
    assert f"{provenance.train_blocks:,} training" in shown
    settings = app.dataframe[1].value.set_index("setting")["value"]
    assert settings["stage1_run"] == trained.stage1 and settings["adapter.reduction"] == "4"
    assert app.query_params["run"] == [many[1]] or app.query_params["run"] == many[1]
    assert "is not among these" in texts(linked(show, "no-such-run"))


def test_a_run_links_to_the_pages_that_show_it(show, runs_dir, trained):
    for run in (trained.stage1, trained.stage2):
        shutil.copytree(trained.runs_dir / run, runs_dir / run)
    shutil.copytree(runs_dir / trained.stage2, runs_dir / "bare")
    (runs_dir / "bare" / "best.safetensors").unlink()
    Launcher(runs_dir, workers=Elsewhere()).pin("bare", True)
    for run in (trained.stage1, trained.stage2):
        links = {link.proto.label: link.proto.query_string for link in linked(show, run).get("page_link")}
        assert f"run={run}" in links["Compare"] and "level=Single+runs" in links["Compare"]
        assert ("run=bare" in links["Compare"]) == (run == trained.stage2)
        assert f"run={run}" in links["Attribution"]
    assert [link.proto.label for link in linked(show, "bare").get("page_link")] == ["Compare"]


def said(app, kind: str, field: str):
    """The widget of the form of name, tags and note."""
    return next(
        widget for widget in getattr(app, kind) if widget.label == field and str(widget.key).startswith("said-")
    )


def test_name_tags_and_note_are_saved_and_shown_as_text(show, runs_dir, many):
    app = linked(show, many[0])
    said(app, "text_input", "Name").set_value(NAME)
    said(app, "multiselect", "Tags").set_value(["a tag"])
    said(app, "text_area", "Note").set_value(f"{HOSTILE}\n# x")
    press(app, "Save")
    assert annotations(runs_dir, many[0]) == Annotations(NAME, ("a tag",), f"{HOSTILE}\n# x")
    assert table(app).set_index("run").loc[many[0], "name"] == NAME and not app.error
    assert said(app, "text_area", "Note").value == f"{HOSTILE}\n# x"
    assert NAME not in texts(app) and r"\<img src=x" in app.header[0].value
    said(app, "text_input", "Name").set_value("")
    press(app, "Save")
    assert annotations(runs_dir, many[0]).name == "" and app.header[0].value == "Tiny 2"


def test_saving_keeps_what_somebody_else_changed_meanwhile(show, runs_dir, many):
    app = linked(show, many[0])
    Launcher(runs_dir, workers=Elsewhere()).annotate(many[0], name="Theirs")
    said(app, "text_area", "Note").set_value("mine")
    press(app, "Save")
    assert annotations(runs_dir, many[0]) == Annotations("Theirs", (), "mine")


def test_what_is_refused_is_said_and_nothing_changes(show, runs_dir, many):
    app = linked(show, many[0])
    said(app, "multiselect", "Tags").set_value(["x" * 41])
    press(app, "Save")
    assert app.error[0].value.startswith("tags") and annotations(runs_dir, many[0]).tags == ()
    assert len(table(app)) == 4


def test_one_run_of_the_stage_is_pinned_and_said(show, runs_dir, many):
    app = linked(show, many[0])
    assert "No run is pinned as the baseline of Stage 2" in texts(app)
    press(app, "Pin as baseline")
    assert "This run is the baseline of Stage 2" in texts(app) and annotations(runs_dir, many[0]).baseline
    app = linked(show, many[1])
    assert "The baseline of Stage 2 is Run 0" in texts(app)
    press(app, "Pin as baseline")
    assert [annotations(runs_dir, run).baseline for run in many] == [False, True, False]
    press(app, "Unpin")
    assert not annotations(runs_dir, many[1]).baseline


def test_delete_undo_and_the_trash(show, runs_dir, many):
    app = press(linked(show, many[0]), "Delete")
    assert "Deleted Run 0." in texts(app) and not (runs_dir / many[0]).exists() and len(table(app)) == 3
    assert "Click a run" in texts(app)
    press(app, "Undo")
    assert (runs_dir / many[0]).exists() and "Deleted" not in texts(app) and app.header[0].value == "Run 0"
    press(app, "Delete")
    app.session_state["trash"] = True
    app.run()
    (trash,) = [shown.value for shown in app.dataframe if "deleted" in shown.value]
    assert trash[["name", "run"]].values.tolist() == [["Run 0", many[0]]]
    assert abs(trash["deleted"][0].timestamp() - time.time()) < 60 and trash["size"][0] > 0
    assert button(app, "Restore 0").disabled
    press(app, "Delete for good")
    assert Launcher(runs_dir).deleted() == [] and "Deleted" not in texts(app) and "Nothing was deleted" in texts(app)


def test_runs_are_restored_from_the_trash_also_after_the_last(show, runs_dir, many, trained):
    app = linked(show, *many, trained.stage1)
    press(app, "Delete 4")
    assert "Deleted 4 runs." in texts(app) and "Start with Stage 1" in texts(app)
    app.session_state["trash"] = True
    app.run()
    (trash,) = [shown for shown in app.dataframe if "deleted" in shown.value]
    place = trash.value["run"].tolist().index(many[1])
    app.session_state[trash.key] = {"selection": {"rows": [place]}}
    app.run()
    press(app, "Restore 1")
    assert [path.name for path in runs_dir.iterdir() if path.name != ".lab"] == [many[1]]
    assert table(app)["run"].tolist() == [many[1]]


def test_several_runs_are_tagged_resumed_and_deleted_together(show, runs_dir, many, trained):
    app = linked(show, *many)
    assert "3 runs chosen" in texts(app) and "run" not in app.query_params
    app.multiselect(key="several-tags").set_value(["new", "x"]).run()
    press(app, "Tag 3")
    assert all(annotations(runs_dir, run).tags == ("new", "x") for run in many)
    press(app, "Resume 1")
    assert RunQueue(runs_dir).read().runs == [many[2]]
    assert button(app, "Resume 0").disabled
    press(app, "Delete 2")
    assert sorted(table(app)["run"]) == sorted([many[2], trained.stage1]) and "Deleted 2 runs." in texts(app)
    press(app, "Undo")
    assert len(table(app)) == 4


def test_what_cannot_be_deleted_is_said_and_the_others_are(show, runs_dir, many, trained, tiny):
    Launcher(runs_dir, workers=Elsewhere()).resume(many[2])
    app = press(linked(show, many[0], trained.stage1), "Delete 2")
    assert "waits to start from it" in app.error[0].value and "Deleted Run 0." in texts(app)
    assert not (runs_dir / many[0]).exists() and (runs_dir / trained.stage1).exists()


def test_each_state_offers_what_can_be_done(show, runs_dir, many):
    common, live = {"Retry", "Edit a copy", "Delete"}, {"Pause", "Cancel"}
    for state, offered in (("failed", {"Resume"}), ("paused", {"Resume"}), ("queued", live), ("finished", set())):
        folder = RunFolder(runs_dir / many[0])
        folder.write_status(replace(folder.status(), state=state))
        app = linked(show, many[0])
        labels = {button.label for button in app.button} & {"Resume", "Pause", "Cancel", *common}
        assert labels == offered | common
        assert button(app, "Delete").disabled == (state in LIVE)


def test_pause_cancel_resume_and_retry(show, runs_dir, many):
    app = press(linked(show, many[2]), "Resume")
    assert "⏳ queued" in texts(app)
    assert "‖ paused" in texts(press(app, "Pause"))
    press(app, "Resume")
    assert "■ cancelled" in texts(press(app, "Cancel"))
    press(app, "Retry")
    (new,) = RunQueue(runs_dir).read().runs
    assert plain(new) in texts(app) and RunFolder(runs_dir / new).spec() == RunFolder(runs_dir / many[2]).spec()


def test_another_order_of_rows_does_not_choose_another_run(show, runs_dir, many, trained):
    app = linked(show, many[0], many[1])
    newer = RunFolder(shutil.copytree(runs_dir / many[0], runs_dir / "newer"))
    newer.write_status(replace(newer.status(), created=2e9))
    app.run()
    assert table(app)["run"][0] == "newer"
    press(app, "Delete 2")
    assert {path.name for path in runs_dir.iterdir()} == {"newer", many[2], trained.stage1, ".lab"}


def test_a_damaged_run_can_be_looked_at_and_deleted(show, runs_dir, many):
    (runs_dir / many[0] / "spec.json").write_text("{")
    app = linked(show, many[0])
    assert "spec.json" in app.info[0].value and not any(button.label == "Retry" for button in app.button)
    press(app, "Delete")
    assert not (runs_dir / many[0]).exists()


def test_who_may_only_look_sees_the_note_as_text_and_changes_nothing(show, runs_dir, many, monkeypatch):
    RunFolder(runs_dir / many[0]).write_annotations(Annotations(NAME, ("a",), HOSTILE, True))
    monkeypatch.setenv("AV1LAB_READONLY", "1")
    for chosen in (many[:1], many):
        app = linked(show, *chosen)
        assert all(button.disabled for button in app.button) and not app.error
    assert HOSTILE in [text.value for text in linked(show, many[0]).text]


def test_it_is_told_in_portuguese_in_every_state(show, store, runs_dir):
    app = show("runs", {"lang": "pt_BR"})
    assert app.title[0].value == "Execuções" and app.expander[0].label == "Lixeira"
    if store == "empty":
        return
    shown = table(app)
    assert set(shown["state"]) == {"✓ concluída"} and set(shown["epochs"]) == {"2 de 2"}
    runs = shown["run"].tolist()
    app.query_params["run"] = runs[0]
    app.run()
    assert not app.exception and "Em que se apoia" in texts(app) and "blocos de treino" in texts(app)
    if store == "many":
        del app.query_params["run"]
        app.session_state["runs-chosen"] = runs
        app.run()
        assert "5 execuções escolhidas" in texts(app)
        press(app, "Excluir 5")
        assert "Para a lixeira: 5 execuções." in texts(app)
        app.session_state["trash"] = True
        assert "Restaurar 0" in [button.label for button in app.run().button] and not app.exception


def copy_of(show, run: str):
    app = show("launch")
    app.query_params["copy"] = run
    app.run()
    assert not app.exception, app.exception
    return app


def test_edit_a_copy_opens_the_form_with_the_settings_of_the_run(show, runs_dir, many, trained):
    file = runs_dir / many[0] / "spec.json"
    file.write_text(file.read_text().replace('"dropout": 0.2', '"dropout": 0.375'))
    app = press(linked(show, many[0]), "Edit a copy")
    assert app.title[0].value == "Launch" and f"A copy of {plain(many[0])}" in texts(app)
    app, key = copy_of(show, many[0]), f"copy-{many[0]}"
    assert app.number_input(key=f"{key}.dropout").value == 0.375
    assert app.selectbox(key=f"{key}.stage1_run").value == trained.stage1
    press(app, "Launch")
    (new,) = RunQueue(runs_dir).read().runs
    assert RunFolder(runs_dir / new).spec() == RunFolder(runs_dir / many[0]).spec()
    press(app, "Choose an experiment instead")
    assert app.selectbox(key="preset").value == "stage1"


def test_a_copy_keeps_what_its_form_does_not_offer(show, runs_dir, many, trained):
    shutil.rmtree(runs_dir / trained.stage1)
    app = copy_of(show, many[0])
    assert app.selectbox(key=f"copy-{many[0]}.stage1_run").value == trained.stage1
    press(app, "Launch")
    assert trained.stage1 in app.error[0].value.replace("\\", "") and RunQueue(runs_dir).read().runs == []
