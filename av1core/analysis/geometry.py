"""A backbone's geometry as a table, and what it means in words."""

from collections.abc import Sequence

import pandas as pd

from av1core.models.geometry import LayerGeometry
from av1core.translation import Message, message


def geometry_table(parts: Sequence[LayerGeometry]) -> pd.DataFrame:
    """One row a part: part, map ("H×W"), weights, live_weights, live_share in %."""
    rows = [
        {
            "part": entry.layer,
            "map": f"{entry.height}×{entry.width}",
            "weights": entry.weights,
            "live_weights": entry.live_weights,
            "live_share": 100 * entry.live_weights / entry.weights,
        }
        for entry in parts
    ]
    return pd.DataFrame(rows)


def geometry_note(parts: Sequence[LayerGeometry], block_size: int) -> list[Message]:
    """What the geometry for blocks of block_size × block_size means, in plain sentences."""
    flat = [entry.layer for entry in parts if not entry.spatial]
    if flat:
        said = [
            message(
                "For {size}×{size} blocks the maps of {layers} are 1×1: of a 3×3 kernel on them one tap in nine meets "
                "data, and spatial attention has no places to tell apart.",
                size=block_size,
                layers=", ".join(flat),
            )
        ]
    else:
        said = [
            message(
                "For {size}×{size} blocks every map has more than one position: 3×3 kernels and spatial attention have "
                "something to look at.",
                size=block_size,
            )
        ]
    dead = 1 - sum(entry.live_weights for entry in parts) / sum(entry.weights for entry in parts)
    if dead:
        said.append(
            message(
                "{share:.0f} % of all weights only ever meet padding: they add nothing and never learn.",
                share=100 * dead,
            )
        )
    if flat and parts[0].height < block_size:
        said.append(message("With the stem 'keep' maps are four times as wide and high, and training takes longer."))
    return said
