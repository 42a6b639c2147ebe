import io
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from av1core.__main__ import main
from av1core.analysis.studies import STUDIES
from av1core.analysis.tables import study_columns
from av1core.runs.folder import RunFolder
from av1core.runs.launcher import Launcher


@pytest.fixture
def store(trained, tmp_path) -> Path:
    """A runs folder with one seed of the BN fix."""
    runs_dir = tmp_path / "runs"
    for run in (trained.stage1, trained.stage2):
        shutil.copytree(trained.runs_dir / run, runs_dir / run)
    return runs_dir


@pytest.fixture
def study(store, capsys):
    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["study", *arguments, "--runs", str(store)])
        return code, *capsys.readouterr()

    return run


def queued(store: Path) -> list[tuple]:
    specs = [RunFolder(store / run).spec() for run in Launcher(store).waiting().runs]
    return [(spec.stage, spec.adapter and spec.adapter.batchnorm, spec.seed) for spec in specs]


def test_every_study_is_listed_with_how_much_of_it_was_tried(study, capsys, store):
    code, out, _ = study("list")
    assert code == 0 and [line.split()[0] for line in out.splitlines()] == list(STUDIES)
    assert "batchnorm       stage2      1 of 2 variants,   1 runs" in out
    assert main(["study", "--json", "--runs", str(store)]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows[0]["variants"] == ["BN train", "BN eval"] and rows[0]["bases"][0]["runs"] == 1
    assert rows[-1]["bases"] == []


@pytest.mark.parametrize("form", ["markdown", "latex", "csv", "json"])
def test_the_table_alone_is_printed_in_every_format(study, form):
    code, out, err = study("show", "batchnorm", "--seeds", "0-1", "--format", form, "--reported", "--references")
    assert code == 0 and "Missing runs: 3, of 2 variants." in err and "Base " in err
    for name in ("BN train", "BN eval", "Exp 03", "Majority class"):
        assert name in out and "lack" not in out
    if form == "json":
        rows = [json.loads(line) for line in out.splitlines()]
        assert rows[1]["seeds"] == 1 and rows[1]["f1_SPLIT"] is not None and rows[0]["val_f1"] is None
    if form == "csv":
        assert list(pd.read_csv(io.StringIO(out))) == list(study_columns("stage2"))


def test_exactly_what_is_missing_is_launched(study, store):
    code, _, err = study("show", "batchnorm", "--seeds", "0-1", "--launch")
    assert code == 0 and err.count("waits in the queue") == 3 and "No run is missing; 3 coming." in err
    assert queued(store) == [("stage2", "train", 0), ("stage2", "train", 1), ("stage2", "eval", 1)]
    assert study("show", "batchnorm", "--seeds", "0-1", "--launch")[2].count("waits in the queue") == 0
    assert len(queued(store)) == 3


def test_a_study_is_begun_on_a_dataset_and_a_stage1_run(study, store, tiny, trained):
    code, _, err = study("show", "stage3_ab")
    assert code == 2 and "--stage1-run" in err
    assert study("show", "stage3_ab", "--dataset", str(tiny))[0] == 2
    begun = ("--dataset", str(tiny), "--stage1-run", trained.stage1)
    assert study("show", "stage3_ab", *begun, "--seeds", "4", "--launch")[0] == 0
    assert queued(store) == [("stage3_ab", "train", 4), ("stage3_ab", "eval", 4)]


def test_who_may_only_look_sees_and_launches_nothing(study, store, monkeypatch):
    monkeypatch.setenv("AV1LAB_READONLY", "1")
    assert study("show", "batchnorm")[0] == 0
    for key in ("batchnorm", "nothing"):  # it asks before it looks at anything
        code, _, err = study("show", key, "--launch")
        assert code == 2 and "AV1LAB_READONLY" in err and queued(store) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing",), "The studies are batchnorm"),
        (("batchnorm", "--base", "zzz"), "The bases are"),
        (("batchnorm", "--seeds", "x"), "not a list"),
    ],
)
def test_what_is_not_there_is_an_error_that_says_what_is(study, arguments, said):
    code, out, err = study("show", *arguments)
    assert code == 2 and not out and said in err
