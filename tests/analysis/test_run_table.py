import pytest

from av1core.analysis.run_table import known_tags, run_table, select
from av1core.runs.annotations import Annotations
from av1core.runs.index import RunIndex
from tests.runs.test_index import make_run


@pytest.fixture
def table(tmp_path):
    """Makes runs from (val F1s, state, values, annotations) and returns their table and their ids."""

    def made(*runs):
        folders = []
        for val_f1s, state, values, annotations in runs:
            folders.append(make_run(tmp_path, val_f1s, state, **values))
            folders[-1].write_annotations(annotations)
        index = RunIndex(tmp_path)
        index.refresh()
        return run_table(index), [folder.id for folder in folders]

    return made


def test_every_run_has_a_row_the_newest_first_with_the_first_of_its_best_epochs(table):
    rows, (first, second) = table(
        ([0.2, 0.7, 0.7], "finished", {}, Annotations("Mine", ("a",), "", True)), ([], "queued", {}, Annotations()),
    )  # fmt: skip
    assert rows["run"].tolist() == [second, first]
    rows = rows.set_index("run")
    assert (rows.loc[first, "best_epoch"], rows.loc[first, "val_f1"], rows.loc[first, "name"]) == (2, 0.7, "Mine")
    assert rows.loc[second, ["best_epoch", "val_f1"]].isna().all() and rows.loc[second, "seed"] == 0
    assert rows["baseline"].tolist() == [False, True]


def test_nothing_is_a_table_too(table):
    rows, _ = table()
    assert rows.empty and known_tags(rows) == []
    assert select(rows, "x", ["stage1"], ["queued"], ["a"]).empty


def test_tags_are_known_once_in_order(table):
    rows, _ = table(([], "queued", {}, Annotations(tags=("b", "A"))), ([], "queued", {}, Annotations(tags=("b",))))
    assert known_tags(rows) == ["A", "b"]


def test_each_filter_narrows_and_what_is_empty_does_not(table):
    rows, (a, b, c) = table(
        ([], "queued", {"name": "Exp 03"}, Annotations(note="The BN\nfix [x]")),
        ([], "finished", {"stage": "stage2", "name": "Exp 02"}, Annotations(tags=("losses", "thesis"))),
        ([], "failed", {"name": "Stage 1"}, Annotations(tags=("thesis",))),
    )

    def found(*looked_for, **more) -> set[str]:
        return set(select(rows, *looked_for, **more)["run"])

    assert found() == found("  ") == {a, b, c}
    assert found("exp") == {a, b} and found("EXP bn") == {a} and found("[x]") == {a} and found("exp stage") == set()
    assert found("LOSSES") == {b} and found(c) == {c} and found("fix\nThe") == {a}
    assert found(stages=["stage1"]) == {a, c} and found(states=["failed", "queued"]) == {a, c}
    assert found(tags=["losses"]) == {b} and found(tags=["losses", "thesis"]) == {b, c}
    assert found("exp", ["stage1"], ["queued", "failed"]) == {a}
