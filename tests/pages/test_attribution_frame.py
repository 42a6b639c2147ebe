import json
import re
import shutil

import pytest
from streamlit.testing.v1 import AppTest

from av1core import settings
from av1core.analysis.predictions import load_predictions
from av1core.dataset.folder import Dataset
from av1core.dataset.split import choose_split, write_split
from av1core.figures.frame import TREE
from av1core.partition import Partition
from av1core.runs.folder import RunFolder
from tests.pages.reading import figures, texts

VALIDATION = "picture-3"


@pytest.fixture
def runs(runs_dir, trained):
    """A Stage-1 run, a Stage-2 run on it, and another beside that."""
    for name in (trained.stage1, trained.stage2):
        shutil.copytree(trained.runs_dir / name, runs_dir / name)
    shutil.copytree(trained.runs_dir / trained.stage2, runs_dir / f"{trained.stage2}-1")
    return runs_dir


def viewer(app: AppTest) -> dict:
    (element,) = app.get("bidi_component")
    return json.loads(element.proto.json)


def chosen_place(app: AppTest) -> tuple[int, int]:
    drawn = viewer(app)
    return tuple(drawn["nodes"][name][drawn["selected"]] for name in ("row", "col"))


def kinds_drawn(app: AppTest) -> set[str]:
    nodes = viewer(app)["nodes"]
    return {nodes["kinds"][kind]["name"] for kind in nodes["kind"]}


def probabilities(app: AppTest) -> dict:
    return next(each for each in figures(app) if each["layout"]["title"]["text"] == "Probabilities down the hierarchy")


def linked(app: AppTest) -> list[str]:
    found = (app.query_params[name] for name in ("source", "qindex", "node"))
    return [value if isinstance(value, str) else value[0] for value in found]


def link(run: str, place: int, **others: str) -> dict[str, str]:
    """Of a run and a block of the validation picture."""
    stage = RunFolder.open(settings.runs_dir(), run).spec().stage
    row, col = (16 * number for number in divmod(place, 8))
    place = {"source": VALIDATION, "frame": "0", "qindex": "128", "node": f"{row}-{col}-16"}
    return {"stage": stage, "run": run} | place | others


def test_the_chosen_block_is_marked_in_its_frame_and_told(show, runs, trained, tiny):
    app = show("attribution", link(trained.stage2, 10))
    data = Dataset.open(tiny)
    assert chosen_place(app) == (16, 32) and viewer(app)["nodes"]["selectable"] == 64
    row = 3 * 64 + 10
    said = texts(app)
    assert "row 16, col 32 · qindex 128" in said
    kind = Partition(int(data.blocks.partition[row]))
    assert kind.name == "VERT" and "PARTITION → RECT → VERT" in said
    place = load_predictions(RunFolder(runs / trained.stage2), data).block.tolist().index(row)
    assert re.search(rf"\b{place + 1} of \d+ blocks", said)
    assert "Stage 3 AB: no run" in said and not app.warning


def test_previous_and_next_step_through_the_stages_validation_blocks(show, runs, trained):
    app = show("attribution", link(trained.stage2, 1))
    app.button(key="block-after").click().run()
    assert chosen_place(app) == (0, 32) and linked(app) == [VALIDATION, "128", "0-32-16"]
    # The eighth block is of NONE, which Stage 2 does not see.
    app = show("attribution", link(trained.stage2, 7))
    app.button(key="block-after").click().run()
    assert chosen_place(app) == (16, 16)
    app.button(key="block-before").click().run()
    assert chosen_place(app) == (0, 112)


