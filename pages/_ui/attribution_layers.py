"""Which layer's maps the Attribution page shows, and why some layers have none."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

from av1core.translation import message
from pages._ui.links import linked_one
from pages._ui.words import tell, words

if TYPE_CHECKING:
    from av1core.analysis.maps.subject import Subject

_FLAT = message("Greyed out: the map is 1×1 for these blocks, a single number without a position.")
_LACKING = message("Greyed out: only one of the two runs has it.")


def layer_choice(subjects: "Mapping[str, Subject]") -> str:
    """A layer that has a map in every one of the runs; `greyed_layers` tells of the others."""
    every = [{layer.name: layer for layer in each.layers} for each in subjects.values()]
    spatial = [name for name in every[0] if all(name in layers and layers[name].spatial for layers in every)]
    sizes = {
        name: words().listed(dict.fromkeys(f"{of[name].height}×{of[name].width}" for of in every)) for name in spatial
    }
    return linked_one(
        "layer", tell("Layer"), spatial, spatial[0], lambda name: f"{name} ({sizes[name]})",
        help=tell("A layer of the Stage-1 backbone, with the size of its map."),
    )  # fmt: skip


def greyed_layers(subjects: "Mapping[str, Subject]") -> None:
    """The layers that `layer_choice` does not offer, greyed out, with the reason."""
    every = [{layer.name: layer.spatial for layer in each.layers} for each in subjects.values()]
    names = list(dict.fromkeys(name for layers in every for name in layers))
    flat = [name for name in names if not all(layers.get(name, True) for layers in every)]
    lacking = [name for name in names if name not in flat and not all(name in layers for layers in every)]
    for greyed, reason in ((flat, _FLAT), (lacking, _LACKING)):
        if greyed:
            st.markdown(" ".join(f":gray-badge[{name}]" for name in greyed))
            st.caption(tell(reason))
