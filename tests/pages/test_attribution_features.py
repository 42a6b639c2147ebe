from types import SimpleNamespace

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from av1core.analysis.predictions import load_predictions
from av1core.dataset.folder import Dataset
from av1core.dataset.places import Place, row_at
from av1core.runs.folder import RunFolder
from pages._ui import attribution_features
from tests.pages.conftest import ROOT
from tests.pages.reading import figures, texts


@pytest.fixture
def features(runs_dir):
    """Opens the view with a link's further choices."""

    def opened(**query: str) -> AppTest:
        app = AppTest.from_file(ROOT / "pages" / "_main.py", default_timeout=60).run()
        app.switch_page("attribution.py")
        for name, value in {"view": "Features", **query}.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception, app.exception
        return app

    return opened


def test_probes_in_every_state(features, store):
    app = features()
    if store == "empty":
        assert "no finished run" in texts(app) and not figures(app)
        return
    assert not app.error
    (figure,) = figures(app)
    names = [trace["name"] for trace in figure["data"]]
    own = {"one": [], "many": [names[-1]]}[store]
    assert names == ["probe, mean over positions", "probe, with positions", "raw pixels", "block statistics", *own]
    assert figure["data"][0]["y"] and "one seed" in texts(app) and "one picture" in texts(app)
    table = app.dataframe[0].value
    assert len(table) == 13 + len(own) and "layer3" in set(table["name"])
    # A Stage-1 run is asked for the classes of Stage 2.
    assert "f1_SPLIT" in table


@pytest.mark.parametrize("store", ["many"], indirect=True)
def test_the_stage_of_the_classes_can_be_chosen(features, store):
    app = features()
    choice = next(each for each in app.segmented_control if each.label == "Classes of")
    choice.set_value("stage3_rect").run()
    assert not app.exception and not app.error
    (figure,) = figures(app)
    assert figure["data"][-1]["name"] == "block statistics"  # the run decides another stage
    assert "f1_HORZ" in app.dataframe[0].value


@pytest.mark.parametrize("store", ["many"], indirect=True)
def test_layers_of_two_runs(features, store, trained):
    run = f"{trained.stage2}-1"
    app = features(features="CKA", stage="stage2", run=run)
    (figure,) = figures(app)
    assert len(figure["data"][0]["y"]) == 6 and "Choose a run beside it" in texts(app)
    app = features(features="CKA", stage="stage2", run=run, beside=trained.stage2)
    assert len(figures(app)) == 1 and "the very same backbone" in app.info[0].value


@pytest.mark.parametrize("store", ["many"], indirect=True)
def test_a_map_of_the_validation_blocks(features, store):
    app = features(features="Map")
    (figure,) = figures(app)
    assert {trace["name"] for trace in figure["data"]} == {"SPLIT", "RECT", "AB"}
    assert "Principal component 1" in figure["layout"]["xaxis"]["title"]["text"]
    app.selectbox(key="features_by").set_value("decided")
    app.selectbox(key="features_layer").set_value("layer1")
    app.segmented_control(key="features_form").set_value("positions").run()
    (figure,) = figures(app)
    assert {trace["name"] for trace in figure["data"]} <= {"right", "wrong"}
    assert figure["layout"]["title"]["text"].startswith("layer1, with positions")


def test_a_clicked_point_opens_its_block(trained, tiny, monkeypatch):
    """The callback alone: AppTest cannot click a point."""
    data = Dataset.open(tiny)
    row = int(load_predictions(RunFolder(trained.runs_dir / trained.stage2), data).block[5])
    points, state, link = [{"customdata": [row, "said"]}], {}, {"view": "Features"}
    state[attribution_features.MAP] = {"selection": {"points": points}}
    monkeypatch.setattr(st, "session_state", state)
    monkeypatch.setattr(st, "query_params", link)
    attribution_features.open_point(SimpleNamespace(data=data))
    size = tuple(int(part) for part in link["node"].split("-"))
    assert "view" not in link and row_at(data, Place(link["source"], 0, int(link["qindex"]), *size)) == row
    link.clear()
    points.clear()  # a click beside the points takes the choice away
    attribution_features.open_point(SimpleNamespace(data=data))
    assert not link
