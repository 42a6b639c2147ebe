"""Charts and tables as every page shows them: told in words too, and saved as files."""

from functools import partial

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from av1core.analysis import tables
from av1core.figures.theme import describe, download_config

_FORM, _FORM_CONTROL = "picture-format", "picture-format-control"
_FILES = (
    ("CSV", "csv", "text/csv", tables.as_csv),
    ("LaTeX", "tex", "application/x-tex", tables.as_latex),
    ("Markdown", "md", "text/markdown", tables.as_markdown),
)
"""Title, suffix, kind and writer of the files that a table is saved as."""


def chart(figure: go.Figure, key: str, name: str | None = None, **about) -> None:
    """A figure with its words for screen readers; its camera saves it as the file `name`, by default the key.

    about: further options of st.plotly_chart.
    """
    st.plotly_chart(figure, key=key, alt=describe(figure), config=download_config(name or key, form()), **about)


def form() -> str:
    """What pictures are saved as, "png" or "svg"."""
    return st.session_state.get(_FORM, "PNG").lower()


def picture_format() -> None:
    """What the camera over a chart saves, the same on every page of the session. Place it once, before the charts."""
    st.session_state[_FORM_CONTROL] = st.session_state.get(_FORM, "PNG")
    st.segmented_control(
        "Save charts as", ["PNG", "SVG"], key=_FORM_CONTROL, required=True, on_change=_take_format,
        help="The camera over a chart saves it so. PNG has twice the pixels of the screen; SVG stays sharp at any size "
        "and can be edited.",
    )  # fmt: skip


def _take_format() -> None:
    # The state of a control is gone once another page is shown.
    st.session_state[_FORM] = st.session_state[_FORM_CONTROL]


def downloads(table: pd.DataFrame, columns: dict[str, str], name: str) -> None:
    """A button that offers a table as CSV, LaTeX and Markdown files called `name`, written when they are asked for.

    columns: title by column name, in order. Decimals are those of `tables.FORMATS`.
    """
    with st.popover("Save table", icon=":material/download:"):
        for title, suffix, kind, write in _FILES:
            st.download_button(
                title, partial(write, table, columns), f"{name}.{suffix}", kind, key=f"{name}-{suffix}",
                on_click="ignore", width="stretch",
            )  # fmt: skip


def table(rows: pd.DataFrame, columns: dict[str, str], name: str) -> None:
    """A table of results with its downloads below: F1 in %, gaps and Δ in pp. columns: title by column name."""
    config = {
        column: st.column_config.NumberColumn(title, format=FORMATS[column], help=HELP.get(column))
        if column in FORMATS
        else st.column_config.Column(title, help=HELP.get(column))
        for column, title in columns.items()
    }
    st.dataframe(rows[list(columns)], hide_index=True, column_config=config, placeholder="–")
    downloads(rows, columns, name)


# As the tables of reports are written; the grid has a word of its own for separated thousands.
FORMATS = {name: "localized" if "," in form else f"%{form}" for name, form in tables.FORMATS.items()}

HELP = {
    "train_f1": "Training macro-F1 as the thesis computes it: while training, dropout on, on the blocks as sampled.",
    "train_f1_clean": "Training macro-F1 after the epoch, in eval mode, on the natural class mix: comparable with val.",
    "val_f1": "Validation macro-F1 at the best epoch: the plain mean of the classes' F1.",
    "val_f1_low": "95 % interval of the mean over seeds; empty for one seed.",
    "val_f1_high": "95 % interval of the mean over seeds; empty for one seed.",
    "gap": "Train − val F1 as the thesis computes it. It compares unlike things.",
    "gap_clean": "Train − val F1, like for like.",
    "delta": "Val F1 minus the baseline's, in percentage points. One seed establishes nothing.",
    "delta_low": "95 % interval of the mean difference over paired seeds; empty for fewer than two.",
    "delta_high": "95 % interval of the mean difference over paired seeds; empty for fewer than two.",
    "p": "Of the exact sign-flip test over paired seeds.",
    "p_adjusted": "The larger p of the sign-flip test over paired seeds and of the bootstrap over pictures, after "
    "Holm's correction over the variants.",
    "probe_f1": "Macro-F1 on the scored validation blocks, on their natural class mix.",
    "probe_f1_low": "95 % interval over other pictures, by resampling the sources.",
    "probe_f1_high": "95 % interval over other pictures, by resampling the sources.",
    "accuracy": "Share of the scored blocks whose class is decided rightly.",
    "numbers": "How many numbers of each block the probe reads; of more than 256, so many principal components.",
    "best_epoch": "The epoch with the highest val F1, counted from 1. Every figure of the row is of this epoch.",
    "split": "What was drawn to validate: whole sources, whole frames, or single blocks as in the thesis; or a list.",
    "origin": "Measured: trained here. Imported: trained elsewhere, its history taken over. Reported: published "
    "elsewhere, on other data, with one seed. Reference: trivial, on the dataset and split of the runs.",
}
