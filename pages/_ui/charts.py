"""Charts and tables as every page shows them: told in words too, and saved as files."""

from functools import partial
from typing import TYPE_CHECKING

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from av1core.analysis import tables
from av1core.figures.theme import describe, download_config
from av1core.translation import MISSING
from pages._ui.columns import COLUMNS
from pages._ui.words import tell, words

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

_FORM, _FORM_CONTROL = "picture-format", "picture-format-control"
_FILES = (
    ("CSV", "csv", "text/csv", tables.as_csv),
    ("LaTeX", "tex", "application/x-tex", tables.as_latex),
    ("Markdown", "md", "text/markdown", tables.as_markdown),
)
"""Title, suffix, kind and writer of the files that a table is saved as."""

_MOST_SIGNED = 5_000


def chart(figure: go.Figure, key: str, name: str | None = None, **about) -> None:
    """A figure with its words for screen readers; its camera saves it as the file `name`, by default the key.

    about: further options of st.plotly_chart.
    """
    says = words()
    if figure.layout.separators != says.separators:
        figure = go.Figure(figure).update_layout(separators=says.separators)  # a figure may be kept for all sessions
    st.plotly_chart(figure, key=key, alt=describe(figure, says), config=download_config(name or key, form()), **about)


def form() -> str:
    """What pictures are saved as, "png" or "svg"."""
    return st.session_state.get(_FORM, "PNG").lower()


def picture_format() -> None:
    """What the camera over a chart saves, the same on every page of the session. Place it once, before the charts."""
    st.session_state[_FORM_CONTROL] = st.session_state.get(_FORM, "PNG")
    st.segmented_control(
        tell("Save charts as"), ["PNG", "SVG"], key=_FORM_CONTROL, required=True, on_change=_take_format,
        help=tell(
            "The camera over a chart saves it so. PNG has twice the pixels of the screen; SVG stays sharp at any size "
            "and can be edited."
        ),
    )  # fmt: skip


def _take_format() -> None:
    # The state of a control is gone once another page is shown.
    st.session_state[_FORM] = st.session_state[_FORM_CONTROL]


def downloads(table: pd.DataFrame, columns: dict[str, str], name: str) -> None:
    """A button that offers a table as CSV, LaTeX and Markdown files called `name`, written when they are asked for.

    columns: title by column name, in order. Decimals are those of `tables.FORMATS`.
    """
    with st.popover(tell("Save table"), icon=":material/download:"):
        for title, suffix, kind, write in _FILES:
            told = {} if write is tables.as_csv else {"words": words()}
            st.download_button(
                title, partial(write, table, columns, **told), f"{name}.{suffix}", kind, key=f"{name}-{suffix}",
                on_click="ignore", width="stretch",
            )  # fmt: skip


def table(rows: pd.DataFrame, columns: dict[str, str], name: str) -> None:
    """A table of results with its downloads below: F1 in %, gaps and Δ in pp. columns: title by column name."""
    says = words()
    shown = pd.DataFrame({key: tables.with_words(rows, key, says) for key in columns})
    numbers = {key: tables.FORMATS[key] for key in columns if key in tables.FORMATS}
    st.dataframe(
        in_language(shown, numbers), hide_index=True, placeholder="–",
        column_config={key: column(key, title) for key, title in columns.items()},
    )  # fmt: skip
    downloads(rows, columns, name)


def in_language(rows: pd.DataFrame, numbers: dict[str, str]) -> "pd.DataFrame | Styler":
    """Rows whose numbers are shown with the signs of the session's language, and still sorted as numbers.

    numbers: Python's format of each column of numbers. In English the columns' own formats do; beyond `_MOST_SIGNED`
    rows, which would take more than half a second, the signs stay English.
    """
    says = words()
    if says.language == "en" or len(rows) > _MOST_SIGNED:
        return rows
    forms = {column: partial(says.number, form=form) for column, form in numbers.items()}
    return rows.style.format(forms, na_rep=MISSING)


def column(name: str, title: str, form: str | None = None):
    """How the grid shows a column, with its title and what it means.

    form: Python's format of its numbers; that of `tables.FORMATS` unless given.
    """
    about = tell(COLUMNS[name]) if name in COLUMNS else None
    form = form or tables.FORMATS.get(name)
    # The grid would write a format's numbers in English, where it has a word of its own for separated thousands.
    if form and words().language == "en":
        return st.column_config.NumberColumn(tell(title), format="localized" if "," in form else f"%{form}", help=about)
    return st.column_config.Column(tell(title), help=about)
