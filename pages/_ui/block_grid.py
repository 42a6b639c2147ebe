"""The block grid: blocks with their maps as a grid of buttons in the browser, where a click chooses a block."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import streamlit as st

from av1core.figures.tiles import Scale, Tile
from pages._ui.words import tell, words

_HERE = Path(__file__).parent

_component = st.components.v2.component(
    "block_grid",
    html=(_HERE / "block_grid.html").read_text(),
    css=(_HERE / "block_grid.css").read_text(),
    js="\n".join((_HERE / name).read_text() for name in ("saving.js", "block_grid.js")),
)


def block_grid(
    tiles: Sequence[Tile],
    scale: Scale,
    *,
    lines: bool,
    title: str,
    note: str,
    name: str,
    form: str,
    key: str,
    on_choose: Callable[[int], None],
) -> None:
    """tiles: at least one. lines: whether the true partitions are drawn over the pictures.

    title, note: above the grid where it is saved, as the file `name` in `form`, "png" or "svg". on_choose: called with
    the index of the tile that was clicked.
    """
    data = {
        "tiles": [asdict(tile) for tile in tiles],
        "scale": {"colours": scale.colours, "ends": scale.ends_in(words()), "unit": tell(scale.unit)},
        "lines": lines, "title": title, "note": note, "name": name, "form": form,
        "words": {"save": tell("Save as {form}", form=form.upper()), "wrong": tell("wrong")},
    }  # fmt: skip
    _component(key=key, data=data, on_tile_change=lambda: on_choose(st.session_state[key]["tile"]))
