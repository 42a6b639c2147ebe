import pickle

import numpy as np
import pytest
import torch

from av1core.dataset.imports.pickles import load_pt
from av1core.errors import DatasetError

ARRAYS = {
    "in order of columns": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    "of the other byte order": np.arange(5, dtype=">i4"),
    "without elements": np.zeros((0, 3), np.float32),
    "without dimensions": np.array(7, np.uint16),
    "of truth values": np.array([True, False]),
    "of texts": np.array(["a", "bcd"]),
    "of bytes": np.array([b"a", b"bcd"]),
    "of complex numbers": np.array([1 + 2j]),
}
SCALARS = [np.float64(0.1), np.float32(0.1), np.int64(-3), np.uint8(200), np.bool_(True), np.str_("ab"), np.float16(2)]


@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays_come_back(tmp_path, kind):
    torch.save({"a": [ARRAYS[kind]], "b": {"c": (ARRAYS[kind],)}}, tmp_path / "a.pt")
    content = load_pt(tmp_path / "a.pt")
    for found in (content["a"][0], content["b"]["c"][0]):
        assert found.dtype == ARRAYS[kind].dtype
        np.testing.assert_array_equal(found, ARRAYS[kind], strict=True)


@pytest.mark.parametrize("scalar", SCALARS, ids=lambda scalar: type(scalar).__name__)
def test_scalars_come_back(tmp_path, scalar):
    torch.save({"a": scalar}, tmp_path / "a.pt")
    found = load_pt(tmp_path / "a.pt")["a"]
    assert found == scalar
    assert type(found) is type(scalar)


@pytest.mark.parametrize(
    "value",
    [np.zeros(2, [("x", "f8")]), np.array(["2026-01-01"], "M8[D]"), np.array([None], object)],
    ids=["records", "dates", "objects"],
)
def test_other_elements_are_refused_by_name(tmp_path, value):
    torch.save({"a": value}, tmp_path / "a.pt")
    with pytest.raises(DatasetError, match=r'object "numpy\.dtype\('):
        load_pt(tmp_path / "a.pt")


class Stated:
    """Pickles as a call and a state that numpy itself would take."""

    def __init__(self, function, arguments, state):
        self.call = function, arguments, state

    def __reduce__(self):
        return self.call


# numpy would believe that these eight bytes are a pointer, or that there are more of them.
AS_POINTERS = Stated(np.dtype, ("i8", False, True), (3, "<", None, None, None, -1, -1, 63))
RECONSTRUCT, START = np.zeros(0).__reduce__()[:2]


def test_a_state_cannot_turn_numbers_into_pointers(tmp_path):
    array = Stated(RECONSTRUCT, START, (1, (1,), AS_POINTERS, False, (12345).to_bytes(8, "little")))
    torch.save({"a": array}, tmp_path / "a.pt")
    found = load_pt(tmp_path / "a.pt")["a"]
    assert (found.dtype, found.tolist()) == (np.dtype("i8"), [12345])


@pytest.mark.parametrize(
    "state",
    [
        (1, (10**6,), np.dtype("f8"), False, b"12345678"),
        (1, (1,), np.dtype("f8"), False, b"123"),
        (1, (1,), np.dtype("f8"), False, [1.5]),
        (1, (1,), "f8", False, b"12345678"),
        (1, (1,)),
        None,
    ],
    ids=["too few bytes", "part of an element", "a list", "no dtype", "too short", "none at all"],
)
def test_arrays_that_do_not_hold_together_are_refused(tmp_path, state):
    torch.save({"a": Stated(RECONSTRUCT, START, state)}, tmp_path / "a.pt", pickle_module=pickle)
    with pytest.raises(DatasetError, match="is damaged"):
        load_pt(tmp_path / "a.pt")
