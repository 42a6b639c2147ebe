import pandas as pd
import pytest

from av1core.analysis.references import Reference
from av1core.analysis.results import (
    results,
    run_labels,
    stage1_choices,
    with_delta,
    with_references,
    with_reported,
)
from av1core.runs.annotations import Annotations
from av1core.runs.folder import RunFolder
from av1core.runs.index import RunIndex
from av1core.training.spec import parse_spec
from benchmarks.made_up import made_up_import
from tests.runs.test_index import make_run


@pytest.fixture
def index(tmp_path):
    def made(*runs: tuple[list[float], dict]) -> RunIndex:
        for val_f1s, values in runs:
            make_run(tmp_path, val_f1s, **values)
        index = RunIndex(tmp_path)
        index.refresh()
        return index

    return made


def stage2(**values) -> dict:
    return {"stage": "stage2", "stage1_run": "s1"} | values


def test_every_figure_of_a_row_is_of_the_best_epoch(trained):
    index = RunIndex(trained.runs_dir)
    index.refresh()
    rows = results(index).set_index("run")
    for run in (trained.stage1, trained.stage2):
        history = list(RunFolder(trained.runs_dir / run).history())
        best = max(history, key=lambda record: record["val_f1"])
        row = rows.loc[run]
        assert row["best_epoch"] == best["epoch"] and row["epochs"] == len(history)
        for name in ("train_f1", "train_f1_clean", "val_f1"):
            assert row[name] == pytest.approx(100 * best[name])
        for name in ("train_loss", "val_loss"):
            assert row[name] == best[name]
        assert row["gap"] == pytest.approx(100 * (best["train_f1"] - best["val_f1"]))
        assert row["gap_clean"] == pytest.approx(100 * (best["train_f1_clean"] - best["val_f1"]))


def test_delta_is_only_within_a_stage_a_dataset_and_a_split(index):
    current = index(
        ([0.50], stage2(name="base")),
        ([0.53], stage2(name="better", adapter={"reduction": 2})),
        ([0.90], {"name": "stage 1"}),
        ([0.60], stage2(name="other data", dataset="elsewhere")),
    )
    table = results(current)
    base = table.set_index("name").loc["base", "run"]
    deltas = with_delta(table, base).set_index("name")["delta"]
    assert deltas["base"] == 0 and deltas["better"] == pytest.approx(3.0)
    assert deltas[["stage 1", "other data"]].isna().all()
    table.loc[table["name"] == "better", "validation"] = "other"
    assert with_delta(table, base).set_index("name")["delta"].notna().to_dict()["better"] is False
    assert with_delta(table, None)["delta"].isna().all() and with_delta(table, "gone")["delta"].isna().all()


def test_reported_rows_follow_the_measured_ones_and_are_marked(index):
    table = with_reported(results(index(([0.5], stage2()))), "stage2")
    assert table["origin"].tolist() == ["measured"] + ["reported"] * 8
    assert "verdict" not in table
    assert table.set_index("name").loc["Exp 03", "delta"] == pytest.approx(0.32)


def test_runs_whose_blocks_are_unknown_have_no_delta(index):
    current = index()
    for number in range(2):
        made_up_import(current.runs_dir, parse_spec({"seed": number}), epochs=2, created=1e9 + number)
    current.refresh()
    table = results(current)
    assert table["val_f1"].notna().all() and table[["train_f1_clean", "gap_clean", "seed"]].isna().all(axis=None)
    assert with_delta(table, table["run"][0])["delta"].isna().all()


def test_a_run_whose_files_are_damaged_has_no_row(index):
    current = index(([0.5], stage2()), ([0.6], stage2()))
    bad, good = results(current)["run"]
    RunFolder(current.runs_dir / bad).spec_file.write_text("{")
    current.refresh()
    table = results(current)
    assert table["run"].tolist() == [good] and table.index.tolist() == [0]


def test_references_have_a_delta_to_runs_of_their_dataset_and_split_only(index):
    table = results(index(([0.5], stage2()), ([0.6], stage2(dataset="elsewhere"))))
    here, _ = table["validation"]
    reference = Reference("Majority class", (), 0.2, 0.25, 0.4, (0.6, 0.0, 0.0))
    shown = with_references(table, "stage2", {here: [reference]})
    assert shown["origin"].tolist() == ["measured"] * 2 + ["reference"]
    for run, deltas in zip(table["run"], ([0, -30.0], [0]), strict=True):
        assert with_delta(shown, run)["delta"].dropna().tolist() == pytest.approx(deltas)
    row = shown.iloc[2]
    assert (row["val_f1"], row["train_f1_clean"], row["gap_clean"]) == pytest.approx((20, 25, 5))
    assert row[["train_f1", "gap", "seed", "best_epoch"]].isna().all()
    assert with_references(table, "stage2", {}) is table


def test_labels_tell_every_run_from_every_other(index):
    current = index(
        *[([0.5], stage2(name=name, seed=seed)) for name, seed in [("a", 0), ("b", 0), ("b", 1), ("c", 0), ("c", 0)]]
    )
    labels = list(run_labels(current.runs()).values())
    assert len(set(labels)) == 5
    assert {"a", "b, seed 0", "b, seed 1"} <= set(labels)


def test_a_renamed_run_is_called_so_and_the_pinned_one_marked_with_its_configuration(index):
    current = index(([0.5], stage2(name="a")), ([0.6], stage2(name="a", seed=1)), ([0.7], stage2(name="b", dropout=0)))
    second = results(current)["run"][1]
    RunFolder(current.runs_dir / second).write_annotations(Annotations("Another name", baseline=True))
    current.refresh()
    table = results(current)
    assert table["name"].tolist() == ["a", "Another name", "b"] and table["baseline"].tolist() == [False, True, False]
    assert run_labels(current.runs())[second] == "Another name"


def test_labels_and_results_of_nothing(index):
    current = index()
    assert run_labels(current.runs()) == {} and results(current).empty


def test_a_later_stage_starts_from_finished_stage1_runs_first_and_may_wait_for_others():
    rows = [
        ("waits", "stage1", "queued", "measured"), ("trains", "stage1", "running", "measured"),
        ("ready", "stage1", "finished", "measured"), ("pinned", "stage1", "finished", "measured"),
        ("broken", "stage1", "failed", "measured"),
        ("foreign", "stage1", "finished", "imported"), ("later", "stage2", "finished", "measured"),
    ]  # fmt: skip
    runs = pd.DataFrame(rows, columns=["run", "stage", "state", "origin"])
    runs = runs.assign(name=runs["run"], seed=0, created=1.0, baseline=runs["run"] == "pinned")
    assert list(stage1_choices(runs).items()) == [
        ("pinned", "pinned"),
        ("ready", "ready"),
        ("waits", "waits (queued: the new run waits for it)"),
        ("trains", "trains (running: the new run waits for it)"),
    ]
    assert stage1_choices(runs[:0]) == {}
