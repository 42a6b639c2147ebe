import logging
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from av1core.analysis.maps.store import ArrayStore


@pytest.fixture
def store(tmp_path):
    return ArrayStore(tmp_path / "sub" / "arrays.sqlite")


def arrays(count, seed=0, size=4):
    draws = np.random.default_rng(seed)
    return {f"{i}": draws.normal(size=(size, size)).astype(np.float32) for i in range(count)}


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint16"])
def test_arrays_come_back_as_they_were(store, dtype):
    for shape in ((), (3,), (2, 0, 4), (5, 1, 2)):
        array = (np.random.default_rng(1).random(shape) * 100).astype(dtype)
        store.put("kind", {"name": np.asarray(array)})
        found = store.get("kind", ["name", "other"])
        assert list(found) == ["name"] and found["name"].dtype == dtype and found["name"].shape == shape
        assert np.array_equal(found["name"], array)
        found["name"].flags.writeable or pytest.fail("nobody may be given a view of the file's bytes")


def test_kinds_are_apart_and_many_names_are_found_at_once(store):
    kept = arrays(1234)
    store.put("a", kept)
    store.put("b", {"0": np.ones(2)})
    found = store.get("a", list(kept))
    assert len(found) == 1234 and all(np.array_equal(found[name], kept[name]) for name in kept)
    assert np.array_equal(store.get("b", ["0"])["0"], np.ones(2)) and not store.get("c", ["0"])


def test_what_was_read_last_stays_when_it_is_full(tmp_path):
    store = ArrayStore(tmp_path / "arrays.sqlite", most_bytes=400_000)
    for kind in range(30):
        store.put(f"{kind}", arrays(10, size=32))
        assert store.get("0", ["3"]), "read every time, so never the longest unread"
    assert not store.get("1", ["1"]) and store.get("29", ["9"])
    assert store.file.stat().st_size < 800_000


def test_a_damaged_file_is_begun_anew(store, caplog):
    store.put("kind", arrays(3))
    store.file.write_bytes(b"no database" * 1000)
    with caplog.at_level(logging.WARNING):
        assert store.get("kind", ["0"]) == {}
    assert "arrays.sqlite" in caplog.text
    store.put("kind", arrays(3))
    assert len(store.get("kind", ["0", "1", "2"])) == 3


def test_a_reader_writes_nothing(tmp_path, store):
    reader = ArrayStore(store.file, writable=False)
    reader.put("kind", arrays(1))
    assert reader.get("kind", ["0"]) == {} and not store.file.exists()
    store.put("kind", arrays(1))
    before = store.file.read_bytes()
    assert len(reader.get("kind", ["0"])) == 1 and store.file.read_bytes() == before
    assert [file.name for file in store.file.parent.iterdir()] == ["arrays.sqlite"]


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path):
    (tmp_path / "file").write_text("")
    store = ArrayStore(tmp_path / "file" / "arrays.sqlite")
    store.put("kind", arrays(1))
    assert store.get("kind", ["0"]) == {}


def test_threads_may_write_together(store):
    def work(number):
        store.put(f"{number % 3}", {f"{number}": np.full(5, number)})
        return store.get(f"{number % 3}", [f"{number}"])[f"{number}"]

    with ThreadPoolExecutor(8) as pool:
        assert [int(found[0]) for found in pool.map(work, range(60))] == list(range(60))
