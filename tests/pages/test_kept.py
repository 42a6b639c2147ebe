import pytest

from av1core.runs.annotations import Annotations
from av1core.runs.index import RunIndex
from pages._ui.kept import kept
from tests.runs.test_index import make_run


@pytest.fixture
def index(tmp_path):
    folder = make_run(tmp_path, [0.4])
    index = RunIndex(tmp_path)
    index.refresh()
    return index, folder


def test_a_value_is_made_once_for_what_it_rests_on_until_the_index_changes(index):
    index, folder = index
    made = []

    def value(*what):
        return kept(index, ("value", *what), lambda: made.append(what) or list(what))

    assert value("a", 1) is value("a", 1) and value("a", 2) == ["a", 2]
    assert made == [("a", 1), ("a", 2)]
    folder.write_annotations(Annotations("Another name"))
    index.refresh()
    assert value("a", 1) == ["a", 1] and len(made) == 3


def test_an_error_is_not_kept(index):
    index, _ = index
    with pytest.raises(ZeroDivisionError):
        kept(index, ("fails",), lambda: 1 / 0)
    assert kept(index, ("fails",), lambda: 1) == 1
