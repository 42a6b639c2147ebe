import pytest

from av1core.errors import RunError
from av1core.runs.several import each


def test_all_are_changed_and_the_error_names_each_problem_once():
    changed = []

    def change(run: str) -> None:
        if run.startswith("bad"):
            raise RunError("too bad" if run < "bad3" else "worse")
        changed.append(run)

    with pytest.raises(RunError, match=r"^too bad\nworse$"):
        each(["bad1", "a", "bad2", "bad3", "b"], change)
    assert changed == ["a", "b"]


def test_nothing_is_swallowed_but_what_a_user_can_meet():
    with pytest.raises(ZeroDivisionError):
        each(["a"], lambda run: 1 / 0)
