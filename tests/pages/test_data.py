import json
import shutil
import time
from dataclasses import replace

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from av1core.dataset.explore import frame_nodes, neighbours
from av1core.dataset.folder import Dataset
from av1core.dataset.imports.triplet import import_triplet
from av1core.dataset.jobs import BuildRequest, Job
from av1core.dataset.split import choose_split, write_split
from av1core.dataset.work import Progress
from av1core.partition import Partition
from av1core.translation import message
from tests.dataset.imports.test_triplet import write as write_triplet
from tests.media.conftest import textured
from tests.pages.conftest import ROOT
from tests.pages.reading import figures, texts
from tests.synthetic import make_dataset

VIEWS = ("Frames", "Class mix", "Sources and split", "Add a dataset")


@pytest.fixture(params=["empty", "one", "many"])
def datasets(request, runs_dir, tiny, tmp_path, monkeypatch):
    """The three states of the datasets folder: empty, the tiny one, and two more beside it."""
    root = tmp_path / "datasets"
    root.mkdir()
    if request.param != "empty":
        shutil.copytree(tiny, root / "tiny")
    if request.param == "many":
        make_dataset(root / "second", sources=3, seed=1)
        make_dataset(root / "third", sources=2, seed=2)
    monkeypatch.setenv("AV1LAB_DATASETS", str(root))
    return root


