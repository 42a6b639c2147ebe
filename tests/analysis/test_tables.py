import io

import numpy as np
import pandas as pd
import pytest

from av1core.analysis.maps.regions import CUT_AGAIN_SHARES, SHARES
from av1core.analysis.statistics import Interval
from av1core.analysis.tables import (
    EXPERIMENTS,
    FORMATS,
    PROBES,
    RUNS,
    VERDICTS,
    as_csv,
    as_latex,
    as_markdown,
    as_text,
    study_columns,
    verdict_rows,
    with_words,
    worded,
)
from av1core.analysis.verdicts import Comparison
from av1core.partition import STAGES
from av1core.translation import Words, message

COMPARISON = Comparison(
    "b", "a", 5, 0.3, Interval(-0.1, 0.7), 0.0625, 0.125, 3, "source", Interval(0.1, 0.5), None, "not established",
    "Too few.",
)  # fmt: skip
COLUMNS = {"name": "Run", "seed": "Seed", "val_f1": "Val F1 (%)", "delta": "Δ (pp)", "epochs": "Epochs"}


@pytest.fixture
def table() -> pd.DataFrame:
    rows = {
        "name": ["Exp 02, γ = 2", "a|b & 5 % of_it\nnext"],
        "seed": pd.array([3, None], "Int64"),
        "val_f1": [58.214999, np.nan],
        "delta": [0.0, -0.444],
        "epochs": [19.0, 18.5],
    }
    return pd.DataFrame(rows)


def test_every_figure_has_its_decimals_and_what_is_missing_is_a_dash(table):
    assert as_text(table, COLUMNS).to_numpy().tolist() == [
        ["Exp 02, γ = 2", "3", "58.21", "+0.00", "19"],
        ["a|b & 5 % of_it\nnext", "–", "–", "−0.44", "18.5"],
    ]


def test_markdown_has_a_row_a_line_whatever_the_names_are(table):
    lines = as_markdown(table, COLUMNS).splitlines()
    assert len(lines) == 4 and lines[1] == "| --- | ---: | ---: | ---: | ---: |"
    assert lines[3] == "| a\\|b & 5 % of_it next | – | – | −0.44 | 18.5 |"


def test_latex_is_booktabs_and_escaped(table):
    latex = as_latex(table, COLUMNS)
    assert latex.startswith("\\begin{tabular}{lrrrr}\n\\toprule\n") and latex.isascii()
    assert r"Exp 02, $\gamma$ = 2 & 3 & 58.21 & +0.00 & 19 \\" in latex
    assert r"a\textbar{}b \& 5 \% of\_it" in latex and r"$\Delta$ (pp)" in latex
    assert "& -- & $-$0.44 &" in latex


def test_csv_keeps_the_full_precision_and_the_columns_names(table):
    read = pd.read_csv(io.StringIO(as_csv(table, COLUMNS)))
    assert list(read) == list(COLUMNS)
    assert read["val_f1"][0] == 58.214999 and np.isnan(read["val_f1"][1])


def test_every_format_belongs_to_a_column():
    studies = {name for stage in STAGES for name in study_columns(stage)}
    evidence = SHARES.keys() | CUT_AGAIN_SHARES.keys()
    assert FORMATS.keys() <= RUNS.keys() | EXPERIMENTS.keys() | VERDICTS.keys() | PROBES.keys() | studies | evidence


def test_a_row_of_a_verdict_has_what_was_compared():
    table = verdict_rows([COMPARISON], {"b": "Variant"})
    assert list(table) == list(VERDICTS)
    text = as_text(table, VERDICTS).iloc[0].tolist()
    assert text[:3] == ["Variant", "not established", "+0.30"] and text[-2:] == ["–", "Too few."]
    assert "0.062" in text and "−0.10" in text


def test_a_table_keeps_its_messages_so_that_they_can_be_told():
    portuguese = Words("pt_BR")
    said = message("{layer}, {form}", layer="stem", form=message("with positions"))
    table = worded([{"name": said, "f1": 1.5}, {"name": "x", "f1": 2.0}], ["name", "f1"])
    assert list(table["name"]) == ["stem, with positions", "x"] and table["f1"].dtype == float
    assert list(with_words(table, "name", portuguese)) == [portuguese.tell(said), "x"]
    assert worded([], ["name"]).empty
