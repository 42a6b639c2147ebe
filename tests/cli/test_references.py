import json

import pytest

from av1core.__main__ import main
from av1core.analysis.references import trivial_references
from av1core.cli.references import COLUMNS
from av1core.dataset.folder import Dataset
from av1core.dataset.split import resolve_split
from av1core.partition import STAGES
from tests.synthetic import make_dataset

NAMES = ["Majority class", "Logistic regression, block statistics"]
"""Those of a dataset of one qindex."""


def printed(capsys, *arguments) -> list[dict]:
    assert main(["references", *map(str, arguments), "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_each_stage_has_a_row_a_reference_in_full_precision(tiny, capsys):
    rows = printed(capsys, tiny)
    assert [(row["stage"], row["reference"]) for row in rows] == [(stage, name) for stage in STAGES for name in NAMES]
    dataset = Dataset.open(tiny)
    expected = [reference for stage in STAGES.values() for reference in trivial_references(dataset, stage)]
    for row, reference in zip(rows, expected, strict=True):
        assert all(row[column] == getattr(reference, column) for column in COLUMNS)
        assert list(row["f1_per_class"]) == list(STAGES[row["stage"]].classes)
        assert tuple(row["f1_per_class"].values()) == reference.f1_per_class


def test_another_split_and_chosen_stages(tiny, capsys):
    rows = printed(capsys, tiny, "--split", "block", "--stage", "stage3_ab", "--stage", "stage1")
    assert [row["stage"] for row in rows] == ["stage1", "stage1", "stage3_ab", "stage3_ab"]
    dataset = Dataset.open(tiny)
    of_block = trivial_references(dataset, STAGES["stage1"], resolve_split(dataset, "block"))
    assert [row["val_f1"] for row in rows[:2]] == [reference.val_f1 for reference in of_block]
    assert {row["split"] for row in rows} == {"block"} and rows[:2] != printed(capsys, tiny, "--stage", "stage1")


def test_people_read_percents_and_what_validates(tiny, capsys):
    assert main(["references", str(tiny), "--stage", "stage2"]) == 0
    text = capsys.readouterr().out
    majority = trivial_references(Dataset.open(tiny), STAGES["stage2"])[0]
    figures = (f"{100 * getattr(majority, column):.2f}" for column in COLUMNS)
    line = next(line for line in text.splitlines() if "Majority class" in line)
    assert line.split() == ["Stage", "2", "Majority", "class", *figures]
    assert all(title in text for title in COLUMNS.values()) and "validation: picture-3" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no-such-dataset"], "no-such-dataset"),
        (["{tiny}", "--split", "random"], "invalid choice: 'random'"),
        (["{tiny}", "--stage", "stage4"], "invalid choice: 'stage4'"),
    ],
)
def test_bad_input_is_one_clear_line(tiny, capsys, arguments, message):
    try:
        code = main(["references", *(argument.replace("{tiny}", str(tiny)) for argument in arguments)])
    except SystemExit as refused:
        code = refused.code
    output = capsys.readouterr()
    assert code == 2 and not output.out
    assert message in output.err.splitlines()[-1] and "Traceback" not in output.err


def test_a_stage_that_the_dataset_lacks_is_left_out_unless_it_was_asked_for(tmp_path, capsys):
    small = make_dataset(tmp_path / "small", side=2).path
    assert main(["references", str(small), "--json"]) == 0
    output = capsys.readouterr()
    shown = {json.loads(line)["stage"] for line in output.out.splitlines()}
    assert "stage1" in shown and "stage2" not in shown
    assert "Stage 2 is left out" in output.err and "lacks" in output.err
    assert main(["references", str(small), "--stage", "stage2", "--json"]) == 2
    output = capsys.readouterr()
    assert not output.out and output.err.startswith("error: ") and "lacks" in output.err
