"""Imported runs on every page: marked, beside the measured ones, and absent where a model is needed."""

import shutil

import pytest

from av1core.runs.import_results import import_results
from tests.pages.reading import figures, texts
from tests.runs.thesis_files import loss_history, loss_metrics, write_results


@pytest.fixture(params=[False, True], ids=["alone", "beside measured runs"])
def imported(request, runs_dir, trained, tmp_path):
    """Whether measured runs are there too."""
    if request.param:
        for run in (trained.stage1, trained.stage2):
            shutil.copytree(trained.runs_dir / run, runs_dir / run)
    results = write_results(tmp_path / "exp03")
    write_results(results, loss_history(), loss_metrics(), "stage1")
    import_results(results, runs_dir)
    return request.param


def test_compare_draws_and_marks_them(show, imported):
    app = show("compare")
    table = app.dataframe[0].value
    row = table[table["name"] == "exp03, Stage 2"].iloc[0]
    assert row["origin"] == "imported" and row["split"] == "unknown" and row["seeds"] == 1
    assert row["val_f1"] == pytest.approx(58.0) and row["gap"] == pytest.approx(-1.0)
    assert row[["train_f1_clean", "gap_clean", "delta"]].isna().all()
    assert (table["origin"] == "measured").sum() == imported
    names = [trace["name"] for trace in figures(app)[0]["data"]]
    assert "exp03, Stage 2" in names


def test_they_are_in_no_study(show, imported):
    app = show("ablations")
    assert "exp03" not in texts(app) and not any("exp03" in str(each.value) for each in app.dataframe)
    assert ("there is none yet" in texts(app)) == (not imported)


def test_overview_marks_them(show, imported):
    app = show("overview")
    lines = [line for line in texts(app).splitlines() if line.startswith("**exp03")]
    assert lines and all("· imported ·" in line for line in lines)


def test_they_are_neither_offered_as_backbones_nor_for_attribution(show, imported, trained):
    app = show("launch")
    app.selectbox(key="preset").set_value("exp03").run()
    assert not app.exception
    (choice,) = [box for box in app.selectbox if box.label == "Stage-1 run"]
    assert len(choice.options) == imported
    assert "exp03" not in texts(app).split("Ended")[-1]
    for stage in ("stage1", "stage2"):
        app = show("attribution", {"stage": stage})
        # One trained run of each stage, and none where all were imported.
        assert [len(box.options) for box in app.selectbox if box.label == "Run"] == [1] * imported
