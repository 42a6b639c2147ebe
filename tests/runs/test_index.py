import json
import math
import random
import shutil
import time
from dataclasses import replace

import pytest

from av1core.runs.annotations import Annotations
from av1core.runs.folder import RunFolder
from av1core.runs.index import RunIndex
from av1core.runs.records import Status
from av1core.runs.run_row import experiment_key
from av1core.training.spec import parse_spec
from benchmarks.made_up import PROVENANCE, made_up_import, made_up_runs


def epoch_record(epoch: int, val_f1: float) -> dict:
    train = {"train_loss": 0.4, "train_f1": 0.6, "train_accuracy": 0.6, "train_f1_per_class": [0.6, 0.6]}
    clean = {f"{name}_clean": value for name, value in train.items()}
    val = {"val_loss": 0.3, "val_f1": val_f1, "val_accuracy": 0.5, "val_f1_per_class": [0.5, 0.5]}
    rest = {"learning_rates": {"head": 1e-3}, "seconds": 2.0, "samples_per_second": 100.0}
    return {"epoch": epoch, **train, **clean, **val, **rest}


def make_run(runs_dir, val_f1s=(), state="finished", **values) -> RunFolder:
    folder = RunFolder.create(runs_dir, parse_spec(values))
    for epoch, val_f1 in enumerate(val_f1s, 1):
        folder.append_history(epoch_record(epoch, val_f1))
    now = time.time()
    folder.write_status(Status(state=state, created=now, heartbeat=now, epochs=10, epoch=len(val_f1s)))
    return folder


@pytest.fixture
def index(tmp_path):
    return RunIndex(tmp_path)


def test_no_folder_and_no_runs_are_empty_tables(tmp_path):
    index = RunIndex(tmp_path / "nowhere")
    index.refresh()
    assert len(index.runs()) == len(index.best()) == len(index.epochs([])) == 0


def test_equals_what_the_folders_say(trained):
    index = RunIndex(trained.runs_dir)
    index.refresh()
    assert set(index.runs()["run"]) == {trained.stage1, trained.stage2}
    for run in (trained.stage1, trained.stage2):
        history = list(RunFolder(trained.runs_dir / run).history())
        rows = index.epochs([run])
        for name in ("epoch", "train_f1", "train_f1_clean", "val_f1", "val_loss", "seconds"):
            assert rows[name].tolist() == [record[name] for record in history]
        assert [list(values) for values in rows["val_f1_per_class"]] == [r["val_f1_per_class"] for r in history]
        best = index.best().set_index("run").loc[run]
        assert best["val_f1"] == max(record["val_f1"] for record in history)


def test_a_history_without_later_metrics_is_read_with_nulls(index, trained, tmp_path):
    older = make_run(tmp_path, [0.5])
    newer = RunFolder(shutil.copytree(trained.runs_dir / trained.stage2, tmp_path / "newer"))
    index.refresh()
    assert index.epochs([older.id])["val_ece"].isna().all()
    assert index.epochs([newer.id])["val_ece"].tolist() == [record["val_ece"] for record in newer.history()]
    assert index.epochs([older.id])["val_f1"].tolist() == [0.5]


def test_best_shows_how_far_the_saved_weights_are_from_the_logged_f1(index, tmp_path):
    folder = make_run(tmp_path, [0.25, 0.5])
    folder.write_status(replace(folder.status(), reevaluated_val_f1=0.375))
    unfinished = make_run(tmp_path, [0.5])
    index.refresh()
    difference = index.best().set_index("run")["reevaluation_difference"]
    assert difference[folder.id] == -0.125 and math.isnan(difference[unfinished.id])


def test_best_epoch_is_the_first_of_the_highest(index, tmp_path):
    run = make_run(tmp_path, [0.2, 0.7, 0.7, 0.1]).id
    index.refresh()
    row = index.best().set_index("run").loc[run]
    assert (row["best_epoch"], row["epochs_done"], row["total_seconds"]) == (2, 4, 8.0)


def test_refresh_sees_new_changed_and_deleted_runs(index, tmp_path):
    first = make_run(tmp_path, [0.1], state="running")
    index.refresh()
    assert len(index.epochs([first.id])) == 1
    first.append_history(epoch_record(2, 0.2))
    second = make_run(tmp_path, [0.3])
    index.refresh()
    assert index.epochs([first.id, second.id])["val_f1"].tolist() == [0.1, 0.2, 0.3]
    shutil.rmtree(first.path)
    index.refresh()
    assert index.runs()["run"].tolist() == [second.id]
    assert len(index.epochs([first.id])) == 0


