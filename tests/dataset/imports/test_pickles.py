import builtins
import os
import pathlib

import numpy as np
import pytest
import torch

from av1core.dataset.imports.pickles import load_pt
from av1core.errors import DatasetError
from tests.dataset.imports.damage import flipped, truncated

FORMATS = pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "legacy"])


class Calls:
    """Asks the reader of its pickle to call a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def save(value, path, is_zip=True):
    torch.save(value, path, _use_new_zipfile_serialization=is_zip)
    return path


@FORMATS
def test_tensors_arrays_and_numbers_come_back(tmp_path, is_zip):
    value = {
        "samples": torch.rand(3, 1, 16, 16),
        "labels": np.arange(3, dtype=np.int64),
        "history": {"loss": [0.5, np.float64(0.25), np.float32(0.125)], "epoch": [np.int64(1), 2], "done": np.True_},
        "names": ["a", np.array(["b"])],
        7: None,
    }
    found = load_pt(save(value, tmp_path / "a.pt", is_zip))
    assert found.keys() == value.keys()
    assert torch.equal(found["samples"], value["samples"])
    assert (found["labels"] == value["labels"]).all() and found["labels"].dtype == np.int64
    assert found["history"] == value["history"]
    assert found["names"][1][0] == "b"


def test_files_written_with_numpy_1_are_read(tmp_path, monkeypatch):
    path = save({"a": np.float64(0.5), "b": np.arange(4)}, tmp_path / "a.pt", is_zip=False)
    data = path.read_bytes()
    assert b"numpy._core.multiarray" in data
    path.write_bytes(data.replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    found = load_pt(path)
    assert found["a"] == 0.5
    assert (found["b"] == np.arange(4)).all()


@FORMATS
@pytest.mark.parametrize(
    ("function", "argument", "name"),
    [
        (os.system, "touch {}", f"{os.system.__module__}.system"),
        (builtins.open, "{}", "io.open"),
        (builtins.exec, "open({!r}, 'w')", "exec"),
        (pathlib.Path.touch, "{}", "getattr"),
    ],
    ids=["system", "open", "exec", "method"],
)
def test_code_is_refused_by_name_and_not_run(tmp_path, is_zip, function, argument, name):
    trace = tmp_path / "trace"
    more = ["w"] if function is builtins.open else []
    evil = Calls(function, argument.format(str(trace)), *more)
    path = save({"samples": torch.zeros(2), "extra": [evil]}, tmp_path / "a.pt", is_zip)
    with pytest.raises(DatasetError, match=rf'a\.pt asks for the Python object "{name}"'):
        load_pt(path)
    assert not trace.exists()


def test_objects_inside_arrays_are_refused_by_name(tmp_path):
    for value in (np.array([1, "a"], object), np.array([Calls(os.system, f"touch {tmp_path}/trace")], object)):
        with pytest.raises(DatasetError, match=r'object "(numpy\.dtype\(.O8.\)|\w+\.system)"'):
            load_pt(save({"a": value}, tmp_path / "a.pt"))
    assert not (tmp_path / "trace").exists()


def test_harmless_classes_are_refused_by_name_too(tmp_path):
    with pytest.raises(DatasetError, match=r'"pathlib\.(PosixPath|_local\.PosixPath)"'):
        load_pt(save({"a": pathlib.PosixPath("x")}, tmp_path / "a.pt"))


def test_what_one_load_allows_is_not_allowed_afterwards(tmp_path):
    before = set(torch.serialization.get_safe_globals())
    load_pt(save({"a": np.arange(2)}, tmp_path / "a.pt"))
    assert set(torch.serialization.get_safe_globals()) == before


@pytest.mark.parametrize("value", [[1, 2], torch.zeros(3), 7], ids=["list", "tensor", "number"])
def test_a_file_that_is_no_dict_is_refused(tmp_path, value):
    with pytest.raises(DatasetError, match=r"a\.pt holds a \w+ where a dict"):
        load_pt(save(value, tmp_path / "a.pt"))


def test_missing_and_unreadable_files_are_named(tmp_path):
    with pytest.raises(DatasetError, match=r"no file .*a\.pt"):
        load_pt(tmp_path / "a.pt")
    with pytest.raises(DatasetError, match="cannot be read: Is a directory"):
        load_pt(tmp_path)


@FORMATS
def test_truncated_files_are_refused(tmp_path, is_zip):
    data = save({"a": torch.arange(50.0)}, tmp_path / "a.pt", is_zip).read_bytes()
    for part in truncated(data):
        (tmp_path / "a.pt").write_bytes(part)
        with pytest.raises(DatasetError, match=r"a\.pt (is damaged, cut short|asks for)"):
            load_pt(tmp_path / "a.pt")


@FORMATS
@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_changed_bytes_give_a_dict_or_an_error(tmp_path, is_zip):
    value = {"a": torch.arange(4.0), "b": np.arange(3), "c": [np.float64(1.5), 2]}
    data = save(value, tmp_path / "a.pt", is_zip).read_bytes()
    refused = 0
    for changed in flipped(data):
        (tmp_path / "a.pt").write_bytes(changed)
        try:
            assert isinstance(load_pt(tmp_path / "a.pt"), dict)
        except DatasetError:
            refused += 1
    assert refused
