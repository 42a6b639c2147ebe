import shutil

import pytest

from av1core.runs.annotations import Annotations
from av1core.runs.folder import RunFolder
from benchmarks.made_up import made_up_runs
from tests.pages.reading import figures, texts

SHOWN = 6


def test_curves_gaps_and_table(show, store):
    app = show("compare")
    if store == "empty":
        assert "no run with a finished epoch" in texts(app) and not figures(app)
        return
    runs = {"one": 1, "many": 4}[store]
    f1, gap, loss = figures(app)
    assert len(f1["data"]) == 3 * runs and len(gap["data"]) == len(loss["data"]) == 2 * runs
    table = app.dataframe[0].value
    assert (table["origin"] == "measured").sum() == runs
    assert (table["origin"] == "reported").sum() == {"one": 1, "many": 8}[store]
    assert f"Showing {runs} of {runs} runs" in texts(app)


@pytest.mark.parametrize("store", ["many"], indirect=True)
def test_every_run_has_a_curve_of_its_own_name_and_colour(show, store):
    app = show("compare")
    f1_names = [trace["name"] for trace in figures(app)[0]["data"]]
    assert len(set(f1_names)) == len(f1_names) == 12
    colours = {trace["line"]["color"] for trace in figures(app)[0]["data"] if "line" in trace}
    assert len(colours) == 4


@pytest.mark.parametrize("store", ["many"], indirect=True)
def test_reported_rows_can_be_hidden_and_stages_chosen(show, store):
    app = show("compare")
    app.toggle(key="compare-reported").set_value(False).run()
    assert set(app.dataframe[0].value["origin"]) == {"measured"}
    app.segmented_control(key="compare-stage").set_value("stage1").run()
    assert not app.exception
    assert len(figures(app)[0]["data"]) == 3


@pytest.mark.parametrize("store", ["many"], indirect=True)
def test_the_pinned_run_is_the_baseline_at_first_and_shown_however_old(show, runs_dir, trained, store):
    for copy in range(3, 9):
        shutil.copytree(runs_dir / trained.stage2, runs_dir / f"{trained.stage2}-{copy}")
    newest = show("compare").multiselect[0].value
    oldest = next(run for run in (f"{trained.stage2}-{copy}" for copy in range(9)) if run not in newest)
    RunFolder(runs_dir / oldest).write_annotations(Annotations("Old one", baseline=True))
    app = show("compare")
    assert set(app.multiselect[0].value) == {*newest, oldest}
    assert app.selectbox(key="compare-baseline-stage2").value == oldest


@pytest.mark.parametrize("store", ["one"], indirect=True)
def test_no_choice_says_so(show, store):
    app = show("compare")
    app.multiselect[0].set_value([]).run()
    assert "Choose at least one run" in texts(app)


@pytest.mark.parametrize("store", ["one", "many"], indirect=True)
def test_trivial_references_stand_beside_when_asked_for(show, store):
    app = show("compare")
    assert "reference" not in set(app.dataframe[0].value["origin"])
    app.toggle(key="compare-references").set_value(True).run()
    table = app.dataframe[0].value
    rows = table[table["origin"] == "reference"]
    assert rows["name"].tolist() == ["Majority class", "Logistic regression, block statistics"]
    measured = table[table["origin"] == "measured"]
    baseline = measured[measured["delta"] == 0]["val_f1"].iloc[0]
    assert (rows["delta"] - (rows["val_f1"] - baseline)).abs().max() < 1e-9
    assert not app.exception and not app.error


@pytest.mark.parametrize("store", ["one"], indirect=True)
def test_references_of_a_changed_dataset_are_not_shown(show, runs_dir, trained, store):
    file = runs_dir / trained.stage1 / "provenance.json"
    file.write_text(file.read_text().replace('"dataset_fingerprint": "', '"dataset_fingerprint": "0'))
    app = show("compare")
    app.toggle(key="compare-references").set_value(True).run()
    assert "reference" not in set(app.dataframe[0].value["origin"])
    assert "not what the runs were trained on" in texts(app)


def test_of_a_thousand_runs_the_newest_are_shown_and_every_other_can_be_chosen(show, runs_dir):
    made = made_up_runs(runs_dir, 1000, 2)
    app = show("compare")
    app.segmented_control(key="compare-stage").set_value("stage2").run()
    (choice,) = app.multiselect
    assert len(set(choice.options)) == len(choice.options) > 700
    assert f"Showing {SHOWN} of {len(choice.options):,} runs" in texts(app)
    assert len(figures(app)[0]["data"]) == 3 * SHOWN
    oldest = next(run for run in made if "-stage2-" in run)
    choice.set_value([oldest]).run()
    assert app.dataframe[0].value["name"][0] == choice.options[-1] == "Baseline, seed 0"
