import hashlib
import os

import pytest

from av1core import storage
from av1core.storage import file_name, file_sha256, is_file_name


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path):
    file = tmp_path / "a.bin"
    for content in (b"old", b"new"):
        storage.write_bytes_atomically(file, content)
        assert file.read_bytes() == content
    assert os.listdir(tmp_path) == ["a.bin"]


def test_a_failed_write_keeps_the_old_content(tmp_path, monkeypatch):
    file = tmp_path / "a.bin"
    storage.write_bytes_atomically(file, b"old")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(storage.os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        storage.write_bytes_atomically(file, b"new")
    assert file.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_what_a_killed_process_left_is_deleted_and_nothing_else(tmp_path, monkeypatch):
    storage.write_bytes_atomically(tmp_path / "a.bin", b"whole")
    with monkeypatch.context() as patch:
        patch.setattr(storage.Path, "unlink", lambda *args, **kwargs: None)
        patch.setattr(storage.os, "replace", lambda *args: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            storage.write_bytes_atomically(tmp_path / "a.bin", b"new")
    assert len(os.listdir(tmp_path)) == 2
    storage.remove_unfinished_files(tmp_path)
    assert os.listdir(tmp_path) == ["a.bin"] and (tmp_path / "a.bin").read_bytes() == b"whole"


def test_json_comes_back_as_written(tmp_path):
    value = {"name": "γ×4", "list": [1, 2.5, None, True]}
    storage.write_json_atomically(tmp_path / "a.json", value)
    assert storage.read_json(tmp_path / "a.json") == value


def test_json_refuses_what_json_cannot_hold(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        storage.write_json_atomically(tmp_path / "a.json", float("nan"))
    assert not list(tmp_path.iterdir())


def test_other_users_may_read_the_file(tmp_path):
    storage.write_bytes_atomically(tmp_path / "a.bin", b"")
    (tmp_path / "plain").touch()
    assert (tmp_path / "a.bin").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_files_sha256_is_that_of_its_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"abc" * 1000)
    assert file_sha256(tmp_path / "a") == hashlib.sha256(b"abc" * 1000).hexdigest()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("my photo.png", "my_photo.png"),
        ("../../evil", "evil"),
        (".hidden", "hidden"),
        ("a/b\\c", "a_b_c"),
        ("..", "source"),
    ],
)
def test_a_file_name_never_leaves_its_folder(text, name):
    assert file_name(text) == name


@pytest.mark.parametrize("text", ["é" * 200, "x" * 200, "." * 90 + "x", "_" * 79 + "é", "ﬀ" * 60, "\ud800" * 90])
def test_a_file_name_leaves_room_for_endings_and_marks(text):
    name = file_name(text)
    assert 0 < len(name.encode()) <= 80 and file_name(name) == name and is_file_name(name)


@pytest.mark.parametrize("text", ["con", "NUL", "Aux.txt", "com1", "LPT9.tar.gz", "com¹"])
def test_a_file_name_is_no_device_of_windows(text):
    assert file_name(text) == f"_{text}"
    assert file_name(f"{text}x".replace(".", "x")) == f"{text}x".replace(".", "x")


def test_letters_with_marks_have_one_file_name():
    assert file_name("e\u0301") == file_name("é") == "é"


def test_what_will_do_as_a_file_name():
    for text in ("a", "_a", "a-b.c_", "é", "0", "x" * 80, "_con", "console"):
        assert is_file_name(text)
    for text in (
        "",
        ".",
        "..",
        ".a",
        "a.",
        "-a",
        "a b",
        "a/b",
        "a\\b",
        "a\0",
        "a\n",
        "e\u0301",
        "x" * 81,
        "con",
        "nul.txt",
    ):
        assert not is_file_name(text)