def said(index: RunIndex) -> tuple:
    """All that an index says, as text: frames of lists and missing values cannot be compared."""
    rows = (index.query(f"SELECT {table}::VARCHAR AS row FROM {table} ORDER BY row") for table in ("runs", "epochs"))
    return *(table["row"].tolist() for table in rows), index.best().to_json(), index.runs().to_json()


def change(runs_dir, chance: random.Random) -> None:
    """Do something to a folder of runs that training, a user or a full disk may do."""
    paths = sorted(path for path in runs_dir.iterdir() if not path.name.startswith("."))
    kinds = "new new import epoch epoch epoch status status torn drop delete damage repair refuse accept provenance"
    kinds += " annotate"
    kind, folder = chance.choice(kinds.split()), RunFolder(chance.choice(paths)) if paths else None
    if kind == "new" or folder is None:
        values = [chance.random() for _ in range(chance.randrange(3))]
        make_run(runs_dir, values, chance.choice(["queued", "running", "finished"]), seed=chance.randrange(3))
    elif kind == "import":
        spec = parse_spec({"seed": chance.randrange(10**6)})
        made_up_import(runs_dir, spec, epochs=2, created=1e9)
    elif kind == "delete":
        shutil.rmtree(folder.path)
    elif kind == "status":
        now, state = time.time(), chance.choice(["running", "failed", "finished"])
        folder.write_status(Status(state, now, now, message=chance.choice("ab"), reevaluated_val_f1=chance.random()))
    elif kind == "provenance":
        folder.write_provenance(replace(PROVENANCE, split=chance.choice(["source", "block"])))
    elif kind == "annotate":
        tags = tuple(chance.sample("abc", chance.randrange(3)))
        folder.write_annotations(Annotations(chance.choice(["", "x"]), tags, "a\nb", chance.random() < 0.5))
    elif kind == "damage":
        file = chance.choice([folder.spec_file, folder.status_file, folder.annotations_file])
        file.write_text(chance.choice(["", "{", "[]", "[" * 10**5]))
    elif kind == "repair":
        folder.spec_file.write_text(parse_spec({"seed": chance.randrange(3)}).model_dump_json())
        folder.write_status(Status("finished", 1e9, 1e9))
    elif kind == "accept" and folder.history_file.is_dir():
        folder.history_file.rmdir()
    elif folder.history_file.is_dir():
        pass
    elif kind == "refuse":
        folder.history_file.unlink(missing_ok=True)
        folder.history_file.mkdir()
    elif kind == "epoch":
        folder.append_history(epoch_record(chance.randrange(9), chance.random()))
    elif kind == "torn":
        with folder.history_file.open("a") as file:
            file.write(json.dumps(epoch_record(9, 0.5))[: chance.randrange(300)])
    elif kind == "drop" and folder.history_file.exists():
        lines = folder.history_file.read_text().splitlines(keepends=True)
        folder.history_file.write_text("".join(lines[:1]))


@pytest.mark.parametrize("seed", range(4))
def test_refreshed_after_any_changes_equals_rebuilt(index, tmp_path, seed):
    chance = random.Random(seed)
    for _ in range(20):
        for _ in range(chance.randrange(1, 4)):
            change(tmp_path, chance)
        index.refresh()
        rebuilt = RunIndex(tmp_path)
        rebuilt.refresh()
        assert said(index) == said(rebuilt)


def test_a_torn_last_line_is_left_out_and_read_once_it_is_whole(index, tmp_path):
    folder = make_run(tmp_path, [0.1])
    line = json.dumps(epoch_record(2, 0.2)) + "\n"
    with folder.history_file.open("a") as file:
        file.write(line[:50])
    index.refresh()
    assert len(index.epochs([folder.id])) == 1
    with folder.history_file.open("a") as file:
        file.write(line[50:])
    index.refresh()
    assert len(index.epochs([folder.id])) == 2


