"""Figures of many panels keep a width at which they can be read; on a narrower page they scroll sideways."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

_LEAST = 720  # px

# The style of every such place, by the class that Streamlit gives a container for its key.
_STYLE = f"""<style>
[class*="st-key-wide-"] {{ overflow-x: auto; }}
[class*="st-key-wide-"] > * {{ min-width: {_LEAST}px; }}
</style>"""


@contextmanager
def wide(name: str) -> Iterator[None]:
    """A place for such a figure. name: of this place on the page."""
    st.html(_STYLE)
    with st.container(key=f"wide-{name}"):
        yield
