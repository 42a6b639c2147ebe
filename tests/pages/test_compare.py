import json
import shutil
from base64 import b64decode
from pathlib import Path
from urllib.parse import parse_qs, urlencode

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from av1core.runs.annotations import Annotations
from av1core.runs.folder import RunFolder
from benchmarks.made_up import made_up_runs
from tests.pages.reading import figures, texts

SHOWN = 6
VIEWS = ("F1", "Gap", "Loss", "Per class", "Confusion", "Pictures and qindex", "Learning rates", "Search", "Settings")


def copied(trained, runs_dir: Path, name: str, run: str | None = None, **values) -> str:
    """A copy of the trained Stage-2 run of that name in its spec, with other values there; its id."""
    run = run or f"{name.lower().replace(' ', '-')}-{values.get('seed', 0)}"
    folder = RunFolder(shutil.copytree(trained.runs_dir / trained.stage2, runs_dir / run))
    spec = json.loads(folder.spec_file.read_text())
    folder.spec_file.write_text(json.dumps(spec | {"name": name} | values))
    status = json.loads(folder.status_file.read_text())
    status["created"] += len(list(runs_dir.iterdir()))
    folder.status_file.write_text(json.dumps(status))
    return run


@pytest.fixture
def several(runs_dir, trained) -> None:
    """Three experiments of Stage 2 of two seeds each, another seed of the first again, and the Stage-1 run."""
    shutil.copytree(trained.runs_dir / trained.stage1, runs_dir / trained.stage1)
    for name, batch in (("Baseline", 32), ("Half", 16), ("Quarter", 8)):
        for seed in (0, 1):
            copied(trained, runs_dir, name, seed=seed, batch_size=batch)
    copied(trained, runs_dir, "Baseline", "again", seed=1, batch_size=32)


def parameters(app: AppTest) -> dict[str, list[str]]:
    return parse_qs(urlencode(dict(app.query_params), doseq=True), keep_blank_values=True)


def lines(figure: dict) -> list[str]:
    """The names in the legend of experiments or runs."""
    return [trace["name"] for trace in figure["data"] if trace.get("showlegend") and trace.get("legendgroup")]


def look(app: AppTest, view: str) -> AppTest:
    return app.segmented_control(key="chart").set_value(view).run()


def test_the_three_states_of_a_runs_folder(show, store):
    app = show("compare")
    if store == "empty":
        assert "no run with a finished epoch" in texts(app) and not figures(app)
        return
    stage, left_out = {"one": ("Stage 1", ""), "many": ("Stage 2", "Left out: 3 runs that repeat a seed.")}[store]
    assert f"Showing 1 of 1 experiments of {stage}" in texts(app) and left_out in texts(app)
    assert len(lines(figures(app)[0])) == 1 and "Choose a second one" in texts(app)
    table = app.dataframe[0].value
    assert (table["origin"] == "measured").sum() == 1
    assert (table["origin"] == "reported").sum() == {"one": 1, "many": 8}[store]


def test_every_view_shows_the_three_experiments(show, several):
    app = show("compare")
    assert lines(figures(app)[0]) == ["Quarter", "Half", "Baseline"]
    for view in VIEWS:
        look(app, view)
        assert not app.exception and not app.error, view
        drawn, forest = figures(app)[0], figures(app)[-1]
        if view == "Settings":
            settings = app.dataframe[0].value
            assert settings["setting"].tolist() == ["batch_size"] and settings.iloc[0, 1:].tolist() == ["8", "16", "32"]
        elif view == "Confusion":
            assert drawn["layout"]["meta"] == "Left: Quarter. Right: Half"
        else:
            assert set(lines(drawn)) == {"Quarter", "Half", "Baseline"}, view
        assert "not established" in str(forest["layout"]["annotations"])


def test_what_is_measured_by_picture_and_confused_is_of_both_seeds(show, several):
    app = look(show("compare"), "Confusion")
    counts = figures(app)[0]["data"][0]["customdata"]
    total = np.frombuffer(b64decode(counts["bdata"]), counts["dtype"]).sum()
    _, by_source, _ = figures(look(app, "Pictures and qindex"))
    blocks = sum(int(hover[1].split()[1]) for hover in by_source["data"][0]["customdata"])
    assert total == 2 * blocks > 0


def test_a_verdict_says_why_and_its_rules_stand_beside(show, several):
    app = show("compare")
    table = app.dataframe[0].value
    assert table["verdict"].tolist() == ["not established"] * 2 and set(table["pairs"]) == {2}
    assert table["reason"].str.contains("Validated on one frame only").all()
    assert table["delta"].tolist() == [0, 0]
    assert "Holm's correction" in texts(app) and "*equivalent*" in texts(app)
    results = app.dataframe[1].value
    own = results[results["origin"] == "measured"].set_index("name")
    assert own.loc["Half", "verdict"] == "not established" and own.loc["Baseline", "delta"] == 0
    classes = [name for name in results if name.startswith("f1_")]
    assert own.loc["Half", classes].mean() == pytest.approx(own.loc["Half", "val_f1"])


def test_single_runs_open_on_the_runs_page(show, several):
    app = show("compare")
    app.segmented_control(key="level").set_value("Single runs").run()
    assert not app.exception
    assert "Showing 6 of 7 runs of Stage 2" in texts(app)
    assert len(lines(figures(app)[0])) == 6
    assert set(app.dataframe[1].value["seed"].dropna()) == {0, 1}
    links = app.dataframe[2].value
    assert links["link"].tolist() == [f"runs?run={run}" for run in links["run"]]


