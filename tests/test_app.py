import pytest

import app
from pages._ui import state


@pytest.mark.parametrize("readonly", ["", "1"])
def test_the_server_trains_what_waits_unless_it_is_read_only(monkeypatch, readonly):
    begun = []

    class Recorded:
        def start(self) -> None:
            begun.append(True)

    monkeypatch.setattr(state, "workers", Recorded)
    monkeypatch.setenv("AV1LAB_READONLY", readonly)
    app._begin()
    assert begun == ([] if readonly else [True])
