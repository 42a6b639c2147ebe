import io
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from av1core.dataset import uploads
from av1core.dataset.uploads import keep_uploads
from av1core.errors import DatasetError, LabError
from tests.media.hostile import BOMBS, NO_PICTURES, polyglot

ROOT = Path(__file__).parents[2]


def picture(seed: int = 0, size: tuple[int, int] = (8, 8), kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, size, np.uint8)).save(buffer, kind)
    return buffer.getvalue()


@pytest.fixture
def folder(tmp_path):
    """Where uploads go, in a folder of its own that holds nothing else."""
    (tmp_path / "draft").mkdir()
    return tmp_path / "draft" / "uploads"


def kept(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def everything(tmp_path) -> set[str]:
    return {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")}


HOSTILE_NAMES = {
    "../../evil.png": "evil.png",
    "/etc/evil.png": "evil.png",
    "..\\..\\evil.png": "evil.png",
    "C:\\Windows\\evil.png": "evil.png",
    "C:evil.png": "evil.png",
    "\\\\server\\share\\evil.png": "evil.png",
    "evil.png/../../x.png": "x.png",
    ".hidden.png": "hidden.png",
    "..png": "picture.png",
    "....//....//evil.png": "evil.png",
    "evil\0.png": "evil.png",
    "a\nb\rc.png": "a_b_c.png",
    "-rf.png": "-rf.png",
    '*?"<>|$(id)`id`.png': "id_id.png",
    "%2e%2e%2fevil.png": "2e_2e_2fevil.png",
    "．．／evil.png": "evil.png",
    "\u202egnp.evil.png": "gnp.evil.png",
    "e\u0301.png": "é.png",
    "CON.png": "_CON.png",
    "nul.tar.png": "_nul.tar.png",
    "com1.PNG": "_com1.png",
    "<img src=x onerror=alert(1)>.png": "img_src_x_onerror_alert_1.png",
    "request.json.png": "request.json.png",
    "é" * 300 + ".png": "é" * 40 + ".png",
    "/" * 5000 + "x" * 5000 + ".png": "x" * 80 + ".png",
}


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=lambda name: ascii(name[:20]))
def test_a_name_chooses_no_folder_and_is_one_of_every_system(tmp_path, folder, name):
    keep_uploads([(name, picture())], folder)
    assert kept(folder) == [HOSTILE_NAMES[name]]
    assert everything(tmp_path) == {"draft", "draft/uploads", f"draft/uploads/{HOSTILE_NAMES[name]}"}
    assert (folder / HOSTILE_NAMES[name]).read_bytes() == picture()


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "/", "png", ".png", "x", "x.exe", "x.png.html", "x.svg", "x.png:y", "x.toml", "x.y4m", "x.png "],
)
def test_a_name_that_is_none_of_a_picture_is_refused(tmp_path, folder, name):
    with pytest.raises(DatasetError, match="is no picture by its name"):
        keep_uploads([("good.png", picture()), (name, picture())], folder)
    assert everything(tmp_path) == {"draft"}


@pytest.mark.parametrize("other", ["a.png", "sub/a.png", "A.PNG", "a.jpg", "..\\a.png", "a_.png", "?a.png", "á.png"])
def test_no_upload_takes_the_place_of_another(tmp_path, folder, other):
    first = "a\u0301.png" if other == "á.png" else "a.png"
    with pytest.raises(DatasetError, match=r"a.*\.png and .* would both be called .*rename one"):
        keep_uploads([(first, picture(0)), (other, picture(1))], folder)
    assert everything(tmp_path) == {"draft"}


@pytest.mark.parametrize("name", BOMBS)
def test_a_picture_that_would_fill_the_memory_is_refused_by_name_and_limit(tmp_path, folder, name):
    with pytest.raises(LabError, match=rf"{re.escape(name)} declares more than 142,606,336 pixels"):
        keep_uploads([("good.png", picture()), (name, BOMBS[name])], folder)
    assert everything(tmp_path) == {"draft"}


@pytest.mark.parametrize("name", NO_PICTURES)
def test_what_is_no_picture_is_refused_by_name(tmp_path, folder, name):
    with pytest.raises(LabError, match=rf"{re.escape(name)} cannot be read as a picture"):
        keep_uploads([("good.png", picture()), (name, NO_PICTURES[name])], folder)
    assert everything(tmp_path) == {"draft"}


@pytest.mark.parametrize(
    ("limit", "value", "files", "message"),
    [
        (
            "MOST_FILES",
            2,
            [(f"{place}.png", picture(place)) for place in range(3)],
            r"2\.png is one too many: at most 2",
        ),
        ("MOST_FILE_MIB", 1, [("big.bmp", picture(size=(1024, 1025), kind="BMP"))], r"big\.bmp is larger than 1 MiB"),
        (
            "MOST_MIB",
            1,
            [(f"{place}.bmp", picture(place, (800, 800), "BMP")) for place in range(2)],
            r"With 1\.bmp the uploads are larger than 1 MiB together",
        ),
        (
            "MOST_PIXELS",
            60,
            [("wide.png", picture(size=(6, 11)))],
            r"wide\.png has 11×6 pixels; an upload may have 60\.",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isupper() else "",
)
def test_each_limit_is_named_with_the_file_and_nothing_is_kept(
    tmp_path, folder, monkeypatch, limit, value, files, message
):
    monkeypatch.setattr(uploads, limit, value)
    with pytest.raises(DatasetError, match=message):
        keep_uploads(files, folder)
    assert everything(tmp_path) == {"draft"}


def test_uploads_at_the_limits_are_kept(folder, monkeypatch):
    files = [(f"{place}.bmp", picture(place, (512, 512), "BMP")) for place in range(2)]
    size = sum(len(content) for _, content in files)
    monkeypatch.setattr(uploads, "MOST_FILES", 2)
    monkeypatch.setattr(uploads, "MOST_PIXELS", 512 * 512)
    monkeypatch.setattr(uploads, "MOST_MIB", size / 2**20)
    keep_uploads(files, folder)
    assert kept(folder) == ["0.bmp", "1.bmp"]


def test_files_beyond_the_limit_are_not_even_asked_for(folder, monkeypatch):
    monkeypatch.setattr(uploads, "MOST_FILES", 2)
    asked = []

    def files():
        for place in range(1000):
            asked.append(place)
            yield f"{place}.png", picture(place)

    with pytest.raises(DatasetError):
        keep_uploads(files(), folder)
    assert len(asked) == 3


def test_nothing_to_keep_is_said(tmp_path, folder):
    with pytest.raises(DatasetError, match="No picture was uploaded"):
        keep_uploads([], folder)
    assert everything(tmp_path) == {"draft"}


def test_a_message_shows_a_name_in_one_short_line(folder):
    with pytest.raises(DatasetError) as caught:
        keep_uploads([("a\n\u202e\ud800" + "x" * 5000 + ".exe", b"")], folder)
    shown = str(caught.value).partition(" is no picture")[0]
    assert len(shown) == 80 and shown.isprintable() and shown.endswith("x.exe") and shown.startswith("a��")


def test_a_polyglot_is_kept_as_the_picture_that_it_is(folder):
    keep_uploads([("page.png", polyglot())], folder)
    assert kept(folder) == ["page.png"]


def test_the_server_takes_no_larger_file_than_is_kept():
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert config["server"]["maxUploadSize"] == uploads.MOST_FILE_MIB
