"""Where Streamlit's look is not one to read: colours of text, and links that are cut off.

It writes white on its accent whatever it is, 2.3:1 on the dark theme's light one where 4.5:1 is readable (WCAG 2.2,
1.4.3), and the axes of a figure on a light page in a grey of 3.7:1; and it gives a link to a page one line, on a narrow
page too.
"""

import streamlit as st

STYLE = """<style>
[data-testid^="stBaseButton-primary"], [data-tag] { color: light-dark(#ffffff, #111111) !important }
.js-plotly-plot text[style*="fill: rgb(128, 132, 149)"] { fill: #5c6070 !important }
[data-testid="stPageLink-NavLink"] :is(span:last-child, div, p) { white-space: normal; line-height: 1.5 }
</style>"""


def readable() -> None:
    """Make text on the accent (primary buttons, chips of a choice) and at axes readable, and let page links wrap."""
    st.html(STYLE)
