"""Figures of single blocks: pixels, the partition drawn over them, and attribution maps."""

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from av1core.figures.theme import literal
from av1core.partition import LUMA_MAX, Partition, sub_blocks


def attribution_figure(pixels: np.ndarray, attribution: np.ndarray, partition: Partition, title: str) -> go.Figure:
    """Three panels on the block's pixel grid: luma with the true partition, the map, and the map over the luma.

    pixels: uint16 (S, S) 10-bit luma. attribution: float (h, w) of the layer's own resolution, shown without smoothing
    on a scale symmetric about zero. partition: the encoder's decision for this block.
    """
    size = len(pixels)
    figure = make_subplots(
        rows=1, cols=3, horizontal_spacing=0.04, subplot_titles=("Block and its partition", "Attribution", "Overlay")
    )
    limit = float(np.abs(attribution).max()) or 1.0
    cell = size / attribution.shape[0], size / attribution.shape[1]
    rows = (np.arange(attribution.shape[0]) + 0.5) * cell[0] - 0.5
    cols = (np.arange(attribution.shape[1]) + 0.5) * cell[1] - 0.5
    signed = {
        "z": attribution, "x": cols, "y": rows, "colorscale": "RdBu_r", "zmin": -limit, "zmax": limit,
        "hovertemplate": "attribution %{z:.3g}<extra></extra>",
    }  # fmt: skip
    figure.add_trace(_luma(pixels), row=1, col=1)
    figure.add_trace(go.Heatmap(**signed, colorbar={"title": "for / against", "thickness": 12}), row=1, col=2)
    figure.add_trace(_luma(pixels), row=1, col=3)
    figure.add_trace(go.Heatmap(**signed, opacity=0.5, showscale=False), row=1, col=3)
    for col in (1, 2, 3):
        _draw_partition(figure, partition, size, col)
        figure.update_xaxes(range=[-0.5, size - 0.5], visible=False, constrain="domain", row=1, col=col)
        figure.update_yaxes(
            range=[size - 0.5, -0.5], visible=False, scaleanchor=f"x{col}", constrain="domain", row=1, col=col
        )
    return figure.update_layout(title=literal(title), height=380, margin={"l": 10, "r": 10, "t": 80, "b": 10})


def _luma(pixels: np.ndarray) -> go.Heatmap:
    return go.Heatmap(
        z=pixels, colorscale="gray", zmin=0, zmax=LUMA_MAX, showscale=False,
        hovertemplate="row %{y}, col %{x}: luma %{z}<extra></extra>",
    )  # fmt: skip


def _draw_partition(figure: go.Figure, partition: Partition, size: int, col: int) -> None:
    for row, left, height, width in sub_blocks(partition, size):
        figure.add_shape(
            type="rect", x0=left - 0.5, x1=left + width - 0.5, y0=row - 0.5, y1=row + height - 0.5,
            line={"color": "#E69F00", "width": 2}, row=1, col=col,
        )  # fmt: skip
