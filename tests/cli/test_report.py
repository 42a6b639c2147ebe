import json
import shutil
from dataclasses import replace

import pandas as pd
import pytest

from av1core.__main__ import main
from av1core.analysis.experiments import experiments
from av1core.analysis.reported import reported_results
from av1core.analysis.results import results
from av1core.runs.annotations import Annotations
from av1core.runs.folder import RunFolder
from av1core.runs.index import RunIndex
from av1core.storage import write_json_atomically


@pytest.fixture
def runs_dir(trained, tmp_path):
    """Three finished Stage-2 runs of two recipes, the first of them named Baseline, and one that failed."""
    runs_dir = shutil.copytree(trained.runs_dir, tmp_path / "runs")
    for name, changes in {
        "a": {"name": "Baseline", "seed": 1}, "b": {"name": "Wide", "dropout": 0.5}, "c": {"name": "Failed"},
    }.items():  # fmt: skip
        copy = RunFolder(shutil.copytree(runs_dir / trained.stage2, runs_dir / name))
        write_json_atomically(copy.spec_file, copy.spec().model_dump(mode="json") | changes)
    copy.write_status(replace(copy.status(), state="failed"))
    return runs_dir


def printed(capsys, runs_dir, *arguments) -> str:
    assert main(["report", "--stage", "stage2", "--runs", str(runs_dir), *arguments]) == 0
    return capsys.readouterr().out


def test_a_row_a_configuration_as_the_page_has_it(runs_dir, capsys):
    index = RunIndex(runs_dir)
    index.refresh()
    runs = results(index, "stage2")
    expected = experiments(runs[runs["state"] == "finished"])
    rows = [json.loads(line) for line in printed(capsys, runs_dir, "--json").splitlines()]
    assert [row["name"] for row in rows] == expected["name"].tolist() and len(rows) == 2
    assert [row["val_f1"] for row in rows] == pytest.approx(expected["val_f1"].tolist(), abs=1e-12)
    assert sorted(row["seeds"] for row in rows) == [1, 2]


def test_a_row_a_run_with_deltas_to_the_named_baseline(runs_dir, capsys):
    for named in ([], ["--baseline", "Baseline"], ["--baseline", "a"]):
        rows = [json.loads(line) for line in printed(capsys, runs_dir, "--each", "--json", *named).splitlines()]
        assert len(rows) == 3 and all(row["delta"] == 0 for row in rows)
    assert main(["report", "--stage", "stage2", "--runs", str(runs_dir), "--baseline", "None such"]) == 2
    assert "there are" in capsys.readouterr().err


@pytest.mark.parametrize("each", [[], ["--each"]])
def test_without_a_wish_the_pinned_run_is_the_baseline(runs_dir, capsys, each):
    pinned = RunFolder(runs_dir / "b")
    lines = [json.dumps(record | {"val_f1": record["val_f1"] / 2}) + "\n" for record in pinned.history()]
    pinned.history_file.write_text("".join(lines))
    pinned.write_annotations(Annotations(baseline=True))
    rows = [json.loads(line) for line in printed(capsys, runs_dir, "--json", *each).splitlines()]
    deltas = {row["name"]: row["delta"] for row in rows}
    assert deltas.pop("Wide") == 0 and all(delta > 0 for delta in deltas.values())


def test_reported_rows_and_references_stand_beside(runs_dir, capsys):
    table = printed(capsys, runs_dir, "--reported", "--references")
    for name in [*reported_results("stage2")["experiment"], "Majority class"]:
        assert f"| {name} |" in table


@pytest.mark.parametrize("form", ["markdown", "latex", "csv", "json"])
def test_a_file_holds_what_would_be_printed(runs_dir, capsys, tmp_path, form):
    text = printed(capsys, runs_dir, "--format", form)
    file = tmp_path / "table"
    assert printed(capsys, runs_dir, "--format", form, "--out", str(file)) == ""
    assert file.read_text() == text and "Wide" in text
    if form == "csv":
        assert pd.read_csv(file)["name"].tolist().count("Wide") == 1


def test_nothing_finished_and_no_place_to_write_are_errors(runs_dir, capsys, tmp_path):
    assert main(["report", "--stage", "stage3_ab", "--runs", str(runs_dir)]) == 2
    assert "no run of Stage 3 AB has finished" in capsys.readouterr().err
    assert main(["report", "--stage", "stage2", "--runs", str(runs_dir), "--out", str(tmp_path / "no" / "x")]) == 2
    assert "cannot be written" in capsys.readouterr().err
