import json
from collections.abc import Callable
from pathlib import Path

import pytest

from av1core.__main__ import main
from av1core.analysis.hypotheses import Judgement
from av1core.analysis.hypothesis_text import facts
from av1core.analysis.ledger import Ledger, shipped_hypotheses
from av1core.analysis.outcome import Outcome
from tests.cli.conftest import Said

ADD = ("add", "PolyLoss helps.", "--range", "-0.5", "3", "--study", "loss", "--variant", "PolyLoss")


@pytest.fixture
def hypotheses(tmp_path, capsys) -> Callable[..., Said]:
    def run(*arguments: str) -> Said:
        try:
            code = main(["hypotheses", *arguments, "--runs", str(tmp_path / "runs")])
        except SystemExit as refused:
            code = refused.code
        return Said(code, *capsys.readouterr())

    return run


def test_the_shipped_one_is_listed_without_any_runs(hypotheses, tmp_path):
    for arguments in ((), ("list",)):
        said = hypotheses(*arguments)
        assert said.code == 0 and "H1" in said.out and "+0.32 pp (reported)" in said.out
        assert "not established" in said.out and "keep" in said.out
    (row,) = hypotheses("list", "--json").rows
    assert (row["key"], row["verdict"], row["measured_result"], row["shipped"]) == ("H1", "not established", None, True)
    assert row["reported_result"]["delta"] == 0.32 and row["reported_result"]["seeds"] == [None, None]
    assert not (tmp_path / "runs").exists()


def test_write_change_decide_and_show(hypotheses, tmp_path):
    said = hypotheses(*ADD)
    assert said.code == 0 and said.out.startswith("H2: ") and "Predicted −0.5 to +3 pp" in said.out
    assert "low from −0.5 pp to +1 pp; high from +3 pp to +2 pp" in hypotheses("edit", "H2", "--range", "1", "2").out
    (edited,) = hypotheses("edit", "H2", "--statement", "New.", "--json").rows
    assert [each["statement"] for each in edited["revisions"]] == ["PolyLoss helps.", "PolyLoss helps.", "New."]
    assert "decided discard. It costs." in hypotheses("decide", "H2", "discard", "It costs.").out
    ledger = Ledger(tmp_path / "runs")
    assert len(ledger.get("H2").revisions) == 3 and ledger.get("H2").decision.choice == "discard"
    shown = hypotheses("show", "H2").out
    assert shown.startswith("H2: New.\n") and "Decision: discard" in shown and shown.count("\n  ") == 4
    (row,) = hypotheses("show", "H2", "--json").rows
    assert row["revisions"][0]["low"] == -0.5 and row["begun_before"] == 0
    assert row["measured_result"] is row["reported_result"] is None
    assert len(hypotheses("--json").rows) == 2


def test_shown_is_what_the_page_says(hypotheses):
    shown = hypotheses("show", "H1").out
    assert shown.startswith("H1 (shipped): ") and "calls it “partially confirmed”." in shown
    titles = facts(shipped_hypotheses()[0], Outcome(None, None, Judgement("", "")))
    assert all(f"{title}: " in shown for title in titles)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "H9"), "There is no hypothesis 'H9'"),
        (("edit", "H1"), "Nothing to change"),
        (("edit", "H1", "--range", "2", "1"), "low: 2 pp lies above high"),
        (("edit", "H1", "--range", "nan", "1"), "low: nan"),
        (("decide", "H1", "maybe"), "invalid choice"),
        ((*ADD[:-1], "BN eval"), "variant: the study loss has none called 'BN eval'"),
        ((*ADD[:6], "none", "--variant", "x"), "study: there is no 'none'"),
        (ADD[:5], "--study, --variant"),
        (("add", " ", *ADD[2:]), "statement: "),
    ],
)
def test_bad_input_is_one_clear_line_and_changes_nothing(hypotheses, tmp_path, arguments, message):
    said = hypotheses(*arguments)
    assert said.code == 2 and message in said.err.splitlines()[-1] and "Traceback" not in said.err
    assert Ledger(tmp_path / "runs").read().hypotheses == shipped_hypotheses()


def test_a_damaged_file_is_named_after_the_others(hypotheses, tmp_path):
    hypotheses(*ADD)
    file: Path = tmp_path / "runs" / ".lab" / "hypotheses" / "H2.json"
    file.write_text("{")
    for arguments in ((), ("--json",)):
        said = hypotheses(*arguments)
        assert said.code == 2 and "H1" in said.out and str(file) in said.err


def test_no_text_moves_the_cursor_of_a_terminal(hypotheses):
    hypotheses("add", "\x1b[2Jgone\nnext", *ADD[2:])
    hypotheses("decide", "H2", "keep", "\x1b[31mred\r")
    for arguments in ((), ("show", "H2")):
        out = hypotheses(*arguments).out
        assert "gone" in out and not {letter for letter in out if not letter.isprintable()} - {"\n"}
    assert json.loads(hypotheses("show", "H2", "--json").out)["revisions"][0]["statement"] == "\x1b[2Jgone\nnext"
