import numpy as np
import pytest

from av1core.dataset.imports import text
from av1core.dataset.imports.text import read_integers, read_table
from av1core.errors import DatasetError


@pytest.fixture
def file(tmp_path):
    return tmp_path / "numbers.txt"


def numbers(file):
    """All values and their lines."""
    values, lines = zip(*read_integers(file), strict=True)
    return np.concatenate(values).tolist(), np.concatenate(lines).tolist()


@pytest.mark.parametrize(
    ("content", "values", "lines"),
    [
        ("1 2\n3\n", [1, 2, 3], [1, 1, 2]),
        ("\n\n  7\t-8,9\r\n\r\n10", [7, -8, 9, 10], [3, 3, 3, 5]),
        ("0\n000\n123456789012345678", [0, 0, 123456789012345678], [1, 2, 3]),
        (" ", [], []),
    ],
)
def test_integers_come_with_their_lines(file, content, values, lines):
    file.write_text(content, newline="")
    assert numbers(file) == (values, lines)


@pytest.mark.parametrize("chunk", [1, 7, 64])
def test_chunks_do_not_show(file, monkeypatch, chunk):
    monkeypatch.setattr(text, "_CHUNK_BYTES", chunk)
    values = np.random.default_rng(0).integers(-(10**6), 10**6, (50, 3))
    file.write_text("a heading\n" + "\n".join(" ".join(map(str, row)) for row in values))
    rows, lines = zip(*read_table(file, 3), strict=True)
    assert (np.concatenate(rows) == values).all()
    assert (np.concatenate(lines) == np.arange(2, 52)).all()


@pytest.mark.parametrize(
    ("content", "line", "word"),
    [
        ("1\n2 x\n3", 2, "x"),
        ("1\n\n2.5\n", 3, "2.5"),
        ("1 -\n", 1, "-"),
        ("1\n--2", 2, "--2"),
        ("4-2\n5x", 1, "4-2"),
        ("1\n2\n1234567890123456789", 3, "1234567890123456789"),
        ("1\n1e3 0x2", 2, "1e3"),
        ("12\0", 1, "12\0"),
    ],
)
def test_what_is_not_an_integer_is_named_with_its_line(file, content, line, word):
    file.write_text(content)
    with pytest.raises(DatasetError) as caught:
        numbers(file)
    assert str(caught.value) == f'{file}, line {line}: "{word}" is not an integer.'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1 2 3\n4 5\n", r"line 2: there are 2 numbers where 3 belong"),
        ("1 2 3\n\n4 5 6 7\n8 9\n", r"line 3: there are 4 numbers"),
        ("1 2 3\nrow col size\n", r'line 2: "row" is not an integer'),
    ],
)
def test_rows_of_another_length_are_named(file, content, message):
    file.write_text(content)
    with pytest.raises(DatasetError, match=message):
        list(read_table(file, 3))


def test_endless_lines_are_refused(file, monkeypatch):
    monkeypatch.setattr(text, "_CHUNK_BYTES", 16)
    monkeypatch.setattr(text, "_LONGEST_LINE", 64)
    file.write_text("1 " * 100)
    with pytest.raises(DatasetError, match="has lines of more than 64 bytes"):
        numbers(file)


def test_a_file_that_is_not_there_is_named(file):
    with pytest.raises(DatasetError, match=r"numbers\.txt cannot be read: No such file"):
        numbers(file)
