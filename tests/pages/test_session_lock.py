import sys
from itertools import count
from threading import Event, Thread

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.state.common import WidgetMetadata
from streamlit.runtime.state.safe_session_state import SafeSessionState
from streamlit.runtime.state.session_state import SessionState

import app  # noqa: F401  (its import shares the locks)


@pytest.fixture
def often_switched():
    """Threads that take turns far more often than by default."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


def register(script: SafeSessionState, name: str) -> None:
    script.register_widget(WidgetMetadata(name, lambda value: value, lambda value: value, "int_value"), None)


def clicked(value: int) -> WidgetStates:
    states = WidgetStates()
    for number in range(50):
        widget = states.widgets.add()
        widget.id, widget.int_value = f"clicked {number}", value
    return states


def test_a_script_that_begins_is_not_disturbed_by_the_one_that_still_runs(often_switched):
    state = SessionState()
    old, new = (SafeSessionState(state, lambda: None) for _ in range(2))
    ended = Event()

    def still_running():
        for number in count():
            if ended.is_set():
                return
            register(old, f"old {number}")

    thread = Thread(target=still_running)
    thread.start()
    try:
        for value in range(30):
            new.on_script_will_rerun(clicked(value))
    finally:
        ended.set()
        thread.join()


def test_sessions_do_not_wait_for_each_other():
    one, other = (SafeSessionState(SessionState(), lambda: None) for _ in range(2))
    with one._lock:
        thread = Thread(target=register, args=(other, "other"), daemon=True)
        thread.start()
        thread.join(10)
        assert not thread.is_alive()