def test_the_link_restores_all_that_was_chosen(show, several):
    app = show("compare")
    first = app.multiselect[0].value
    app.multiselect[0].set_value(first[1:]).run()
    app.selectbox[0].set_value(first[1]).run()
    link = parameters(app)
    assert link["experiment"] == first[1:] and link["baseline"] == [first[1]] and link["stage"] == ["stage2"]

    again = show("overview")
    for name, values in (link | {"margin": ["1.0"], "along": ["blocks"]}).items():
        again.query_params[name] = values
    again.switch_page("compare.py").run()
    assert again.multiselect[0].value == first[1:] and again.selectbox[0].value == first[1]
    assert figures(again)[0]["layout"]["xaxis"]["title"]["text"] == "Training blocks seen"
    assert "±1 pp" in figures(again)[-1]["layout"]["xaxis"]["title"]["text"]


def test_a_look_stays_whatever_is_chosen(show, several):
    def colours(app: AppTest) -> dict[str, str]:
        return {
            trace["name"]: trace["line"]["color"]
            for trace in figures(app)[0]["data"]
            if "name" in trace and "line" in trace
        }

    app = show("compare")
    before = colours(app)
    app.multiselect[0].set_value(app.multiselect[0].value[:1]).run()
    after = colours(app)
    assert after["Quarter"] == before["Quarter"] != before["Half"] != before["Baseline"]
    assert "Faintly behind: the 2 others" in texts(app) and "others" in after
    app.toggle(key="others").set_value(False).run()
    assert "others" not in colours(app)


def test_another_stage_begins_anew_and_says_nothing_of_a_loss(show, several):
    app = show("compare")
    app.segmented_control(key="stage-choice").set_value("stage1").run()
    assert not app.exception and "gone" not in texts(app)
    assert len(lines(figures(app)[0])) == 1 and len(parameters(app)["experiment"]) == 1


def test_the_pinned_experiment_is_shown_however_old_and_the_baseline_at_first(show, several, trained, runs_dir):
    for number in range(SHOWN):
        copied(trained, runs_dir, f"Newer {number}", seed=0, batch_size=64 + number)
    assert "Baseline" not in lines(figures(show("compare"))[0])
    RunFolder(runs_dir / "baseline-0").write_annotations(Annotations("Pinned", baseline=True))
    app = show("compare")
    assert len(app.multiselect[0].value) == SHOWN + 1
    assert app.selectbox[0].value == app.multiselect[0].value[0]
    assert "Pinned" in lines(figures(app)[0])


def test_no_choice_says_so(show, several):
    app = show("compare")
    app.multiselect[0].set_value([]).run()
    assert "Choose at least one" in texts(app) and not app.exception


def test_runs_without_predictions_are_said(show, several, runs_dir):
    for seed in (0, 1):
        (runs_dir / f"half-{seed}" / "predictions.parquet").unlink()
    app = look(show("compare"), "Confusion")
    assert "half-0 has no stored predictions" in texts(app).replace("\\", "")
    reasons = app.dataframe[0].value.set_index("name")["reason"]
    assert "no stored predictions" in reasons["Half"] and "no stored predictions" not in reasons["Quarter"]


def test_trivial_references_stand_beside_when_asked_for(show, several):
    app = show("compare")
    assert "reference" not in set(app.dataframe[1].value["origin"])
    app.toggle(key="trivial").set_value(True).run()
    table = app.dataframe[1].value
    rows = table[table["origin"] == "reference"]
    assert rows["name"].tolist() == ["Majority class", "Logistic regression, block statistics"]
    baseline = table[table["delta"] == 0]["val_f1"].iloc[0]
    assert (rows["delta"] - (rows["val_f1"] - baseline)).abs().max() < 1e-9
    app.toggle(key="reported").set_value(False).run()
    assert "reported" not in set(app.dataframe[1].value["origin"])


@pytest.mark.parametrize("store", ["one"], indirect=True)
def test_references_of_a_changed_dataset_are_not_shown(show, runs_dir, trained, store):
    file = runs_dir / trained.stage1 / "provenance.json"
    file.write_text(file.read_text().replace('"dataset_fingerprint": "', '"dataset_fingerprint": "0'))
    app = show("compare")
    app.toggle(key="trivial").set_value(True).run()
    assert "reference" not in set(app.dataframe[0].value["origin"])
    assert "not what the runs were trained on" in texts(app)


def test_of_a_thousand_runs_few_are_shown_and_what_is_left_out_is_said(show, runs_dir):
    made_up_runs(runs_dir, 1000, 2)
    app = show("compare")
    app.segmented_control(key="stage-choice").set_value("stage2").run()
    options, newest = app.multiselect[0].options, app.multiselect[0].value
    assert len(set(options)) == len(options) == 158
    assert f"Showing {SHOWN} of 158 experiments of Stage 2" in texts(app) and "of 844 runs)" in texts(app)
    assert "Left out: 17 runs that did not finish" in texts(app)
    assert "the best 40 of the 152 others" in texts(app)
    assert len(lines(figures(app)[0])) == SHOWN
    best = app.button(key="compare-Best").click().run().multiselect[0].value
    assert len(best) == SHOWN and parameters(app)["experiment"] == best
    assert set(best) != set(newest)


def test_the_page_speaks_portuguese(store, show):
    app = show("compare", {"lang": "pt_BR"})
    assert app.title[0].value == "Comparar"
    if store != "empty":
        assert "Vereditos" in texts(app) and figures(app)[0]["layout"]["separators"] == ",."
