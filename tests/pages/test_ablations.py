import json
import shutil
from dataclasses import replace
from functools import partial

import pytest

from av1core.analysis import study_table
from av1core.analysis.arms import bases
from av1core.analysis.results import results
from av1core.analysis.studies import CUSTOM, STUDIES
from av1core.runs.folder import RunFolder
from av1core.runs.index import RunIndex
from av1core.runs.launcher import Launcher
from av1core.training.spec import flatten
from tests.pages.reading import figures, texts

CHARTS = ("Differences", "F1 by class", "Training", "Main effects", "Sweep")


def choose(app, study: str):
    app.selectbox(key="study-choice").set_value(study).run()
    assert not app.exception, app.exception
    return app


def table(app, origin: str = "measured"):
    """The rows of the study's table: of arms, whether they have runs or not, or of another origin."""
    found = next(each.value for each in app.dataframe if "delta" in each.value)
    return found[found["origin"].astype(object).fillna("measured") == origin].reset_index(drop=True)


def with_seeds(app, text: str):
    app.text_input(key="seeds").set_value(text).run()
    assert not app.exception
    return app


def launch_button(app):
    return next((button for button in app.button if button.key == "study-launch"), None)


def queued(runs_dir) -> list[dict]:
    return [flatten(RunFolder(runs_dir / run).spec()) for run in Launcher(runs_dir).waiting().runs]


def varied(runs_dir, trained, **changes) -> None:
    """A copy of the Stage-2 run with other settings."""
    name = "-".join(map(str, changes.values()))
    folder = RunFolder(shutil.copytree(runs_dir / trained.stage2, runs_dir / f"{trained.stage2}-{name}"))
    values = json.loads(folder.spec_file.read_text())
    for key, value in changes.items():
        part, _, last = key.rpartition("__")
        (values[part] if part else values)[last] = value
    folder.spec_file.write_text(json.dumps(values))


@pytest.fixture
def tried(runs_dir, trained):
    """Runs of the learning-rate and the BatchNorm study, whose queue is paused."""
    for run in (trained.stage1, trained.stage2):
        shutil.copytree(trained.runs_dir / run, runs_dir / run)
    varied(runs_dir, trained, seed=1)
    for seed in (0, 1):
        varied(runs_dir, trained, adapter__batchnorm="train", seed=seed)
    varied(runs_dir, trained, optimiser__adapter_lr=5e-3, seed=0)
    Launcher(runs_dir).pause_queue()
    return runs_dir


def test_each_state_of_the_runs_folder_has_a_page(show, store):
    app = show("ablations")
    if store == "empty":
        assert "no finished run" in texts(app) and not app.selectbox
        return
    assert ("has not been tried yet" in texts(app)) == (store == "one")
    for key in ("loss", "stage1_features", "stage3_ab"):
        study = STUDIES[key]
        choose(app, key)
        assert study.question in texts(app)
        if key == "stage1_features":
            assert "Stage-1 runs that will be trained first" in texts(app)
        assert table(app)["name"].tolist() == [variant.name for variant in study.arms]
    choose(app, "batchnorm")
    # The four Stage-2 runs of "many" are copies of one run: one recipe, one seed.
    assert table(app)["seeds"].tolist() == {"one": [0, 0], "many": [0, 1]}[store]
    choose(app, CUSTOM)


def test_a_verdict_stands_beside_each_variant_with_its_reason(show, tried):
    app = choose(show("ablations"), "batchnorm")
    rows = table(app)
    assert rows["verdict"].fillna("").tolist() == ["", "not established"] and rows["seeds"].tolist() == [2, 2]
    assert list(rows)[:2] == ["name", "verdict"]
    assert "**BN eval**: not established." in texts(app)
    assert "p ≤ 0.05" in texts(app)


def test_a_margin_is_taken_into_the_chart(show, tried):
    app = choose(show("ablations"), "batchnorm")
    app.number_input(key="margin").set_value(2.0).run()
    (figure,) = figures(app)
    assert "±2 pp" in figure["layout"]["xaxis"]["title"]["text"]


def test_exactly_the_missing_runs_are_launched(show, tried):
    app = with_seeds(choose(show("ablations"), "learning_rate"), "0-1")
    assert "5, of 3 variants." in texts(app)
    missing = next(each.value for each in app.dataframe if "note" in each.value)
    assert missing["seeds"].tolist() == ["0, 1", "0, 1", "1"]
    assert launch_button(app).label == "Launch 5 runs"
    launch_button(app).click().run()
    assert not app.exception and app.success[0].value.startswith("Queued 5 runs")
    assert "No run is missing; 5 coming." in texts(app) and launch_button(app) is None
    assert [(run["optimiser.adapter_lr"], run["seed"]) for run in queued(tried)] == [
        (1e-4, 0), (5e-4, 0), (1e-4, 1), (5e-4, 1), (5e-3, 1),
    ]  # fmt: skip


