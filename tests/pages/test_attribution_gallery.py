import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from streamlit.testing.v1 import AppTest

from av1core.analysis.predictions import load_predictions
from av1core.dataset.folder import Dataset
from av1core.runs.folder import RunFolder
from tests.pages.conftest import ROOT
from tests.pages.reading import texts


def opened(**query) -> AppTest:
    """The Gallery at a link."""
    app = AppTest.from_file(ROOT / "pages" / "_main.py", default_timeout=60).run()
    app.query_params |= query
    app.switch_page("attribution.py")
    app.query_params |= query | {"view": "Gallery"}
    app.run()
    assert not app.exception, app.exception
    return app


def grid(app: AppTest) -> dict:
    (element,) = app.get("bidi_component")
    return json.loads(element.proto.json)


def said(app: AppTest) -> str:
    """The sentence about the filter."""
    return next(text.value for text in app.markdown if text.value.startswith("Showing")).replace("\\", "")


@pytest.fixture
def predictions(store, runs_dir, trained, tiny):
    """Of the Stage-1 run, after more training than the tests have time for: of every confidence."""
    folder = RunFolder(runs_dir / trained.stage1)
    table = pq.read_table(folder.predictions_file)
    drawn = np.random.default_rng(0).dirichlet([1, 1], len(table)).astype(np.float32)
    metadata = table.schema.metadata
    table = table.set_column(2, "probabilities", pa.array(drawn.tolist(), pa.list_(pa.float32())))
    pq.write_table(table.replace_schema_metadata(metadata), folder.predictions_file)
    return load_predictions(folder, Dataset.open(tiny))


def test_blocks_with_their_maps_page_by_page(store):
    app = opened()
    if store == "empty":
        assert "no finished run" in texts(app) and not app.get("bidi_component")
        return
    shown, total = grid(app), {"one": 64, "many": 56}[store]
    assert len(shown["tiles"]) == 48 and f"Blocks 1–48 of {total}" in texts(app)
    assert {len(tile["pictures"]) for tile in shown["tiles"]} == {2}
    assert said(app) == f"Showing {total} of {total} validation blocks of Stage {1 if store == 'one' else 2}"
    app.get("pagination")[0].set_value(2).run()
    assert len(grid(app)["tiles"]) == total - 48 and f"Blocks 49–{total} of {total}" in texts(app)
    assert not {tile["label"] for tile in shown["tiles"]} & {tile["label"] for tile in grid(app)["tiles"]}
    app.selectbox(key="method").set_value("activation").run()
    assert grid(app)["title"] == "Layer activation of stem" and grid(app)["scale"]["unit"] == "activation"


@pytest.mark.parametrize("store", ["one"], indirect=True)
def test_a_filter_narrows_every_view_and_starts_at_the_first_page(store, predictions):
    app = opened(gallery_page="2")
    assert "Blocks 49–64 of 64" in texts(app)
    app.selectbox(key="order").set_value("most_wrong").run()
    assert "Blocks 1–48 of 64" in texts(app)
    app.selectbox(key="only_outcome").set_value("wrong").run()
    wrong = np.flatnonzero(~predictions.right)
    assert said(app) == f"Showing {len(wrong)} of 64 validation blocks of Stage 1 (wrong, most wrong first)"
    of_true = predictions.probabilities[wrong, predictions.label[wrong]]
    worst = predictions.of(predictions.block[wrong[of_true.argsort(kind="stable")]])
    tiles = grid(app)["tiles"]
    assert [tile["decisions"][0][1] for tile in tiles] == [f"{100 * of:.0f} %" for of in worst.confidence[:48]]
    assert not any(right for tile in tiles for *_, right in tile["decisions"])
    assert f"Blocks 1–{min(48, len(wrong))} of {len(wrong)}" in texts(app)
    app.segmented_control(key="view").set_value("Block").run()
    assert not app.exception and said(app).endswith("(wrong, most wrong first)")
    app.button(key="filter-clear").click().run()
    assert said(app) == "Showing 64 of 64 validation blocks of Stage 1"
    assert app.selectbox(key="only_outcome").value is None
    assert not any(button.key == "filter-clear" for button in app.button)


@pytest.mark.parametrize("store", ["one"], indirect=True)
def test_a_link_restores_the_filter_and_the_page(store, predictions):
    link = {
        "only_qindex": "128", "only_confidence": ["0.6", "0.9"], "order": "most_confident",
        "only_source": "picture-3", "method": "saliency", "target": "NONE", "gallery_lines": "false",
    }  # fmt: skip
    app = opened(**link)
    found = sorted((each for each in predictions.confidence if 0.6 <= each <= 0.9), reverse=True)
    assert [tile["decisions"][0][1] for tile in grid(app)["tiles"]] == [f"{100 * each:.0f} %" for each in found]
    assert 0 < len(found) < 48
    words = "(qindex 128, confidence 60–90 %, source picture-3, most confident first)"
    assert said(app) == f"Showing {len(found)} of 64 validation blocks of Stage 1 {words}"
    assert grid(app)["title"] == "Saliency: logit of NONE" and grid(app)["lines"] is False
    assert len(grid(opened(gallery_page="2"))["tiles"]) == 16


@pytest.mark.parametrize("store", ["many"], indirect=True)
def test_two_runs_share_a_scale_and_may_disagree(store, trained):
    first, second = f"{trained.stage2}-1", f"{trained.stage2}-0"
    app = opened(run=first, beside=second)
    assert {len(tile["pictures"]) for tile in grid(app)["tiles"]} == {3}
    assert all(tile["pictures"][1] == tile["pictures"][2] for tile in grid(app)["tiles"]), "copies of one run"
    assert all(len(tile["decisions"]) == 2 for tile in grid(app)["tiles"])
    app.selectbox(key="only_runs").set_value("different").run()
    assert "Showing 0 of 56" in said(app) and "No validation block is like that" in texts(app)
    # Without a second run nothing can be asked of both.
    app.selectbox(key="beside-choice").set_value(None).run()
    assert app.selectbox(key="only_runs").disabled and "Showing 56 of 56" in said(app)


@pytest.mark.parametrize("store", ["many"], indirect=True)
def test_a_class_that_another_stage_has_not_is_no_longer_asked_for(store):
    app = opened(only_true="RECT")
    assert "(true RECT)" in said(app)
    app.segmented_control(key="stage-choice").set_value("stage1").run()
    assert not app.exception and said(app) == "Showing 64 of 64 validation blocks of Stage 1"
