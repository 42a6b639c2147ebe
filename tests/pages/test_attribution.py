import subprocess
import sys

import pytest

from av1core.runs.execute import execute
from av1core.runs.folder import RunFolder
from av1core.training.spec import parse_spec
from tests.pages.reading import figures, texts


def test_a_map_of_a_block(show, store):
    app = show("attribution")
    if store == "empty":
        assert "no finished run" in texts(app) and not figures(app)
        return
    (figure,) = figures(app)
    assert len(figure["data"]) == 4
    assert "layer3, layer4" in texts(app) and "the encoder chose" in texts(app)
    before = texts(app)
    app.number_input[0].set_value(2).run()
    assert not app.exception and texts(app) != before


@pytest.mark.parametrize("store", ["one"], indirect=True)
def test_choices_narrow_the_blocks(show, store):
    app = show("attribution")
    whole = app.number_input[0].max
    true = next(box for box in app.selectbox if box.label == "True class")
    true.set_value("NONE").run()
    none = app.number_input[0].max
    next(box for box in app.selectbox if box.label == "True class").set_value("PARTITION").run()
    assert none + app.number_input[0].max == whole


def test_a_run_whose_head_sees_the_qindex_has_maps_too(show, runs_dir, spec_values):
    settings = {"epochs": 1, "epoch_blocks": 32, "qindex_input": True, "loss": {"name": "arcface"}}
    assert execute(RunFolder.create(runs_dir, parse_spec(spec_values | settings))).state == "finished"
    app = show("attribution")
    assert not app.error and len(figures(app)) == 1


@pytest.mark.parametrize("store", ["one"], indirect=True)
def test_predictions_of_a_changed_dataset_are_refused(show, runs_dir, trained, store):
    (runs_dir / trained.stage1 / "predictions.parquet").write_bytes(b"PAR1")
    app = show("attribution")
    assert "predictions.parquet" in app.error[0].value


def test_neither_the_first_page_nor_a_form_needs_torch(tmp_path):
    code = (
        "import sys; from streamlit.testing.v1 import AppTest;"
        "app = AppTest.from_file('pages/_main.py', default_timeout=60);"
        "app.run(); app.switch_page('launch.py').run(); assert not app.exception, app.exception;"
        "assert app.title[0].value == 'Launch';"
        "slow = {'torch', 'timm', 'captum', 'imagecodecs'} & set(sys.modules); assert not slow, slow"
    )
    environment = {"AV1LAB_RUNS": str(tmp_path), "PATH": "", "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