def test_a_run_that_ends_while_the_page_is_drawn_is_not_missed(show, tried, monkeypatch):
    app = with_seeds(choose(show("ablations"), "learning_rate"), "0-1")
    launch_button(app).click().run()
    ending = [RunFolder(tried / Launcher(tried).waiting().runs[0])]

    def slowly(study_results, *arguments):
        result = study_results(*arguments)
        while ending:
            folder = ending.pop()
            folder.write_status(replace(folder.stored_status(), state="cancelled"))
        return result

    monkeypatch.setattr(study_table, "study_results", partial(slowly, study_table.study_results))
    app.run()
    assert not app.exception and "4 more wait or train." in texts(app)


def test_a_study_is_launched_from_nothing_with_the_settings_of_the_thesis(show, tried, trained, tiny):
    app = with_seeds(choose(show("ablations"), "stage3_rect"), "3")
    assert "has not been tried yet" in texts(app)
    launch_button(app).click().run()
    runs = queued(tried)
    assert [(run["stage"], run["adapter.batchnorm"], run["seed"]) for run in runs] == [
        ("stage3_rect", "train", 3), ("stage3_rect", "eval", 3),
    ]  # fmt: skip
    assert {(run["dataset"], run["stage1_run"], run["epochs"]) for run in runs} == {(str(tiny), trained.stage1, 100)}


def test_who_may_only_look_is_offered_no_launch(show, tried, monkeypatch):
    monkeypatch.setenv("AV1LAB_READONLY", "1")
    app = choose(show("ablations"), "learning_rate")
    assert "Missing runs" in texts(app) and launch_button(app) is None


def test_what_cannot_be_launched_says_why(show, tried, trained):
    app = choose(show("ablations"), "learning_rate")
    shutil.rmtree(tried / trained.stage1)
    launch_button(app).click().run()
    assert not app.exception and trained.stage1 in app.error[0].value and queued(tried) == []


def test_seeds_that_are_none_are_said(show, tried):
    app = with_seeds(choose(show("ablations"), "batchnorm"), "many")
    assert "'many' is not a list" in app.error[0].value.replace("\\", "")


def test_reported_rows_and_references_stand_beside_when_asked_for(show, tried):
    app = choose(show("ablations"), "learning_rate")
    assert "study-reported" not in [toggle.key for toggle in app.toggle], "nothing was reported of it"
    choose(app, "batchnorm")
    assert table(app, "reported").empty
    app.toggle(key="study-reported").set_value(True).run()
    app.toggle(key="study-references").set_value(True).run()
    assert table(app, "reported")["name"].tolist() == ["Baseline", "Exp 03"]
    references = table(app, "reference")
    assert len(references) == 2 and references["delta"].notna().all() and references["f1_SPLIT"].notna().all()


def test_one_chart_is_drawn_at_a_time(show, tried):
    app = choose(show("ablations"), "learning_rate")
    titles = set()
    for name in CHARTS:
        app.segmented_control(key="study-chart").set_value(name).run()
        assert not app.exception, app.exception
        (figure,) = figures(app)
        titles.add(figure["layout"]["title"]["text"])
    assert len(titles) == len(CHARTS)
    app.segmented_control(key="study-chart").set_value("Main effects").run()
    assert "3 experiments of Stage 2 on the same validation blocks" in texts(app)
    assert "Unbalanced" in texts(app)
    app.multiselect(key="by-choice").set_value(["adapter.batchnorm"]).run()
    assert "Unbalanced" in texts(app)  # two experiments in eval mode, one in train mode


def test_a_link_names_the_study_and_the_base(show, tried):
    app = choose(show("ablations"), "learning_rate")
    box = app.selectbox(key="base-choice")
    assert len(box.options) == 3 and "2 of 4 variants, 3 runs" in box.options[0]
    index = RunIndex(tried)
    index.refresh()
    _, other = (base.key for base in bases(STUDIES["learning_rate"], results(index)))
    box.set_value(other).run()
    assert table(app)["seeds"].tolist() == [2, 0, 0, 0]
    link = {name: app.query_params[name] for name in ("study", "base")}
    again = show("ablations")
    again.query_params |= link
    again.run()
    assert again.selectbox(key="study-choice").value == "learning_rate"
    assert again.selectbox(key="base-choice").value == other and table(again)["seeds"].tolist() == [2, 0, 0, 0]
    again.selectbox(key="base-choice").set_value("new").run()
    assert "as in the thesis" in texts(again) and again.query_params["base"] == "new"
    choose(again, "batchnorm")
    assert again.query_params["base"] != "new", "the base of another study"


def test_a_study_of_chosen_factors(show, tried):
    app = choose(show("ablations"), CUSTOM)
    box = app.selectbox(key="baseline-choice")
    assert len(box.options) == 4  # one of Stage 1
    assert box.options[0].endswith("Stage 2")
    factors = app.multiselect(key="factors-choice")
    assert any(option.startswith("adapter.batchnorm (") for option in factors.options)
    factors.set_value(["adapter.batchnorm", "optimiser.adapter_lr"]).run()
    assert not app.exception and len(table(app)) == 3


def test_the_page_speaks_portuguese(store, show):
    app = show("ablations", {"lang": "pt_BR"})
    assert app.title[0].value == "Ablações"
    if store == "many":
        assert "O BatchNorm do backbone congelado" in texts(app)
