"""The frame viewer: a picture and its partition tree on a canvas in the browser, where a click chooses a node."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from av1core.dataset.folder import Dataset
from av1core.figures.frame import picture_url
from pages._ui import charts
from pages._ui.words import tell, words

_HERE = Path(__file__).parent

_component = st.components.v2.component(
    "frame_viewer",
    html=(_HERE / "frame_viewer.html").read_text(),
    css=(_HERE / "frame_viewer.css").read_text(),
    js="\n".join((_HERE / name).read_text() for name in ("saving.js", "frame_nodes.js", "frame_viewer.js")),
)


def frame_viewer(
    picture: str,
    nodes: dict[str, Any],
    *,
    width: int,
    height: int,
    selected: int | None,
    label: str,
    name: str,
    key: str,
    on_choose: Callable[[int], None],
) -> None:
    """picture, nodes: from `figures.frame`. width, height: of the frame in pixels. selected: index into the nodes.

    label: what the picture is, for screen readers. name: of the file that it is saved as, in the form that charts are.
    on_choose: called with the index of the node that was chosen.
    """
    form = charts.form()
    data = {
        "picture": picture, "nodes": nodes, "width": width, "height": height, "selected": selected, "label": label,
        "name": name, "form": form, "locale": words().language.replace("_", "-"), "words": _words(form),
    }  # fmt: skip
    _component(key=key, data=data, on_node_change=lambda: on_choose(st.session_state[key]["node"]))


def _words(form: str) -> dict[str, str]:
    """What the viewer says, by the names that its HTML has; the braces of the last are filled in by it."""
    return {
        "picture": tell("Picture"),
        "lines": tell("Lines"),
        "fill": tell("Fill"),
        "zoom-in": tell("Zoom in"),
        "zoom-out": tell("Zoom out"),
        "fit": tell("Fit"),
        "save": tell("Save as {form}", form=form.upper()),
        "drawn": tell("What is drawn"),
        "help": tell(
            "Click a node, or go from one to the next with the arrow keys; another click, or Enter, chooses the node "
            "around it. Drag, or hold Shift with an arrow key, to move the picture. + and − zoom, 0 fits it in, and so "
            "does the wheel after a click. The boxes above switch lines on and off."
        ),
        "nothing": tell("Nothing is chosen."),
        "chosen": tell("Chosen: {size}×{size}, {what}; row {row}, column {col}"),
    }


def picture(data: Dataset, source: int, frame: int) -> str:
    """A frame for the viewer, kept."""
    with st.spinner(tell("Reading the frame…")):
        return _picture(data, source, frame, data.fingerprint)


@st.cache_data(max_entries=8, show_spinner=False)
def _picture(_data: Dataset, source: int, frame: int, fingerprint: str) -> str:
    return picture_url(_data.luma(source, frame))
