"""A report as one HTML file: interactive figures, no network, light and dark, readable on a phone and on paper.

The file's own policy forbids every request, and every script that is not one of the two written here.
"""

import base64
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from av1core.report.document import Document, Picture, notes, rows

if TYPE_CHECKING:
    from jinja2 import Environment

_HERE = Path(__file__).parent

_GRID = "rgba(128,128,128,0.25)"
"""Reads on white and on black alike."""


def as_html(document: Document) -> str:
    """The whole report as the text of one file, about 5 MB of it plotly.js."""
    from plotly.offline import get_plotlyjs

    library, own = get_plotlyjs(), (_HERE / "page.js").read_text()
    return _templates().get_template("page.html").render(
        document=document,
        words=document.words,
        tell=document.words.tell,
        kind=lambda part: type(part).__name__,
        rows=lambda table: rows(table, document.words),
        heads=lambda table: [(document.words.tell(column.title), bool(column.form)) for column in table.columns],
        notes=notes,
        figures=_json({picture.name: _figure(picture, document) for picture in document.pictures}),
        style=(_HERE / "page.css").read_text(),
        scripts=[library, own] if document.pictures else [],
        hashes=" ".join(f"'sha256-{_hash(script)}'" for script in (library, own)),
    )  # fmt: skip


def _figure(picture: Picture, document: Document) -> dict:
    """What plotly.js draws: no title (the caption has it), and the page's background and letters."""
    figure = go.Figure(picture.figure)
    figure.update_layout(
        title=None, separators=document.words.separators, template="plotly_white",
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
        margin={"t": 30 if figure.layout.annotations else 10}, autosize=True, width=None,
    )  # fmt: skip
    for update in (figure.update_xaxes, figure.update_yaxes):
        update(gridcolor=_GRID, zerolinecolor=_GRID, linecolor=_GRID, automargin=True)
    return json.loads(figure.to_json())


def _json(value: object) -> str:
    """JSON that ends no script: nothing in it can be read as a tag."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
