"""Dark text on the accent of the dark theme, which is light: text of that colour has to be read on a dark page too.

Streamlit writes white on its accent whatever it is, 2.3:1 here where 4.5:1 is readable (WCAG 2.2, 1.4.3).
"""

import streamlit as st

STYLE = """<style>
[data-testid^="stBaseButton-primary"], [data-tag] { color: light-dark(#ffffff, #111111) !important }
</style>"""


def readable_accent() -> None:
    """Set the colour of text on primary buttons and on the chips of a choice of several, in either theme."""
    st.html(STYLE)