def test_a_frame_shows_what_is_true_decided_wrong_and_sure(show, runs, trained):
    app = show("attribution", link(trained.stage2, 1))
    drawn = {app.segmented_control(key="show").value: kinds_drawn(app)}
    for shown in ("Predicted tree", "Errors", "Confidence"):
        app.segmented_control(key="show").set_value(shown).run()
        assert chosen_place(app) == (0, 16)
        drawn[shown] = kinds_drawn(app)
    assert {"NONE", "SPLIT", "VERT_B"} <= drawn["True tree"]
    # No run decides between the types of RECT and AB.
    ends = {"NONE", "SPLIT", "RECT, type not decided", "AB, type not decided"}
    assert TREE in drawn["Predicted tree"] and drawn["Predicted tree"] - {TREE} <= ends
    unseen = {TREE, "Not of Stage 2"}
    assert unseen < drawn["Errors"] <= unseen | {"Right", "Wrong"}
    assert unseen < drawn["Confidence"] and all(name.endswith("%") for name in drawn["Confidence"] - unseen)
    app = show("attribution", link(trained.stage2, 1, beside=f"{trained.stage2}-1", show="Errors"))
    # A copy of the run is right where it is.
    assert unseen < kinds_drawn(app) <= unseen | {"Both right", "Both wrong"}
    assert [trace.get("name") for trace in probabilities(app)["data"]][2:] == ["Decided", "Encoder's choice"]


def test_a_block_that_the_stage_never_sees_says_so(show, runs, trained):
    app = show("attribution", link(trained.stage2, 8))
    assert "Stage 2 never sees this block: the encoder chose NONE" in texts(app)
    assert "not among the" in texts(app) and chosen_place(app) == (16, 0)
    assert "never sees" not in texts(show("attribution", link(trained.stage1, 8)))


def test_another_frame_begins_with_its_first_block_and_tells_its_side(show, runs, trained):
    app = show("attribution", link(trained.stage2, 10))
    box = app.selectbox(key="frame-source")
    assert box.options == [f"picture-{place} (training side)" for place in range(3)] + [VALIDATION]
    box.set_value(1).run()
    assert linked(app) == ["picture-1", "128", "0-0-16"] and "of the training side" in texts(app)
    # Of the validation picture the first block that the run validated on, which is not of NONE.
    app.selectbox(key="frame-source").set_value(3).run()
    assert linked(app) == [VALIDATION, "128", "0-16-16"] and "of the training side" not in texts(app)


def test_a_run_of_another_stage_that_is_damaged_does_not_stand_in_the_way(show, runs, trained):
    (runs / trained.stage1 / "best.safetensors").write_bytes(b"x")
    app = show("attribution", link(trained.stage2, 1))
    assert trained.stage1 in app.error[0].value.replace("\\", "") and "Stage 1: no run" in texts(app)
    assert chosen_place(app) == (0, 16)


def test_of_a_split_that_changed_nothing_is_claimed(show, runs, trained, tiny, tmp_path):
    data = Dataset.open(shutil.copytree(tiny, tmp_path / "copy" / "tiny"))
    write_split(data, choose_split(data.blocks, data.sources, method="block"))
    for spec in runs.glob("*/spec.json"):
        spec.write_text(spec.read_text().replace(str(tiny), str(data.path)))
    app = show("attribution", link(trained.stage2, 1))
    assert "split has changed since" in texts(app)
    assert app.selectbox(key="frame-source").options[0] == "picture-0"


def test_a_link_to_a_frame_alone_opens_its_first_block_and_one_to_nowhere_says_so(show, runs, trained):
    said = "The block that the link names is not in this dataset"
    app = show("attribution", {"source": "picture-1"})
    assert app.query_params["source"] == "picture-1" and app.query_params["node"] == "0-0-16"
    assert said not in texts(app)
    app = show("attribution", {"source": "picture-1", "qindex": "128", "node": "16-32-16"})
    assert app.query_params["node"] == "16-32-16" and said not in texts(app)
    for place in ({"source": "nowhere"}, {"source": "picture-1", "qindex": "128", "node": "1-2-16"}, {"node": "x"}):
        app = show("attribution", place)
        assert said in texts(app) and not app.error
        assert app.query_params["source"] == ("picture-1" if "qindex" in place else "picture-3")
