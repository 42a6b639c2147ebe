import json
import subprocess
import sys

import pytest

from av1core.runs.execute import execute
from av1core.runs.folder import RunFolder
from av1core.training.spec import parse_spec
from tests.pages.reading import figures, texts

FIRST = ["Pixels", "Baseline: mean", "Saliency", "Integrated Gradients", "Occlusion", "Grad-CAM of stem"]


def maps(app) -> dict:
    """The figure of maps."""
    return next(figure for figure in figures(app) if "Evidence for" in figure["layout"]["title"]["text"])


def panels(app) -> list[str]:
    return [trace["name"] for trace in maps(app)["data"]]


def control(app, kind: str, key: str):
    return next(one for one in getattr(app, kind) if one.key == key)


def test_maps_of_a_block(show, store):
    app = show("attribution")
    if store == "empty":
        assert "no finished run" in texts(app) and not figures(app)
        return
    assert panels(app) == FIRST and "the predicted class" in maps(app)["layout"]["title"]["text"]
    assert "Integrated Gradients, " in texts(app) and "sums to" in texts(app)
    assert any("NPZ" in button.label for button in app.get("download_button"))


@pytest.mark.parametrize("store", ["one"], indirect=True)
def test_layers_without_a_map_are_greyed_out_with_the_reason(show, store):
    app = show("attribution")
    (reason,) = [each.value for each in app.caption if "Greyed out" in each.value]
    assert ":gray-badge[layer3] :gray-badge[layer4]" in [each.value for each in app.markdown] and "1×1" in reason
    offered = control(app, "selectbox", "layer-choice").options
    assert [name.split()[0] for name in offered] == ["stem", "layer1", "layer2"]
    control(app, "pills", "methods").set_value(["saliency"]).run()
    assert not any("Greyed out" in each.value for each in app.caption)


@pytest.mark.parametrize("store", ["many"], indirect=True)
def test_a_second_run_has_a_row_of_its_own_and_one_of_differences(show, store, trained):
    app = show("attribution")
    control(app, "selectbox", "beside-choice").set_value(f"{trained.stage2}-0").run()
    assert panels(app) == FIRST + FIRST + FIRST[2:]
    notes = [note["text"] for note in maps(app)["layout"]["annotations"]]
    assert any("Difference: the second minus the first" in note for note in notes)
    assert texts(app).count("sums to") == 2


@pytest.mark.parametrize("store", ["one"], indirect=True)
def test_what_is_chosen_changes_the_maps(show, store):
    app = show("attribution")
    before = maps(app)["data"]
    control(app, "pills", "methods").set_value(["occlusion", "activation"]).run()
    assert panels(app) == ["Pixels", "Baseline: mean", "Occlusion", "Layer activation of stem"]
    control(app, "selectbox", "layer-choice").set_value("layer2").run()
    control(app, "selectbox", "baseline").set_value("black").run()
    control(app, "selectbox", "target").set_value("NONE").run()
    assert panels(app) == ["Pixels", "Baseline: black", "Occlusion", "Layer activation of layer2"]
    assert maps(app)["layout"]["title"]["text"] == "Evidence for NONE"
    assert maps(app)["data"][2]["z"] != before[4]["z"]
    assert app.query_params["layer"] == "layer2"
    control(app, "pills", "methods").set_value([]).run()
    assert "Choose a method" in texts(app) and len(figures(app)) == 1  # of the block's probabilities


@pytest.mark.parametrize("store", ["many"], indirect=True)
def test_a_link_restores_methods_layer_class_and_runs(show, store, trained):
    link = {
        "stage": "stage2", "run": f"{trained.stage2}-1", "beside": trained.stage2, "layer": "layer2", "target": "AB",
        "methods": ["saliency", "conductance"], "own": "true",
    }  # fmt: skip
    app = show("attribution", link)
    names = ["Pixels", "Baseline: mean", "Saliency", "Layer conductance of layer2"]
    assert panels(app) == names + names + names[2:]
    assert control(app, "selectbox", "run-choice").value == f"{trained.stage2}-1"
    assert maps(app)["layout"]["title"]["text"] == "Evidence for AB"
    assert control(app, "toggle", "own").value


@pytest.mark.parametrize("store", ["one"], indirect=True)
def test_own_scales_are_marked(show, store):
    app = show("attribution")
    assert "own scale" not in json.dumps(maps(app)["layout"]) and "coloraxis2" in maps(app)["layout"]
    control(app, "toggle", "own").set_value(True).run()
    marked = [note["text"] for note in maps(app)["layout"]["annotations"] if "own" in note["text"]]
    assert len(marked) == len(panels(app)) and "coloraxis" not in maps(app)["layout"]


@pytest.mark.parametrize("store", ["one"], indirect=True)
def test_gates_are_read_when_they_are_looked_at(show, store):
    assert "one number" not in texts(show("attribution"))
    app = show("attribution", {"gates": "true"})
    assert "layer4" in json.dumps(figures(app)[-1]["layout"]) and "one number" in texts(app)


def test_a_run_whose_head_sees_the_qindex_has_maps_too(show, runs_dir, spec_values):
    settings = {"epochs": 1, "epoch_blocks": 32, "qindex_input": True, "loss": {"name": "arcface"}}
    assert execute(RunFolder.create(runs_dir, parse_spec(spec_values | settings))).state == "finished"
    app = show("attribution", {"gates": "true"})
    assert not app.error and panels(app) == FIRST


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


@pytest.mark.parametrize("view", ["Block", "Gallery", "Averages", "Trust", "Features"])
def test_every_view_speaks_portuguese(show, store, trained, view):
    link = {"lang": "pt_BR", "view": view, "gates": "true", "compare": "true"}
    if store == "many":
        link |= {"stage": "stage2", "run": trained.stage2, "beside": f"{trained.stage2}-0"}
    app = show("attribution", link)
    assert app.title[0].value == "Atribuição" and not app.error
    if store == "empty":
        return
    said = texts(app)
    assert "blocos de validação" in said and "validation blocks" not in said
    titles = [figure["layout"]["title"]["text"] for figure in figures(app)]
    assert not any(word in title for title in titles for word in ("Evidence", "Mean", "Share", "probes", "Rank"))
