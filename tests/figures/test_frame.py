import base64
import io

import numpy as np
import pytest
from PIL import Image

from av1core.dataset.explore import frame_nodes
from av1core.dataset.folder import Dataset
from av1core.figures.frame import node_figure, overlay, picture_url
from av1core.partition import Partition

LUMA = np.arange(48 * 64, dtype=np.uint16).reshape(48, 64) % 1024


def test_the_picture_is_the_luma_in_8_bits():
    head, data = picture_url(LUMA).split(",")
    assert head == "data:image/png;base64"
    assert (np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))) == LUMA >> 2).all()


def test_the_overlay_has_all_nodes_and_the_geometry_of_each_type(tiny):
    nodes = frame_nodes(Dataset.open(tiny), 0, 0, 128)
    drawn = overlay(nodes)
    assert drawn["row"] == nodes.row.tolist() and drawn["partition"] == nodes.partition.tolist()
    assert drawn["ends"] == [int(kind != Partition.SPLIT) for kind in nodes.partition]
    for kind, shape in zip(Partition, drawn["types"], strict=True):
        assert shape["name"] == kind.name
        assert sum(height * width for _, _, height, width in shape["parts"]) == 16


@pytest.mark.parametrize(("row", "col"), [(0, 0), (16, 16), (32, 48)])
def test_the_nodes_pixels_lie_at_their_place_in_the_frame(row, col):
    figure = node_figure(LUMA, row, col, 16, Partition.HORZ)
    (heat,) = figure.data
    for y in range(row, row + 16, 5):
        for x in range(col, col + 16, 5):
            assert heat.z[y - heat.y0][x - heat.x0] == LUMA[y, x]
    corners = {(shape.y0, shape.y1, shape.x0, shape.x1) for shape in figure.layout.shapes}
    left, right = col - 0.5, col + 15.5
    assert corners == {(row - 0.5, row + 7.5, left, right), (row + 7.5, row + 15.5, left, right)}
