import numpy as np
import pandas as pd
import pytest

from av1core.figures.classes import class_dots, group_dots
from av1core.figures.theme import looks

LOOKS = looks("abc")
LABELS = {"a": "A", "b": "<b>B</b>", "c": "C"}
CLASSES = pd.DataFrame(
    [("a", "SPLIT", 50.0, 48.0, 53.0), ("b", "SPLIT", 55.0, np.nan, np.nan), ("a", "AB", 60.0, 59.0, 61.0)],
    columns=["experiment", "class", "f1", "low", "high"],
)


def groups(names):
    rows = [(key, name, 1234, 50.0 + place, 49.0, 58.0) for key in "ab" for place, name in enumerate(names)]
    return pd.DataFrame(rows, columns=["experiment", "group", "blocks", "f1", "low", "high"])


def test_each_class_is_a_group_of_dots_with_the_intervals_of_the_table():
    figure = class_dots(CLASSES, LOOKS, LABELS)
    a, b = figure.data
    assert list(figure.layout.xaxis.ticktext) == ["SPLIT", "AB"]  # the table's order
    assert list(a.x) == [0, 1] and list(a.y) == [50, 60] and list(b.x) == [0] and list(b.y) == [55]
    assert list(a.error_y.array) == [3, 1] and list(a.error_y.arrayminus) == [2, 1] and np.isnan(b.error_y.array).all()
    assert "48.00 to 53.00 over seeds" in a.customdata[0][2] and "no interval" in b.customdata[0][2]
    assert figure.layout.scattermode == "group" and a.offsetgroup != b.offsetgroup
    assert (a.marker.color, a.marker.symbol) == (LOOKS["a"].colour, LOOKS["a"].symbol)
    assert b.name == "&lt;b&gt;B&lt;/b&gt;" and b.hovertemplate.startswith(b.name)


def test_the_axis_holds_all_intervals_and_not_zero():
    low, high = class_dots(CLASSES, LOOKS, LABELS).layout.yaxis.range
    assert 40 < low < 48 and 61 < high < 70


def test_qindexes_ascend_as_numbers_and_sources_as_text():
    assert list(group_dots(groups(["220", "80", "128"]), LOOKS, LABELS, "qindex").layout.xaxis.ticktext) == [
        "80", "128", "220",
    ]  # fmt: skip
    figure = group_dots(groups(["zebra", "apple"]), LOOKS, LABELS, "source")
    assert list(figure.layout.xaxis.ticktext) == ["apple", "zebra"]
    first = figure.data[0]
    assert dict(zip(first.x, first.y, strict=True)) == {0: 51, 1: 50} and "1,234 blocks" in first.customdata[0][1]


def test_groups_that_are_shortened_alike_stay_apart_and_are_whole_on_hover():
    names = ["a long name that ends in 1 and alike", "a long name that ends in 2 and alike"]
    first = group_dots(groups(names), LOOKS, LABELS, "source").data[0]
    assert list(first.x) == [0, 1] and [row[0] for row in first.customdata] == names


@pytest.mark.parametrize("table", [CLASSES.iloc[:0], CLASSES.assign(f1=np.nan)])
def test_nothing_to_draw_says_so(table):
    assert "Nothing to show: F1 by class" in class_dots(table, LOOKS, LABELS).layout.annotations[0].text
