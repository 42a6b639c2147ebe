"""Figures as PDF for print, drawn by Plotly's Kaleido in a local Chromium or Chrome without any network."""

import asyncio
from collections.abc import Sequence
from threading import Thread

import plotly.graph_objects as go

from av1core.errors import PictureError
from av1core.translation import Words, message

WIDTH = 680
"""Pixels, of which one is 3/4 of a point: about the width of the text of an A4 page."""

SECONDS = 60
"""Most time for one figure."""

INSTALL = message(
    "Install Debian's chromium or Google Chrome, run kaleido_get_chrome, or name a browser in the environment variable "
    "BROWSER_PATH."
)


def printable(figure: go.Figure, words: Words) -> go.Figure:
    """A copy for paper: white, no title (the caption has it), no empty margin, and the language's signs in numbers."""
    copy = go.Figure(figure)
    copy.update_layout(
        title=None, separators=words.separators, width=WIDTH, height=figure.layout.height or 420,
        template="plotly_white", font={"color": "black"}, paper_bgcolor="white", plot_bgcolor="white",
        margin={"t": 30 if figure.layout.annotations else 10, "r": 10, "l": 10},
    )  # fmt: skip
    copy.update_xaxes(automargin=True)
    copy.update_yaxes(automargin=True)
    return copy


def as_pdf(figures: Sequence[go.Figure], words: Words) -> list[bytes]:
    """Each figure as a PDF of one page, all by one browser. Raises PictureError if there is none or it fails."""
    if not figures:
        return []
    found: list[list[bytes] | Exception] = []

    def work() -> None:
        try:
            found.append(asyncio.run(_drawn([printable(figure, words) for figure in figures])))
        except Exception as error:
            found.append(error)

    # A loop may run in this thread already, as in a notebook, and two cannot.
    thread = Thread(target=work, name="figures as PDF")
    thread.start()
    thread.join()
    if isinstance(error := found[0], Exception):
        raise _explained(error) from error
    return found[0]


async def _drawn(figures: Sequence[go.Figure]) -> list[bytes]:
    from kaleido import Kaleido

    # MathJax would be fetched from the network; figures have no formulas.
    async with Kaleido(n=1, mathjax=False, timeout=SECONDS) as kaleido:
        return [await kaleido.calc_fig(figure, opts={"format": "pdf"}) for figure in figures]


def _explained(error: Exception) -> PictureError:
    from kaleido.errors import ChromeNotFoundError

    if isinstance(error, ChromeNotFoundError):
        return PictureError(
            message("Figures cannot be drawn as PDF: there is no Chromium or Chrome. {install}", install=INSTALL)
        )
    return PictureError(
        message(
            "Figures cannot be drawn as PDF: the browser failed ({reason}). {install}",
            reason=f"{type(error).__name__}: {error}",
            install=INSTALL,
        )
    )
