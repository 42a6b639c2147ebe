import json
import os
import pathlib
import shutil

import pytest
import torch

from av1core.analysis.experiments import differing_settings, experiments
from av1core.analysis.results import results, run_labels, with_delta
from av1core.errors import RunError
from av1core.runs.folder import RunFolder
from av1core.runs.import_results import import_results
from av1core.runs.index import RunIndex
from tests.dataset.imports.test_pickles import Calls
from tests.runs.test_index import make_run
from tests.runs.thesis_files import (
    BEST_EPOCH,
    EPOCHS,
    adapter_history,
    adapter_metrics,
    loss_history,
    loss_metrics,
    write_results,
)


@pytest.fixture
def runs_dir(tmp_path):
    return tmp_path / "runs"


@pytest.fixture
def both(tmp_path):
    """A folder of a Stage-1 result in one form and a Stage-2 result in the other."""
    write_results(tmp_path / "exp03", loss_history(), loss_metrics(), "stage1")
    return write_results(tmp_path / "exp03")


def indexed(runs_dir) -> RunIndex:
    index = RunIndex(runs_dir)
    index.refresh()
    return index


def test_a_folder_of_both_stages_becomes_two_runs(both, runs_dir):
    found = import_results(both, runs_dir)
    assert [(each.record.stage, each.record.name, each.new) for each in found] == [
        ("stage1", "exp03, Stage 1", True),
        ("stage2", "exp03, Stage 2", True),
    ]
    assert sorted(path.name for path in runs_dir.iterdir()) == sorted(each.run for each in found)
    for each in found:
        names = {"imported.json", "status.json", "history.jsonl", "log.txt"}
        assert {path.name for path in each.path.iterdir()} == names


def test_the_record_holds_what_the_files_say_and_where_it_came_from(both, runs_dir):
    _, found = import_results(both, runs_dir)
    record = RunFolder(found.path).imported()
    assert record == found.record
    assert (record.best_epoch, record.best_val_f1, found.epochs) == (BEST_EPOCH, 0.58, EPOCHS)
    assert (record.reduction, record.trainable_parameters, record.stopped_early) == (4, 166_000, True)
    assert record.weights_parameters == 12 and record.metrics == adapter_metrics()
    assert record.dataset == record.split == "unknown"
    names = [file.name for file in record.files]
    assert names == [f"stage2_adapter/stage2_{end}" for end in ("history.pt", "metrics.json", "model_best.pt")]
    assert [file.size for file in record.files] == [(both / name).stat().st_size for name in names]


def test_one_stage_folder_is_the_same_run(both, runs_dir, tmp_path):
    (alone,) = import_results(both / "stage2_adapter", tmp_path / "other")
    assert alone.record == import_results(both, runs_dir)[1].record


def test_importing_again_changes_nothing_and_says_so(both, runs_dir):
    import_results(both, runs_dir)
    before = {path: path.stat().st_mtime_ns for path in runs_dir.rglob("*")}
    assert [each.new for each in import_results(both, runs_dir)] == [False, False]
    assert [each.new for each in import_results(both / "stage1", runs_dir, name="another name")] == [False]
    assert {path: path.stat().st_mtime_ns for path in runs_dir.rglob("*")} == before


def test_a_name_is_for_one_run(both, runs_dir):
    with pytest.raises(RunError, match="holds 2 runs"):
        import_results(both, runs_dir, name="Baseline")
    assert import_results(both / "stage2_adapter", runs_dir, name="Baseline")[0].record.name == "Baseline"


def test_only_the_history_is_needed(both, runs_dir):
    for file in (*both.rglob("*.json"), *both.rglob("*best.pt")):
        file.unlink()
    record = import_results(both, runs_dir)[1].record
    assert record.reduction is None and record.stopped_early is None and record.metrics == {}
    assert len(record.files) == 1


def test_the_only_metrics_of_a_folder_belong_to_its_history_whatever_their_name(both, runs_dir):
    folder = both / "stage2_adapter"
    (folder / "stage2_metrics.json").rename(folder / "adapter_metrics.json")
    assert import_results(folder, runs_dir)[0].record.metrics == adapter_metrics()
    shutil.copy(folder / "adapter_metrics.json", folder / "old_metrics.json")
    with pytest.raises(RunError, match=r"which of adapter_metrics\.json, old_metrics\.json"):
        import_results(folder, runs_dir)


@pytest.mark.parametrize(
    ("folder", "stage"),
    [("stage3_rect", "stage3_rect"), ("Stage3-AB_adapter", "stage3_ab"), ("stage_1", "stage1"), ("bn fix", None)],
)
def test_the_stage_comes_from_a_name_or_from_the_user(tmp_path, runs_dir, folder, stage):
    (tmp_path / folder).mkdir()
    torch.save(loss_history(), tmp_path / folder / "history.pt")
    if stage is None:
        with pytest.raises(RunError, match=r"history\.pt: .*--stage"):
            import_results(tmp_path / folder, runs_dir)
        assert import_results(tmp_path / folder, runs_dir, stage="stage2")[0].record.stage == "stage2"
    else:
        assert import_results(tmp_path / folder, runs_dir)[0].record.stage == stage


def _evil(folder):
    torch.save({"val_f1": [Calls(os.system, "true")]}, folder / "stage2_history.pt")