def test_a_damaged_run_is_listed_with_the_reason_and_hurts_no_other(index, tmp_path):
    good, bad = make_run(tmp_path, [0.5]), make_run(tmp_path, [0.6])
    bad.spec_file.write_text("{")
    index.refresh()
    rows = index.runs().set_index("run")
    assert rows.loc[good.id, "state"] == "finished"
    assert rows.loc[bad.id, "state"] == "damaged" and "spec.json" in rows.loc[bad.id, "message"]


@pytest.mark.parametrize("file", ["status.json", "history.jsonl"])
def test_what_the_index_cannot_hold_hurts_no_other_run(index, tmp_path, file):
    good = [make_run(tmp_path, [0.5]).id for _ in range(3)]
    bad = make_run(tmp_path, [0.6])
    content = (bad.path / file).read_text()
    status = json.dumps(json.loads(bad.status_file.read_text()) | {"step": 2**70})
    (bad.path / file).write_text(status if file == "status.json" else "x" * 2**25)
    index.refresh()
    rows = index.runs().set_index("run")
    assert rows.loc[bad.id, "state"] == "damaged" and "cannot be indexed" in rows.loc[bad.id, "message"]
    assert index.best()["run"].tolist() == good
    (bad.path / file).write_text(content)
    index.refresh()
    assert index.runs().set_index("run").loc[bad.id, "state"] == "finished"
    assert index.best()["run"].tolist() == [*good, bad.id]


def test_folders_may_be_named_like_patterns(tmp_path):
    runs_dir = tmp_path / "runs [ab]*"
    for name, val_f1 in (("run[1]", 0.1), ("run1", 0.2), ("r?n*", 0.3)):
        make_run(runs_dir, [val_f1]).path.rename(runs_dir / name)
    index = RunIndex(runs_dir)
    index.refresh()
    assert index.best().set_index("run")["val_f1"].to_dict() == {"run[1]": 0.1, "run1": 0.2, "r?n*": 0.3}


def test_a_run_says_which_spec_and_data_it_rests_on(index, trained, tmp_path):
    folder = RunFolder(shutil.copytree(trained.runs_dir / trained.stage2, tmp_path / "run"))
    waiting = make_run(tmp_path, state="queued")
    index.refresh()
    rows = index.runs().set_index("run")
    assert rows.loc[folder.id, "spec_hash"] == folder.spec().hash == folder.provenance().spec_hash
    assert rows.loc[folder.id, "dataset_fingerprint"] == folder.provenance().dataset_fingerprint
    assert rows.loc[waiting.id, "spec_hash"] == waiting.spec().hash
    assert rows.loc[[waiting.id], "dataset_fingerprint"].isna().all()


def test_a_run_that_has_not_begun_knows_its_recipe_and_no_blocks(index, tmp_path):
    waiting, begun = make_run(tmp_path, state="queued"), make_run(tmp_path, seed=1)
    begun.write_provenance(PROVENANCE)
    index.refresh()
    rows = index.runs().set_index("run")
    assert rows["recipe"].nunique() == 1 and rows["recipe"].iloc[0] == waiting.spec().experiment
    assert rows["experiment"].nunique() == rows["validation"].nunique() == 2
    assert rows.loc[begun.id, "validation"] == PROVENANCE.validation_mark
    assert rows.loc[begun.id, "experiment"] == experiment_key(begun.spec().experiment, PROVENANCE.validation_mark)
    assert rows.loc[[waiting.id], ["train_blocks", "epoch_blocks"]].isna().all(axis=None)


@pytest.mark.parametrize("train_blocks", [0, 100, 1000])
def test_an_epoch_draws_whole_batches_of_what_there_is(index, tmp_path, train_blocks):
    for epoch_blocks in (None, 300):
        folder = make_run(tmp_path, epoch_blocks=epoch_blocks, batch_size=128)
        folder.write_provenance(replace(PROVENANCE, train_blocks=train_blocks))
    index.refresh()
    drawn = index.runs().set_index("spec_hash")["epoch_blocks"]
    of_all = drawn[parse_spec({"batch_size": 128}).hash]
    assert of_all == {0: 0, 100: 100, 1000: 896}[train_blocks]
    assert drawn[parse_spec({"batch_size": 128, "epoch_blocks": 300}).hash] == 256


