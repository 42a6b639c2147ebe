import pytest

from av1core.analysis.selection import best, comparable, newest, pinned
from av1core.runs.annotations import Annotations
from av1core.runs.folder import RunFolder
from av1core.runs.index import RunIndex
from benchmarks.made_up import PROVENANCE
from tests.runs.test_index import make_run


@pytest.fixture
def runs(tmp_path) -> dict[str, str]:
    """Three experiments of Stage 1 and what is left out of them, by what each run is."""
    runs = {}

    def train(key: str, val_f1: float, state: str = "finished", **values) -> None:
        folder = make_run(tmp_path, [val_f1] if val_f1 else [], state, **values)
        folder.write_provenance(PROVENANCE)
        runs[key] = folder.id

    train("a0", 0.5, name="A", seed=0, dropout=0.1)
    train("b0", 0.9, name="B", seed=0, dropout=0.2)
    train("a1", 0.7, name="A", seed=1, dropout=0.1)
    train("a1 again", 0.1, name="A", seed=1, dropout=0.1)
    train("a2", 0.4, "failed", name="A", seed=2, dropout=0.1)
    train("waits", 0, "queued", name="D", seed=0, dropout=0.4)
    train("c0", 0.8, name="C", seed=0, dropout=0.3)
    train("other stage", 0.5, name="E", stage="stage2", stage1_run="s1")
    return runs


def read(tmp_path) -> RunIndex:
    index = RunIndex(tmp_path)
    index.refresh()
    return index


def test_experiments_count_finished_seeds_once_and_say_what_is_left_out(runs, tmp_path):
    found = comparable(read(tmp_path), "stage1")
    assert found.table["name"].tolist() == ["A", "B", "C"]
    assert found.runs["run"].tolist() == [runs[key] for key in ("a0", "b0", "a1", "c0")]
    assert (found.total, found.live, found.ended, found.repeats) == (7, 1, 1, 1)
    assert list(found.keys) == found.table["experiment"].tolist() and set(found.labels.values()) == {"A", "B", "C"}


def test_every_run_is_counted_once(runs, tmp_path):
    for single in (False, True):
        found = comparable(read(tmp_path), "stage1", single)
        assert len(found.runs) + found.live + found.ended + found.repeats == found.total


def test_single_runs_are_each_by_itself_whatever_their_state(runs, tmp_path):
    found = comparable(read(tmp_path), "stage1", single=True)
    assert found.table["experiment"].tolist() == [runs[key] for key in ("a0", "b0", "a1", "a1 again", "a2", "c0")]
    assert len(set(found.labels.values())) == 6 and found.repeats == 0


def test_a_choice_keeps_its_order_and_says_what_sets_it_apart(runs, tmp_path):
    found = comparable(read(tmp_path), "stage1")
    a, b, c = found.table["experiment"]
    table, rows = found.chosen([c, a])
    assert table["experiment"].tolist() == [c, a] and rows["run"].tolist() == [runs[key] for key in ("c0", "a0", "a1")]
    assert table["changes"].tolist() == ["dropout = 0.3", "dropout = 0.1"]
    assert found.chosen([b])[0]["changes"].tolist() == [""] and found.chosen([])[0].empty


def test_looks_follow_the_order_of_creation_while_a_run_still_trains(runs, tmp_path):
    before = comparable(read(tmp_path), "stage1").keys
    make_run(tmp_path, [0.5], "running", name="New", dropout=0.5)
    assert comparable(read(tmp_path), "stage1").keys[: len(before)] == before


def test_the_newest_and_the_best_come_after_the_pinned_one(runs, tmp_path):
    table = comparable(read(tmp_path), "stage1").table
    a, b, c = table["experiment"]
    assert newest(table, 2) == [c, b] and best(table, 2) == [b, c] and pinned(table) == a
    RunFolder(tmp_path / runs["a1"]).write_annotations(Annotations(baseline=True))
    table = comparable(read(tmp_path), "stage1").table
    assert newest(table, 1) == [a, c] and best(table, 3) == [a, b, c] and pinned(table) == a
    assert pinned(table.assign(baseline=False, name=["x", "Baseline", "y"])) == b
    unpinned = table.assign(baseline=False)
    assert pinned(unpinned[::-1]) == a and pinned(unpinned.assign(validation=["other", "same", "same"])[::-1]) == b
    assert pinned(unpinned.assign(validation=None)) == a
    assert pinned(table[:0]) is None and newest(table[:0], 3) == []
