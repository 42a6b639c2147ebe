import shutil
import time
from dataclasses import replace

import pytest

from av1core.dataset.folder import Dataset
from av1core.dataset.split import list_split, write_split
from av1core.runs.folder import RunFolder
from av1core.runs.index import RunIndex
from av1core.runs.sweep_plan import Plan, plan
from av1core.training.spec import parse_spec
from av1core.training.sweep import Sweep
from tests.synthetic import make_dataset, stage1_values, stage2_values


def planned(runs_dir, base, factors=None, seeds=(0,), repeat=False) -> Plan:
    index = RunIndex(runs_dir)
    index.refresh()
    return plan(Sweep(base, factors or {}, seeds), index, repeat)


def create(runs_dir, values, state: str) -> RunFolder:
    folder = RunFolder.create(runs_dir, parse_spec(values))
    folder.write_status(replace(folder.status(), state=state, heartbeat=time.time()))
    return folder


def test_every_point_is_a_row_and_the_new_ones_are_queued_in_order(tiny, tmp_path):
    found = planned(tmp_path, stage1_values(tiny), {"optimiser.head_lr": (1e-4, -1.0, 1e-3)}, (0, 5))
    assert [(row.seed, row.changes["optimiser.head_lr"]) for row in found.rows] == [
        (seed, rate) for seed in (0, 5) for rate in (1e-4, -1.0, 1e-3)
    ]
    assert [row.spec for row in found.rows if row.new] == found.to_queue
    assert [(spec.seed, spec.optimiser.head_lr) for spec in found.to_queue] == [
        (0, 1e-4), (0, 1e-3), (5, 1e-4), (5, 1e-3),
    ]  # fmt: skip
    assert (found.duplicates, found.invalid, found.seconds) == (0, 2, None)
    assert "optimiser.head_lr: " in found.rows[1].problem
    assert (
        found.summary().startswith("Runs to queue: 4. The time is unknown until")
        and "Impossible: 2." in found.summary()
    )


def test_finished_and_coming_runs_are_skipped_unless_repeated(tiny, trained):
    values = stage1_values(tiny)
    found = planned(trained.runs_dir, values | {"name": "Another name"}, seeds=(0, 1))
    first, second = found.rows
    assert (first.duplicate_of, first.state, first.new) == (trained.stage1, "finished", False)
    assert second.new and [spec.seed for spec in found.to_queue] == [1]
    assert found.duplicates == 1 and "coming already, and skipped: 1." in found.summary()
    again = planned(trained.runs_dir, values, seeds=(0, 1), repeat=True)
    assert [spec.seed for spec in again.to_queue] == [0, 1]
    assert again.rows[0].duplicate_of == trained.stage1 and "repeated" in again.summary()


@pytest.mark.parametrize("state", ["finished", "running", "queued", "paused", "failed", "cancelled", "interrupted"])
def test_which_states_make_a_duplicate(tiny, tmp_path, state):
    run = create(tmp_path, stage1_values(tiny), state)
    (row,) = planned(tmp_path, stage1_values(tiny)).rows
    coming = state in ("finished", "running", "queued", "paused")
    assert (row.duplicate_of, row.state) == ((run.id, state) if coming else (None, None))
    assert row.new != coming


def test_the_finished_one_of_several_duplicates_is_named(tiny, tmp_path):
    runs = {state: create(tmp_path, stage1_values(tiny), state).id for state in ("queued", "finished", "running")}
    (row,) = planned(tmp_path, stage1_values(tiny)).rows
    assert (row.duplicate_of, row.state) == (runs["finished"], "finished")


def test_a_run_on_other_contents_or_another_split_is_no_duplicate(tiny, trained, tmp_path):
    data = shutil.copytree(tiny, tmp_path / "data")
    run = RunFolder(shutil.copytree(trained.runs_dir / trained.stage1, tmp_path / "runs" / "a-run"))
    values = stage1_values(data)
    run.spec_file.write_text(parse_spec(values).model_dump_json())
    found = planned(run.path.parent, values)
    assert found.rows[0].duplicate_of == "a-run"

    dataset = Dataset.open(data)
    names = [source.name for source in dataset.sources]
    write_split(dataset, list_split(names, names[:1]))
    assert planned(run.path.parent, values).rows[0].new
    write_split(dataset, dataset.split)
    assert not planned(run.path.parent, values).rows[0].new
    run.write_provenance(replace(run.provenance(), dataset_fingerprint="of other contents"))
    assert planned(run.path.parent, values).rows[0].new


def test_what_could_not_start_is_shown_and_not_queued(tiny, trained, tmp_path):
    base = stage2_values(tiny, "")
    factors = {"stage1_run": (trained.stage1, trained.stage2, "no-such-run"), "dataset": (str(tiny), str(tmp_path))}
    found = planned(trained.runs_dir, base | {"epochs": 3}, factors)
    assert [row.new for row in found.rows] == [True] + 5 * [False]
    problems = [row.problem for row in found.rows[1:]]
    assert str(tmp_path) in problems[0] and "is a stage2 run" in problems[1] and "no-such-run" in problems[3]


def test_a_split_that_cannot_be_drawn_is_a_problem(tmp_path):
    alone = make_dataset(tmp_path / "alone", sources=1).path
    by_frame, by_block = planned(tmp_path / "runs", stage1_values(alone), {"split": ("frame", "block")}).rows
    assert "alone" in by_frame.problem and by_block.new


def test_the_time_is_that_of_all_epochs_of_the_new_runs(trained, tiny):
    values = stage2_values(tiny, trained.stage1)
    one, three, done = planned(trained.runs_dir, values, {"epochs": (1, 3, 2)}).rows
    assert done.duplicate_of == trained.stage2 and done.seconds is None
    assert 0 < one.seconds < three.seconds == pytest.approx(3 * one.seconds)
    found = planned(trained.runs_dir, values, {"epochs": (1, 3, 2)})
    assert found.seconds == one.seconds + three.seconds and "At most" in found.summary()
    assert "early stopping" in found.summary()


def test_the_table_has_a_column_for_each_factor(tiny, trained):
    factors = {"adapter.layers": (["layer3", "layer4"],), "adapter.reduction": (4, 3), "epoch_blocks": (64, None)}
    table = planned(trained.runs_dir, stage2_values(tiny, trained.stage1), factors).table()
    assert list(table) == [*factors, "seed", "seconds", "status"]
    assert table["adapter.layers"].tolist() == 4 * ['["layer3", "layer4"]']
    assert table["epoch_blocks"].tolist() == 2 * ["64", "null"]
    assert table["status"][0] == f"skipped: finished as {trained.stage2}" and table["status"][1] == "new"
    assert table["status"][2].startswith("impossible: adapter.reduction: ")
    assert table["seconds"].notna().tolist() == [False, True, False, False]


def test_two_thousand_runs_are_planned_against_many_without_reading_the_dataset_for_each(tiny, tmp_path, monkeypatch):
    create(tmp_path, stage1_values(tiny), "finished")
    opened = []
    real = Dataset.open.__func__
    monkeypatch.setattr(Dataset, "open", classmethod(lambda cls, path: opened.append(path) or real(cls, path)))
    found = planned(tmp_path, stage1_values(tiny), {"dropout": tuple(n / 100 for n in range(20))}, tuple(range(100)))
    assert len(found.rows) == 2000 and len(opened) <= 2
