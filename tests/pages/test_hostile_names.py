"""No page carries out what stands in a name, a note or a message."""

import json
import os
import re
import shutil
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from google.protobuf.message import Message
from streamlit.testing.v1 import AppTest

from av1core.analysis.ledger import Ledger
from av1core.runs.annotations import MOST_TAG, Annotations
from av1core.runs.folder import RunFolder
from pages._ui.text import plain
from tests.hostile_names import HOSTILE, LINKS, rename
from tests.pages.reading import figures

ACTIVE = re.compile(r"(?<!\\)(<img|\[x\]|\*\*b\*|\$x|:red)")
"""Parts of the hostile text without the escapes that keep Markdown from reading them."""

AS_TEXT = {
    "text": ("body",),
    "text_input": ("default", "value"),
    "text_area": ("default", "value"),
    "selectbox": ("options", "raw_value", "value"),
    "multiselect": ("options", "raw_values", "default"),
    "arrow_data_frame": ("data",),
    "dataframe": ("columns",),  # drawn on a canvas
    "plotly_chart": ("spec", "alt"),  # looked at as JSON; an attribute for screen readers
    "bidi_component": ("json",),  # an attribute for screen readers
}
"""Parts of elements that the browser shows as text, whatever they hold."""


def strings(message: Message, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text inside a message, with the name of the field that holds it."""
    for field, value in message.ListFields():
        values = value if field.is_repeated else [value]
        for each in values:
            if isinstance(each, Message):
                yield from strings(each, field.name)
            elif isinstance(each, str):
                yield field.name, each


def texts(app: AppTest) -> list[tuple[str, str, str]]:
    """Kind of element, field and text, of all that the page sends to the browser."""
    nodes = [(node.type, node.proto) for node in app._tree if isinstance(getattr(node, "proto", None), Message)]
    return [(kind, field, text) for kind, proto in nodes for field, text in strings(proto)]


def drawn(value: object) -> Iterator[str]:
    """Every text in a figure's JSON."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from drawn(each)
    elif isinstance(value, str):
        yield value


@pytest.fixture
def hostile(runs_dir, tiny, trained, tmp_path, monkeypatch) -> Path:
    """A dataset and runs in which every text that a user gives is hostile."""
    root = tmp_path / "datasets"
    data = shutil.copytree(tiny, root / HOSTILE)
    rename(data)
    monkeypatch.setenv("AV1LAB_DATASETS", str(root))
    for place, run in enumerate((trained.stage1, trained.stage2)):
        for number in (2 * place, 2 * place + 1):
            folder = RunFolder(shutil.copytree(trained.runs_dir / run, runs_dir / f"{run}-{number}"))
            spec = json.loads(folder.spec_file.read_text())
            own = {"name": f"{HOSTILE} {number}", "dataset": str(data), "epochs": number + 1}
            folder.spec_file.write_text(json.dumps(spec | own))
            folder.write_status(replace(folder.status(), message=HOSTILE))
            folder.write_annotations(Annotations(f"{HOSTILE} {number}", (HOSTILE[:MOST_TAG],), HOSTILE))
    shutil.copytree(trained.runs_dir / trained.stage1, runs_dir / trained.stage1)
    for state in ("failed", "running"):
        other = RunFolder(shutil.copytree(folder.path, runs_dir / state))
        other.write_status(replace(folder.status(), state=state, host=socket.gethostname(), pid=os.getpid()))
    return root


def check(app: AppTest) -> None:
    """The hostile texts are on the page, and nowhere in a form that would be carried out."""
    assert not app.exception, app.exception
    found = texts(app)
    assert any(HOSTILE in text or plain(HOSTILE) in text for _, _, text in found)
    read = [each for each in found if each[1] not in ("id", *AS_TEXT.get(each[0], ()))]
    assert [each for each in read if ACTIVE.search(each[2])] == []
    assert [text for figure in figures(app) for text in drawn(figure) if "<img" in text or "$x$" in text] == []


@pytest.mark.parametrize("page", ["overview", "launch", "compare", "ablations", "report", "hierarchy", "attribution"])
def test_no_page_carries_out_a_text(show, hostile, page):
    check(show(page))


@pytest.mark.parametrize("view", ["Averages"])
def test_neither_does_a_view_of_two_runs(show, hostile, trained, view):
    runs = [f"{trained.stage2}-{number}" for number in (2, 3)]
    check(show("attribution", {"view": view, "run": runs[0], "beside": runs[1]}))


@pytest.mark.parametrize("readonly", ["", "1"])
def test_neither_do_the_details_of_a_run_nor_a_copy_of_it(show, hostile, trained, monkeypatch, readonly):
    monkeypatch.setenv("AV1LAB_READONLY", readonly)
    for page, parameter in (("runs", "run"), ("launch", "copy")):
        app = show(page)
        app.query_params[parameter] = f"{trained.stage2}-2"
        check(app.run())


@pytest.mark.parametrize("readonly", ["", "1"])
def test_neither_does_the_ledger(show, runs_dir, monkeypatch, readonly):
    ledger = Ledger(runs_dir, author=HOSTILE)
    study = {"study": "batchnorm", "variant": "BN eval"}
    for _ in range(2):
        ledger.add(HOSTILE, 1.0, 2.0, **study)
    ledger.edit("H2", statement=f"{HOSTILE} {LINKS}")
    ledger.decide("H2", "keep", f"{HOSTILE} {LINKS}")
    # A study and a variant that the Lab has not, and a file whose error says what stands in it.
    folder = runs_dir / ".lab" / "hypotheses"
    foreign = json.loads((folder / "H3.json").read_text())
    foreign["revisions"][0] |= {"study": HOSTILE[:80], "variant": HOSTILE[:80]}
    (folder / "H3.json").write_text(json.dumps(foreign))
    (folder / "H4.json").write_text(json.dumps(foreign | {"key": HOSTILE}))
    monkeypatch.setenv("AV1LAB_READONLY", readonly)
    check(show("hypotheses"))


@pytest.mark.parametrize("view", ["Frames", "Class mix", "Sources and split", "Add a dataset"])
def test_no_view_of_the_data_carries_out_a_text(show, hostile, view):
    app = show("data")
    app.segmented_control(key="view").set_value(view).run()
    if view == "Class mix":
        app.segmented_control(key="by").set_value("Source").run()
        assert any("&lt;img" in text for figure in figures(app) for text in drawn(figure))
    if view == "Add a dataset":
        app.segmented_control(key="add-from").set_value("A folder or file of this machine").run()
        app.text_input(key="add-folder").set_value(HOSTILE)
        app.text_input(key="add-name").set_value("mine")
        next(button for button in app.button if button.label == "Build").click().run()
        deadline = time.monotonic() + 60
        while not app.error and time.monotonic() < deadline:
            app.run()
    check(app)


@pytest.mark.parametrize(
    "view", ["Gap", "Per class", "Confusion", "Pictures and qindex", "Learning rates", "Search", "Settings"]
)
def test_no_view_of_a_comparison_carries_out_a_text(show, hostile, view):
    app = show("compare")
    app.segmented_control(key="chart").set_value(view).run()
    check(app)
