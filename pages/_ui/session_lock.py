"""One lock for a session's state, whichever of its scripts uses it.

Streamlit begins a script anew beside the one that still runs (`runner.fastReruns`) and gives each a lock of its own for
the state that both use. What the old one registers while the new one looks for what was clicked ends the new one with
"dictionary changed size during iteration", and the click is lost: the likelier, the more threads train.
"""

from collections.abc import Callable
from threading import RLock
from weakref import WeakValueDictionary

from streamlit.runtime.state.safe_session_state import SafeSessionState
from streamlit.runtime.state.session_state import SessionState


def share_session_locks() -> None:
    """Give the scripts of a session that begin from now on one lock. Sessions do not wait for each other."""
    # A lock lives as long as a script has it, and so does the state that its key is the identity of.
    locks: WeakValueDictionary[int, RLock] = WeakValueDictionary()
    with_own_lock = SafeSessionState.__init__

    def with_shared_lock(self: SafeSessionState, state: SessionState, yield_callback: Callable[[], None]) -> None:
        with_own_lock(self, state, yield_callback)
        object.__setattr__(self, "_lock", locks.setdefault(id(state), self._lock))

    SafeSessionState.__init__ = with_shared_lock
