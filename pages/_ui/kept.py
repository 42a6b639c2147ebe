"""What pages compute from the index alone, kept for every session until the index tells something new."""

from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TypeVar

import streamlit as st

from av1core.runs.index import RunIndex

Value = TypeVar("Value")


def kept(index: RunIndex, what: tuple[Hashable, ...], make: Callable[[], Value]) -> Value:
    """The value of `make`, computed once for all sessions; nobody may change it.

    what: all that it depends on beside the index, as texts, numbers and tuples of them; its first is the value's name.
    """
    return _kept(index.runs_dir, index.version, repr(what), make)


@st.cache_resource(max_entries=64, show_spinner=False)
def _kept(runs_dir: Path, version: int, what: str, _make: Callable[[], Value]) -> Value:
    return _make()