def opened(**query) -> AppTest:
    app = AppTest.from_file(ROOT / "pages" / "_main.py", default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    app.switch_page("data.py").run()
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    return app


def viewer(app: AppTest) -> dict:
    (element,) = app.get("bidi_component")
    return json.loads(element.proto.json)


def test_every_view_in_every_state(show, datasets):
    app = show("data")
    if not any(datasets.iterdir()):
        assert "There is no dataset" in texts(app) and "New dataset" in texts(app)
        return
    assert app.selectbox(key="dataset").options == sorted(str(path) for path in datasets.iterdir())
    for view in VIEWS:
        app.segmented_control(key="view").set_value(view).run()
        assert not app.exception and not app.error
        assert bool(figures(app)) == (view in ("Class mix", "Sources and split"))


@pytest.mark.parametrize("datasets", ["many"], indirect=True)
def test_another_dataset_shows_its_own_sources(show, datasets):
    app = show("data")
    for name, count in (("third", 2), ("tiny", 4), ("second", 3)):
        app.selectbox(key="dataset").set_value(str(datasets / name)).run()
        assert len(app.selectbox(key="source").options) == count


@pytest.mark.parametrize("datasets", ["one"], indirect=True)
def test_a_node_with_its_type_its_neighbours_and_steps(show, datasets):
    app = show("data")
    assert viewer(app)["selected"] is None and "Choose a node" in texts(app)
    app.button[0].click().run()
    nodes = frame_nodes(Dataset.open(datasets / "tiny"), 0, 0, 128)
    assert viewer(app)["selected"] == 0
    assert "16×16 node, NONE" in texts(app) and len(figures(app)) == 1
    next(button for button in app.button if button.label == "Next").click().run()
    assert viewer(app)["selected"] == 1
    kind = Partition(int(nodes.partition[1]))
    assert f"16×16 node, {kind.name}" in texts(app) and "Stage 1: PARTITION" in texts(app)
    (below,) = neighbours(nodes, 1)["below"]
    app.button(key="go-below").click().run()
    assert viewer(app)["selected"] == below
    assert app.button(key="go-above").disabled is False


@pytest.mark.parametrize("datasets", ["many"], indirect=True)
def test_a_link_restores_the_view(runs_dir, datasets):
    query = {"dataset": str(datasets / "tiny"), "source": "picture-2", "qindex": "128", "node": "16-32-16"}
    app = opened(**query)
    assert app.selectbox(key="dataset").value == query["dataset"]
    assert app.selectbox(key="source").value == "picture-2"
    chosen = viewer(app)
    assert (chosen["nodes"]["row"][chosen["selected"]], chosen["nodes"]["col"][chosen["selected"]]) == (16, 32)
    mix = opened(view="Class mix", stage="Stage 2", by="source")
    assert "Stage 2: class mix by source" in [figure["layout"]["title"]["text"] for figure in figures(mix)]


@pytest.mark.parametrize("node", ["", "x", "1-2", "999-0-16", "-1-0-16"])
@pytest.mark.parametrize("datasets", ["one"], indirect=True)
def test_a_link_to_a_node_that_is_not_there_shows_the_frame(runs_dir, datasets, node):
    assert viewer(opened(node=node))["selected"] is None


def test_every_view_in_portuguese(show, datasets):
    for view, name in (("Frames", "Visualização"), ("Class mix", "Por"), ("Sources and split", "Conjunto de dados")):
        app = show("data", {"lang": "pt_BR", "view": view, "node": "0-0-16", "by": "side"})
        assert app.title[0].value == "Dados" and not app.error
        if not any(datasets.iterdir()):
            assert "Ainda não há nenhum conjunto de dados" in texts(app) and "Novo conjunto de dados" in texts(app)
            return
        assert name in [control.label for control in (*app.segmented_control, *app.selectbox)]
        if view == "Frames":
            assert viewer(app)["words"]["zoom-in"] == "Ampliar" and viewer(app)["locale"] == "pt-BR"
            assert "Nó de 16×16, NONE" in texts(app) and "Vizinhos" in texts(app)
        elif view == "Class mix":
            assert figures(app)[0]["layout"]["title"]["text"] == "Stage 1: distribuição das classes por lado"
            assert figures(app)[0]["data"][0]["x"] == ["treino", "validação"]
        else:
            assert "Por fonte" in texts(app) and "Auditoria" in app.success[0].value
            assert set(app.dataframe[0].value["Lado"]) == {"treino", "validação"}
    assert show("data", {"lang": "pt_BR", "view": "Add a dataset"}).header[0].value == "Novo conjunto de dados"


@pytest.mark.parametrize("datasets", ["one"], indirect=True)
def test_a_build_is_shown_as_it_stands(show, datasets):
    app = show("data", {"view": "Add a dataset", "lang": "pt_BR"})
    request = BuildRequest(out=str(datasets / "mine"), inputs="/pictures", qindexes=(128,))
    from pages._ui.state import _builds

    builds = _builds(datasets)
    builds.jobs.append(job := Job(request))
    app.run()
    assert "iniciando" in app.get("progress")[0].proto.text
    job.progress = Progress(message("encoding"), 1_000, 4_000, 30.0, 95.0, "frame")
    app.run()
    (bar,) = app.get("progress")
    assert bar.proto.text == "**mine** · codificando, 1.000 de 4.000 · faltam cerca de 1 min 35 s"
    assert bar.proto.value == 25
    job.state, job.message = "failed", message("No split is possible: {note}", note="x")
    app.run()
    assert "Nenhuma divisão é possível" in app.error[0].value


@pytest.mark.parametrize("datasets", ["one"], indirect=True)
def test_the_audit_speaks_of_what_is_on_both_sides(show, datasets):
    app = show("data")
    app.segmented_control(key="view").set_value("Sources and split").run()
    assert "no source, scene or frame has blocks on both sides" in app.success[0].value
    dataset = Dataset.open(datasets / "tiny")
    write_split(dataset, choose_split(dataset.blocks, dataset.sources, method="block"))
    app.run()
    assert "4 of 4 sources" in app.warning[0].value and "By block, at random" in texts(app)
    write_split(dataset, replace(dataset.split, method="none", val=(), note="One picture is no split."))
    app.run()
    assert "No split is possible" in texts(app) and "One picture is no split." in texts(app)


@pytest.mark.parametrize("datasets", ["empty"], indirect=True)
def test_blocks_without_frames_are_shown_as_what_they_are(show, datasets, tmp_path):
    for sequence in ("a", "b"):
        write_triplet(tmp_path, sequence, 16, 30)
    import_triplet(tmp_path, datasets / "blocks")
    app = show("data")
    assert "what lies next to a block means nothing" in texts(app)
    app.button[0].click().run()
    assert "16×16 node" in texts(app) and "Neighbours" not in texts(app)
    app.segmented_control(key="view").set_value("Class mix").run()
    assert app.segmented_control(key="of").options == ["Nodes"] and "No percent of pixels" in texts(app)


@pytest.mark.parametrize("datasets", ["one"], indirect=True)
def test_a_damaged_dataset_is_named(show, datasets):
    (datasets / "tiny" / "blocks.parquet").write_bytes(b"PAR1")
    assert "blocks.parquet" in show("data").error[0].value


@pytest.mark.parametrize("datasets", ["empty"], indirect=True)
def test_a_folder_of_pictures_becomes_a_dataset(show, datasets, tmp_path):
    (tmp_path / "pictures").mkdir()
    for index in range(2):
        picture = (textured(64, 96, seed=index) >> 2).astype("uint8")
        Image.fromarray(picture).save(tmp_path / "pictures" / f"{index}.png")
    app = show("data")
    app.segmented_control(key="add-from").set_value("A folder or file of this machine").run()
    app.text_input(key="add-folder").set_value(str(tmp_path / "pictures"))
    app.text_input(key="add-name").set_value("mine")
    app.multiselect(key="add-qindex").set_value([220])
    app.slider(key="add-speed").set_value(8)
    build = next(button for button in app.button if button.label == "Build")
    build.click().run()
    deadline = time.monotonic() + 60
    while not (datasets / "mine" / "dataset.json").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    app.run()
    assert app.selectbox(key="dataset").options == [str(datasets / "mine")]
    assert [source.name for source in Dataset.open(datasets / "mine").sources] == ["0", "1"]


@pytest.mark.parametrize(
    ("name", "folder", "message"),
    [("mine", "", "Name a folder"), ("../mine", "/tmp", "no name for a dataset"), ("tiny", "/tmp", "already exists")],
)
@pytest.mark.parametrize("datasets", ["one"], indirect=True)
def test_a_wrong_form_is_explained(show, datasets, name, folder, message):
    app = show("data")
    app.segmented_control(key="view").set_value("Add a dataset").run()
    app.segmented_control(key="add-from").set_value("A folder or file of this machine").run()
    app.text_input(key="add-name").set_value(name)
    app.text_input(key="add-folder").set_value(folder)
    next(button for button in app.button if button.label == "Build").click().run()
    assert message in app.error[0].value.replace("\\", "")
    assert [path.name for path in datasets.iterdir()] == ["tiny"]
