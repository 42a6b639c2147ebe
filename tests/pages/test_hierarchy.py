import shutil

import pytest

from av1core.analysis.hierarchy import FREQUENCIES, LOGISTIC, PRODUCT
from tests.pages.reading import figures, texts


def test_the_hierarchy_in_every_state(show, store, trained):
    app = show("hierarchy")
    if store == "empty":
        assert "no finished Stage-1 run" in texts(app) and not figures(app)
        return
    assert not app.error and not app.warning
    assert [box.label for box in app.selectbox] == ["Stage 1", "Stage 2", "Stage 3 RECT", "Stage 3 AB"]
    assert [len(box.options) for box in app.selectbox] == [1, {"one": 2, "many": 6}[store], 2, 2]
    assert app.selectbox(key="stage3_ab-choice").value == FREQUENCIES
    lacking = {"one": "Stage 2, Stage 3 RECT and Stage 3 AB", "many": "No run decides Stage 3 RECT and Stage 3 AB"}[
        store
    ]
    assert lacking in app.info[0].value
    search, by_qindex, confusion, errors = figures(app)
    assert {trace["name"] for trace in search["data"]} == {
        "Chosen stages", "Logistic regression in every stage", "Class frequencies in every stage",
    }  # fmt: skip
    assert {trace["name"] for trace in by_qindex["data"]} == {"all", "qindex 128"}
    assert len(confusion["data"][0]["x"]) == 8 and len(errors["data"]) == 2
    assert app.metric[3].value == "64"
    assert all(metric.delta.endswith(" pp") for metric in app.metric[:3])
    assert app.dataframe[0].value["blocks"].tolist() == [64] * 4


@pytest.mark.parametrize("store", ["many"], indirect=True)
def test_what_is_chosen_is_what_is_evaluated(show, store):
    app = show("hierarchy")
    before = figures(app)[0]["data"]
    for name in ("stage2", "stage3_rect", "stage3_ab"):
        app.selectbox(key=f"{name}-choice").set_value(LOGISTIC)
    app.run()
    assert not app.exception and not app.error and figures(app)[0]["data"] != before
    table = app.dataframe[0].value
    for way, label in (("greedy", "Down the tree"), ("product", "Likeliest of the eight")):
        app.segmented_control(key="decision").set_value(way).run()
        row = table[(table["qindex"] == "all") & (table["decision"] == label)].iloc[0]
        assert app.metric[0].value == f"{row['f1']:.2f} %" and label in str(figures(app)[2]["layout"]["title"])


@pytest.mark.parametrize("store", ["many"], indirect=True)
def test_only_runs_of_the_same_data_and_split_are_offered(show, runs_dir, trained, store):
    file = runs_dir / f"{trained.stage2}-0" / "provenance.json"
    file.write_text(file.read_text().replace('"split": "source"', '"split": "block"'))
    options = show("hierarchy").selectbox(key="stage2-choice").options
    assert len(options) == 5 and not any(option.endswith(f"{trained.stage2}-0") for option in options)


@pytest.mark.parametrize("store", ["many"], indirect=True)
def test_another_backbone_is_pointed_out(show, runs_dir, trained, store):
    copy = shutil.copytree(runs_dir / trained.stage1, runs_dir / f"{trained.stage1}-0")
    app = show("hierarchy")
    app.selectbox(key="stage1-choice").set_value(copy.name).run()
    assert "another Stage-1 run's backbone" in app.warning[0].value
    app.selectbox(key="stage1-choice").set_value(trained.stage1).run()
    assert not app.warning


@pytest.mark.parametrize("store", ["many"], indirect=True)
def test_a_run_that_cannot_be_read_is_named(show, runs_dir, trained, store):
    newest = show("hierarchy").selectbox(key="stage2-choice").value
    (runs_dir / newest / "best.safetensors").write_bytes(b"x")
    assert "best.safetensors" in show("hierarchy").error[0].value
    (runs_dir / trained.stage1 / "predictions.parquet").write_bytes(b"x")
    assert "predictions.parquet" in show("hierarchy").error[0].value


@pytest.mark.parametrize("store", ["many"], indirect=True)
def test_a_link_restores_the_choice(show, trained, store):
    run = f"{trained.stage2}-1"
    query = {"stage2": run, "stage3_ab": LOGISTIC, "hierarchy_qindex": "128", "decision": PRODUCT}
    app = show("hierarchy", query)
    assert app.selectbox(key="stage2-choice").value == run
    assert app.selectbox(key="stage3_ab-choice").value == LOGISTIC
    assert app.segmented_control(key="hierarchy_qindex").value == "128"
    assert app.segmented_control(key="decision").value == PRODUCT


def test_the_page_speaks_portuguese_in_every_state(show, store):
    app = show("hierarchy", {"lang": "pt_BR", "decision": PRODUCT})
    assert app.title[0].value == "Hierarquia" and not app.error
    if store == "empty":
        return
    assert app.selectbox(key="stage3_ab-choice").options[0] == "Sem execução: frequências das classes"
    assert "Stage 3 RECT e Stage 3 AB" in app.info[0].value
    search, by_qindex, confusion, errors = figures(app)
    assert search["data"][0]["name"] == "Estágios escolhidos" and by_qindex["data"][0]["name"] == "todos"
    assert confusion["layout"]["title"]["text"] == "O mais provável dos oito, todos os qindex"
    assert errors["layout"]["title"]["text"] == "Primeira decisão errada, por estágio"
    assert "," in app.metric[0].value and "." not in app.metric[0].value
    assert set(app.dataframe[0].value["decision"]) == {"Descendo a árvore", "O mais provável dos oito"}
    assert set(app.dataframe[0].value["qindex"]) == {"todos", "128"}