def _evil_weights(folder):
    torch.save({"model": Calls(pathlib.Path.touch, str(folder / "trace"))}, folder / "stage2_model_best.pt")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_evil, r"stage2_history\.pt asks for the Python object"),
        (_evil_weights, r"stage2_model_best\.pt asks for the Python object .*take the weights away"),
        (lambda folder: (folder / "stage2_model_best.pt").write_bytes(b"version https"), r"model_best\.pt is damaged"),
        (lambda folder: (folder / "stage2_metrics.json").write_text("{"), r"stage2_metrics\.json"),
        (lambda folder: (folder / "stage2_metrics.json").write_text('{"best_f1": 0.3}'), "best_f1 is 0.3"),
        (lambda folder: (folder / "stage2_metrics.json").write_text('{"total_params": 1.5}'), "total_params is 1.5"),
        (lambda folder: (folder / "stage2_metrics.json").write_text('{"adapter_reduction": 0}'), "adapter_reduction"),
        (lambda folder: torch.save({"train_f1": [0.5]}, folder / "stage2_history.pt"), "val_f1 is missing"),
    ],
)
def test_one_bad_file_imports_nothing(both, runs_dir, spoil, message):
    spoil(both / "stage2_adapter")
    with pytest.raises(RunError, match=message):
        import_results(both, runs_dir)
    assert not runs_dir.exists()
    assert not (both / "stage2_adapter" / "trace").exists()


def test_a_failure_while_writing_leaves_what_was_there(both, runs_dir, monkeypatch):
    kept = make_run(runs_dir, [0.5])
    rename, renamed = pathlib.Path.rename, []

    def fails_the_second_time(path, target):
        if renamed:
            raise OSError(28, "No space left on device")
        renamed.append(target)
        return rename(path, target)

    monkeypatch.setattr(pathlib.Path, "rename", fails_the_second_time)
    with pytest.raises(RunError, match="No space left on device"):
        import_results(both, runs_dir)
    assert renamed and [path.name for path in runs_dir.iterdir()] == [kept.id]


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir(), lambda path: path.write_text("")])
def test_a_folder_without_results_is_named(tmp_path, runs_dir, make):
    make(tmp_path / "nothing")
    with pytest.raises(RunError, match="nothing"):
        import_results(tmp_path / "nothing", runs_dir)


def test_imported_runs_stand_in_the_index_with_only_what_is_known(both, runs_dir):
    measured = make_run(runs_dir, [0.5], seed=7)
    stage1, stage2 = import_results(both, runs_dir)
    index = indexed(runs_dir)
    rows = index.runs().set_index("run")
    assert rows["origin"].to_dict() == {measured.id: "measured", stage1.run: "imported", stage2.run: "imported"}
    row = rows.loc[stage2.run]
    assert (row["state"], row["reduction"], row["epochs"], row["split"]) == ("finished", 4, EPOCHS, "unknown")
    assert rows[["seed", "batchnorm", "device", "started"]].loc[stage2.run].isna().all()
    assert rows.loc[measured.id, "seed"] == 7 and "seed ?" not in run_labels(index.runs())[measured.id]
    best = results(index).set_index("run").loc[stage2.run]
    assert (best["best_epoch"], best["epochs"]) == (BEST_EPOCH, EPOCHS)
    assert best["val_f1"] == pytest.approx(58.0) and best["gap"] == pytest.approx(-1.0)
    assert best[["train_f1_clean", "gap_clean", "total_seconds", "seed"]].isna().all()
    written = adapter_history()
    assert index.epochs([stage2.run])["val_accuracy"].tolist() == [float(value) for value in written["val_acc"]]
    assert index.epochs([stage1.run])["val_accuracy"].isna().all()


def test_delta_needs_a_dataset_and_a_split_that_are_known(tmp_path, runs_dir):
    first = write_results(tmp_path / "baseline")
    second = write_results(tmp_path / "exp", loss_history(), loss_metrics())
    runs = [import_results(folder, runs_dir)[0].run for folder in (first, second)]
    table = results(indexed(runs_dir))
    assert with_delta(table, runs[0])["delta"].isna().all()
    for folder in (first, second):
        import_results(folder, tmp_path / "told", dataset="UVG", split="block")
    told = with_delta(results(indexed(tmp_path / "told")), runs[0]).set_index("run")["delta"]
    assert told[runs].tolist() == pytest.approx([0.0, -0.51])


def test_each_imported_run_is_a_configuration_of_one_seed(tmp_path, runs_dir):
    make_run(runs_dir, [0.5], stage="stage2", stage1_run="s1", adapter={"reduction": 2})
    import_results(write_results(tmp_path / "a"), runs_dir)
    import_results(write_results(tmp_path / "b", loss_history(), loss_metrics()), runs_dir)
    table = experiments(results(indexed(runs_dir))).set_index("name")
    assert table["seeds"].tolist() == [1, 1, 1]
    assert table["origin"].tolist() == ["measured", "imported", "imported"]
    assert table["changes"].to_dict() == {
        "Run": "adapter.reduction = 2",
        "a, Stage 2": "adapter.reduction = 4",
        "b, Stage 2": "adapter.reduction = unknown",
    }


def test_an_unknown_setting_differs_from_nothing():
    assert differing_settings(['{"adapter": {"reduction": 4}, "dropout": 0.2}', '{"adapter.reduction": 4}']) == {}


def test_an_imported_run_cannot_be_opened_as_one_of_the_labs(both, runs_dir):
    stage1, _ = import_results(both, runs_dir)
    with pytest.raises(RunError, match="was imported: it has a history only"):
        RunFolder.open(runs_dir, stage1.run)


def test_a_damaged_record_is_listed_with_the_reason(both, runs_dir):
    stage1, stage2 = import_results(both, runs_dir)
    record = stage1.path / "imported.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"best_epoch": "x"}))
    rows = indexed(runs_dir).runs().set_index("run")
    assert rows.loc[stage1.run, "state"] == "damaged" and "imported.json" in rows.loc[stage1.run, "message"]
    assert rows.loc[stage2.run, "state"] == "finished"
