from types import SimpleNamespace

import pandas as pd
import pytest

from av1core.runs.progress import duration, ended_last, fraction_done, seconds_left

ROW = SimpleNamespace(epoch=2, epochs=10, step=5, steps=10, samples_per_second=100.0)


def test_fraction_counts_finished_epochs_and_the_part_of_this_one():
    assert fraction_done(ROW) == pytest.approx(0.25)
    assert fraction_done(SimpleNamespace(epoch=0, epochs=0, step=0, steps=0)) == 0
    assert fraction_done(SimpleNamespace(epoch=10, epochs=10, step=0, steps=10)) == 1


def test_time_left_from_finished_epochs_else_from_the_speed():
    assert seconds_left(ROW, 4.0, 128) == pytest.approx(7.5 * 4)
    assert seconds_left(ROW, None, 20) == pytest.approx(7.5 * 10 * 20 / 100)
    unknown = SimpleNamespace(epoch=0, epochs=3, step=0, steps=0, samples_per_second=None)
    assert seconds_left(unknown, None, 20) is None


def test_durations_as_people_read_them():
    assert [duration(seconds) for seconds in (45, 200, 7500)] == ["45 s", "3 min 20 s", "2 h 05 min"]
    assert duration(None) == duration(float("nan")) == "–"


def test_what_ended_last_is_first_and_what_is_live_is_left_out():
    states = ["finished", "running", "damaged", "failed", "queued", "imported"]
    runs = pd.DataFrame({"run": list("abcdef"), "state": states, "ended": [5.0, None, None, 9.0, 7.0, None]})
    assert list(ended_last(runs)["run"]) == ["d", "a", "c", "f"]
