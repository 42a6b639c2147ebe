"""The frame viewer: a picture and its partition tree on a canvas in the browser, where a click chooses a node."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from av1core.dataset.folder import Dataset
from av1core.figures.frame import picture_url
from pages._ui import charts

_HERE = Path(__file__).parent

_component = st.components.v2.component(
    "frame_viewer",
    html=(_HERE / "frame_viewer.html").read_text(),
    css=(_HERE / "frame_viewer.css").read_text(),
    js="\n".join((_HERE / name).read_text() for name in ("saving.js", "frame_viewer.js")),
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
    on_choose: called with the index of the node that was clicked.
    """
    data = {
        "picture": picture, "nodes": nodes, "width": width, "height": height, "selected": selected, "label": label,
        "name": name, "form": charts.form(),
    }  # fmt: skip
    _component(key=key, data=data, on_node_change=lambda: on_choose(st.session_state[key]["node"]))


def picture(data: Dataset, source: int, frame: int) -> str:
    """A frame for the viewer, kept."""
    return _picture(data, source, frame, data.fingerprint)


@st.cache_data(max_entries=8, show_spinner="Reading the frame…")
def _picture(_data: Dataset, source: int, frame: int, fingerprint: str) -> str:
    return picture_url(_data.luma(source, frame))
