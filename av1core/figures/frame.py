"""A frame with its partition tree, as the frame viewer draws it, and the figure of one node in its surroundings."""

import base64
import io
from typing import Any

import numpy as np
import plotly.graph_objects as go

from av1core.dataset.explore import FrameNodes
from av1core.figures.mix import TYPE_COLOURS
from av1core.partition import LUMA_MAX, Partition, sub_blocks


def picture_url(luma: np.ndarray) -> str:
    """Luma, uint16 (H, W) in 0–1023, as a data URL of an 8-bit PNG for the screen."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray((luma >> 2).astype(np.uint8)).save(buffer, "PNG", compress_level=1)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def overlay(nodes: FrameNodes) -> dict[str, Any]:
    """The nodes as plain lists by column, and how each partition type looks.

    types: a list by type number of name, colour and parts, the sub-blocks as [row, col, height, width] in quarters of
    the node's side.
    """
    types = [
        {"name": kind.name, "colour": TYPE_COLOURS[kind.name], "parts": [list(part) for part in sub_blocks(kind, 4)]}
        for kind in Partition
    ]
    columns = ("row", "col", "size", "partition")
    return {"types": types, "ends": nodes.ends().astype(int).tolist()} | {
        name: getattr(nodes, name).tolist() for name in columns
    }


def node_figure(luma: np.ndarray, row: int, col: int, size: int, partition: Partition) -> go.Figure:
    """The pixels of a node and of half its side around it, with values on hover and its partition drawn.

    luma: the whole frame, uint16 (H, W). row, col, size: pixels.
    """
    margin = size // 2
    top, left = max(row - margin, 0), max(col - margin, 0)
    window = luma[top : row + size + margin, left : col + size + margin]
    figure = go.Figure(
        go.Heatmap(
            z=window, x0=left, y0=top, dx=1, dy=1, colorscale="gray", zmin=0, zmax=LUMA_MAX, showscale=False,
            hovertemplate="row %{y}, col %{x}: luma %{z}<extra></extra>",
        )
    )  # fmt: skip
    for part_row, part_col, height, width in sub_blocks(partition, size):
        figure.add_shape(
            type="rect", x0=col + part_col - 0.5, x1=col + part_col + width - 0.5,
            y0=row + part_row - 0.5, y1=row + part_row + height - 0.5,
            line={"color": TYPE_COLOURS[partition.name], "width": 3},
        )  # fmt: skip
    figure.update_xaxes(visible=False, constrain="domain", range=[left - 0.5, left + window.shape[1] - 0.5])
    figure.update_yaxes(
        visible=False, constrain="domain", scaleanchor="x", range=[top + window.shape[0] - 0.5, top - 0.5]
    )
    return figure.update_layout(height=300, margin={"l": 0, "r": 0, "t": 0, "b": 0})