def test_the_best_epochs_of_many_runs_of_every_stage(index, tmp_path):
    runs = made_up_runs(tmp_path, 60, 8)
    index.refresh()
    best = index.best().set_index("run")
    assert set(best.index) == set(runs)
    for run in runs:
        history = list(RunFolder(tmp_path / run).history())
        top = max(history, key=lambda record: record["val_f1"])
        assert (best.loc[run, "best_epoch"], best.loc[run, "train_f1"]) == (top["epoch"], top["train_f1"])
        assert best.loc[run, "epochs_done"] == len(history)


def test_a_run_whose_process_died_becomes_interrupted_without_any_file_changing(index, tmp_path, monkeypatch):
    folder = make_run(tmp_path, [0.5], state="running")
    index.refresh()
    assert index.runs()["state"].tolist() == ["running"]
    monkeypatch.setattr("av1core.runs.records._process_lives", lambda pid, start: False)
    index.refresh()
    assert index.runs()["state"].tolist() == ["interrupted"]
    assert json.loads(folder.status_file.read_text())["state"] == "running"


def test_two_indexes_on_the_same_folder_work_at_the_same_time(index, tmp_path):
    other = RunIndex(tmp_path)
    make_run(tmp_path, [0.5])
    for each in (index, other):
        each.refresh()
        assert math.isclose(each.best()["val_f1"][0], 0.5)


HOSTILE = "'; DROP TABLE runs; --"


def test_hostile_names_and_tags_are_only_text(index, tmp_path):
    make_run(tmp_path, [0.5], name=HOSTILE).write_annotations(Annotations(tags=(HOSTILE,), note=HOSTILE))
    index.refresh()
    row = index.runs().iloc[0]
    assert (row["name"], list(row["tags"]), row["note"]) == (HOSTILE, [HOSTILE], HOSTILE)


def test_what_people_say_of_a_run_is_seen_on_refresh_and_forgotten_with_its_file(index, tmp_path):
    folder, other = make_run(tmp_path, [0.5], name="Spec's"), make_run(tmp_path, [0.6])

    def said() -> tuple:
        index.refresh()
        row = index.runs().set_index("run").loc[folder.id]
        return row["name"], list(row["tags"]), row["note"], bool(row["baseline"])

    assert said() == ("Spec's", [], "", False)
    folder.write_annotations(Annotations("Mine", ("a", "b"), "two\nlines", True))
    assert said() == ("Mine", ["a", "b"], "two\nlines", True)
    assert index.epochs([folder.id])["name"].tolist() == ["Mine"]
    assert index.best().set_index("run")["baseline"].to_dict() == {folder.id: True, other.id: False}
    folder.write_annotations(Annotations(tags=("b",)))
    assert said() == ("Spec's", ["b"], "", False)
    folder.annotations_file.unlink()
    assert said() == ("Spec's", [], "", False)


def test_an_imported_run_is_annotated_like_any_other(index, tmp_path):
    folder = made_up_import(tmp_path, parse_spec({}), epochs=2, created=1e9)
    folder.write_annotations(Annotations("Mine", ("a",)))
    index.refresh()
    assert (index.runs()["name"][0], list(index.runs()["tags"][0])) == ("Mine", ["a"])


def test_damaged_annotations_are_named_and_cost_no_result(index, tmp_path):
    folder = make_run(tmp_path, [0.5])
    folder.annotations_file.write_text('{"tags": 3}')
    index.refresh()
    row = index.best().iloc[0]
    assert (row["name"], row["state"], row["val_f1"]) == ("Run", "finished", 0.5)
    assert "annotations.json" in row["message"]


def test_the_version_rises_with_all_but_the_progress_within_an_epoch(tmp_path):
    folder = make_run(tmp_path, [0.4], state="running")
    index = RunIndex(tmp_path)

    def rises() -> bool:
        before = index.version
        index.refresh()
        return index.version > before

    status = replace(folder.status(), heartbeat=time.time())
    assert rises() and not rises()
    folder.write_status(replace(status, step=7, samples_per_second=90.0, heartbeat=time.time()))
    assert not rises()
    assert index.runs()["step"].tolist() == [7]
    folder.append_history(epoch_record(2, 0.5))
    assert rises()
    folder.write_status(replace(status, state="finished", epoch=2))
    assert rises()
    folder.write_annotations(Annotations("Another name"))
    assert rises()
    folder.remove()
    assert rises() and not rises()
