import json

from tests.pages.reading import texts


def test_says_where_the_project_stands(show, store):
    app = show("overview")
    counts = {metric.label: metric.value for metric in app.metric}
    assert counts["Finished"] == {"empty": "0", "one": "1", "many": "5"}[store]
    assert "tiny" in texts(app) and "cores" in texts(app)
    if store == "empty":
        assert "Start with Stage 1" in texts(app)
    else:
        assert "Stage 1: val macro-F1" in counts
        assert len(app.dataframe[0].value) == int(counts["Finished"])


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
    assert "spec.json" in app.dataframe[0].value["Message"][0]
