"""The thesis's three experiments, loaded as reported rows, give its own figures wherever they are shown."""

import json

import pandas as pd
import pytest

from av1core.__main__ import main
from av1core.analysis.comparisons import with_verdicts
from av1core.analysis.experiments import experiments
from av1core.analysis.reported import cumulative_gain, reported_results
from av1core.analysis.results import results, with_reported
from av1core.analysis.tables import EXPERIMENTS, RUNS, as_text
from av1core.runs.index import RunIndex

GAPS = {"Baseline": -0.32, "Exp 02": -0.44, "Exp 03": 0.04}
DELTAS = {"Exp 02": -0.03, "Exp 03": 0.32}
GAIN = 0.32


@pytest.fixture(scope="module")
def rows(trained) -> pd.DataFrame:
    index = RunIndex(trained.runs_dir)
    index.refresh()
    return results(index, "stage2")


@pytest.fixture(params=["run", "experiment"])
def table(rows, request) -> pd.DataFrame:
    """The rows of runs or of experiments, with the reported ones."""
    return with_reported(rows if request.param == "run" else with_verdicts(experiments(rows), ()), "stage2")


def test_beside_runs_and_experiments(table):
    reported = table[table["origin"] == "reported"].set_index("name")
    assert reported.loc[list(GAPS), "gap"].to_dict() == GAPS
    assert reported.loc[list(DELTAS), "delta"].to_dict() == DELTAS and pd.isna(reported.loc["Baseline", "delta"])
    if "verdict" in table:
        assert set(reported.loc[list(DELTAS), "verdict"]) == {"not established"}
        assert pd.isna(reported.loc["Baseline", "verdict"])
        assert reported.loc[list(DELTAS), "reason"].str.contains("One seed").all()
        assert set(reported["verdict"].dropna()) == {"not established"}


def test_as_people_read_them(table):
    text = as_text(table, EXPERIMENTS if "verdict" in table else RUNS).set_axis(table["name"])
    assert text.loc[["Exp 02", "Exp 03"], "Δ (pp)"].tolist() == ["−0.03", "+0.32"]
    assert text.loc[list(GAPS), "Gap (pp)"].tolist() == ["−0.32", "−0.44", "+0.04"]
    if "Verdict" in text:
        assert text.loc[list(DELTAS), "Verdict"].tolist() == ["not established"] * 2


@pytest.mark.parametrize("each", [[], ["--each"]])
def test_from_the_command_line(trained, capsys, each):
    asked = ["report", "--stage", "stage2", "--reported", "--json", "--runs", str(trained.runs_dir), *each]
    assert main(asked) == 0
    found = {row["name"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert {name: found[name]["gap"] for name in GAPS} == GAPS
    assert {name: found[name]["delta"] for name in DELTAS} == DELTAS
    if not each:
        assert {found[name]["verdict"] for name in DELTAS} == {"not established"}


def test_what_was_kept_gained_in_all(table):
    reported = table[table["origin"] == "reported"].set_index("name")
    kept = reported_results("stage2").query("decision == 'keep'")["experiment"]
    assert cumulative_gain(reported_results("stage2")) == GAIN == reported.loc[kept, "delta"].sum()
