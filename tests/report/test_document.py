from dataclasses import replace

import pandas as pd
import pytest

from av1core.report.document import Column, Mark, Table, notes, rows
from av1core.translation import Words
from tests.report.documents import COLUMNS, document, frame, table


def texts(table: Table, language: str = "en") -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in rows(table, Words(language))]


@pytest.mark.parametrize("language", ["en", "pt_BR"])
def test_a_table_has_the_numbers_of_its_frame(language):
    undo = str.maketrans({",": None, "−": "-"}) if language == "en" else str.maketrans({".": None, ",": ".", "−": "-"})
    for row, (_, values) in zip(texts(table(), language), frame().iterrows(), strict=True):
        for text, column in zip(row[1:], COLUMNS[1:], strict=True):
            numbers = text.split(" ± ") if column.spread else text.strip("[]").split(", " if language == "en" else "; ")
            names = [name for name in (column.name, column.spread, column.upper) if name and pd.notna(values[name])]
            assert len(numbers) == max(1, len(names)) and (names or numbers == ["–"])
            for number, name in zip(numbers, names, strict=False):
                digits = len(column.form.partition(".")[2]) and int(column.form[-2])
                assert float(number.translate(undo)) == pytest.approx(values[name], abs=0.5 * 10**-digits + 1e-9)


def test_portuguese_has_decimal_commas_and_english_points():
    assert texts(table(), "pt_BR")[1][2:] == ["58,53 ± 0,20", "+0,04", "[−0,10; +0,52]", "1.331.776"]
    assert texts(table())[1][2:] == ["58.53 ± 0.20", "+0.04", "[−0.10, +0.52]", "1,331,776"]


def test_marked_rows_form_a_group_of_their_own_and_their_mark_is_explained():
    found = rows(table(), Words())
    assert [row.begins for row in found] == [False, False, True]
    assert [row.cells[0].text for row in found] == ["Baseline", "BN fix", "Exp 03 †"]
    assert notes(table())[0] == "† Of the validation side."
    measured = table()
    measured = replace(measured, frame=measured.frame.iloc[:2], marks={"reported": Mark("†", "Published elsewhere.")})
    assert notes(measured) == ["Of the validation side."]


def test_the_best_of_each_group_is_emphasised_where_there_is_something_to_be_better_than():
    assert [[cell.best for cell in row.cells] for row in rows(table(), Words())] == [
        [False] * 6, [False, False, True, False, False, False], [False] * 6,
    ]  # fmt: skip
    alone = Table("one", "", frame().iloc[:1], COLUMNS)
    assert not any(cell.best for row in rows(alone, Words()) for cell in row.cells)
    equal = pd.DataFrame({"name": ["a", "b", "c"], "f1": [1.0, 1.0, None]})
    columns = (Column("name", "Name"), Column("f1", "F1", ".1f", best=True))
    assert [row.cells[1].best for row in rows(Table("e", "", equal, columns), Words())] == [True, True, False]


def test_a_document_knows_its_pictures_in_order():
    assert [picture.name for picture in document().pictures] == ["curve"]
