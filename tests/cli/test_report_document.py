import json

import pytest

from av1core.__main__ import main
from tests.report.studies import batchnorm_study


@pytest.fixture
def runs_dir(trained, tmp_path):
    return batchnorm_study(trained, tmp_path / "runs", seeds=2).runs_dir


@pytest.fixture
def no_browser(monkeypatch, tmp_path):
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "none"))


def test_a_study_as_html_and_as_a_folder_without_figures_where_there_is_no_browser(
    runs_dir, tmp_path, capsys, no_browser
):
    html, folder = tmp_path / "report.html", tmp_path / "latex"
    command = ["report", "--study", "batchnorm", "--runs", str(runs_dir), "--html", str(html)]
    assert main([*command, "--latex-folder", str(folder), "--language", "pt_BR", "--reported", "--json"]) == 0
    said = capsys.readouterr()
    files = {str(file) for file in folder.rglob("*") if file.is_file()} | {str(html)}
    assert set(json.loads(said.out)["files"]) == files and not (folder / "figures").exists()
    assert "chromium" in said.err
    assert "Exp 03 †" in html.read_text() and 'lang="pt-BR"' in html.read_text()


def test_chosen_experiments_of_a_stage_with_the_named_baseline_first(runs_dir, tmp_path, capsys):
    html = tmp_path / "report.html"
    command = ["report", "--stage", "stage2", "--runs", str(runs_dir), "--html", str(html), "--title", "Two of them"]
    assert main([*command, "--experiments", "Eval", "Train", "--baseline", "Eval"]) == 0
    assert "<h1>Two of them</h1>" in html.read_text() and "the baseline, “Eval”" in html.read_text()
    assert capsys.readouterr().out == f"{html}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--study", "nope", "--html", "x.html"], "The studies are"),
        (["--study", "reduction"], "only with --html"),
        (["--study", "stage3_ab", "--html", "x.html"], "no run of the study stage3_ab"),
        (["--stage", "stage3_ab", "--html", "x.html"], "no run of Stage 3 AB"),
        (
            ["--stage", "stage2", "--html", "x.html", "--experiments", "Nobody"],
            "there is no 'Nobody'; there are ",
        ),
        (["--stage", "stage2", "--html", "no/such/folder/x.html"], "cannot be written"),
    ],
)
def test_what_cannot_be_reported_is_an_error_that_says_why(runs_dir, capsys, arguments, message):
    assert main(["report", "--runs", str(runs_dir), *arguments]) == 2
    assert message in capsys.readouterr().err
