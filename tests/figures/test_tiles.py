import base64
import io

import numpy as np
import pytest
from PIL import Image
from plotly.colors import sample_colorscale, unlabel_rgb

from av1core.analysis.maps.gallery import Gallery
from av1core.analysis.predictions import Predictions
from av1core.dataset.blocks import chosen_blocks
from av1core.figures.tiles import map_urls, scale_of, tiles
from av1core.partition import STAGES
from tests.synthetic import make_dataset

AB = STAGES["stage3_ab"]


def picture(url: str) -> np.ndarray:
    kind, data = url.split(",")
    assert kind == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))).astype(int)


def colour(name: str, share: float) -> list[int]:
    return [round(part) for part in unlabel_rgb(sample_colorscale(name, [share])[0])]


def test_a_signed_scale_is_symmetric_and_the_same_for_all_maps():
    maps = [np.array([[[0.0, -2.0]]]), np.array([[[1.0]], [[0.5]]])]
    scale = scale_of(maps, signed=True, unit="logits")
    assert scale.low == -scale.high and scale.unit == "logits"
    assert scale.high == pytest.approx(np.percentile([0, 2, 1, 0.5], 99)) and scale.beyond
    (first,) = map_urls(maps[0], scale)
    zero, below = picture(first)[0]
    assert np.abs(zero - colour("RdBu_r", 0.5)).max() <= 2
    assert below.tolist() == colour("RdBu_r", 0), "beyond the end, in the colour of the end"
    one, half = (picture(url)[0, 0] for url in map_urls(maps[1], scale))
    assert np.abs(one - colour("RdBu_r", 0.5 + 0.5 / scale.high)).max() <= 2
    assert np.abs(half - colour("RdBu_r", 0.5 + 0.25 / scale.high)).max() <= 2
    assert scale.ends == ("≤ −2", "≥ 2")


def test_an_unsigned_scale_starts_at_zero():
    scale = scale_of([np.full((1, 2, 2), 3.0)], signed=False, unit="slope")
    assert (scale.low, scale.high, scale.beyond, scale.ends) == (0, 3, False, ("0", "3"))
    (url,) = map_urls(np.array([[[0, 3.0]]]), scale)
    assert picture(url)[0].tolist() == [colour("Viridis", 0), colour("Viridis", 1)]


@pytest.mark.parametrize("signed", [True, False])
def test_the_legend_has_the_colours_of_the_maps(signed):
    scale = scale_of([np.ones((1, 1, 1))], signed, "")
    (url,) = map_urls(np.linspace(scale.low, scale.high, 16).reshape(1, 1, 16), scale)
    assert scale.colours == ["#{:02x}{:02x}{:02x}".format(*cell) for cell in picture(url)[0]]


def test_maps_without_values_and_without_numbers_are_drawn_too():
    assert scale_of([np.zeros((2, 4, 4))], True, "").ends == ("−1", "1")
    assert scale_of([np.zeros((0, 4, 4))], True, "").high == 1
    rare = np.zeros((1, 20, 20))
    rare[0, 0, 0] = 5
    assert scale_of([rare], True, "").high == 5, "99 % of the values are zero"
    broken = np.array([[[np.nan, np.inf, 1.0]]])
    scale = scale_of([broken], True, "")
    assert scale.high == 1
    (url,) = map_urls(broken, scale)
    assert picture(url)[0].tolist() == [[136] * 3, [136] * 3, colour("RdBu_r", 1)]


def test_a_tile_shows_a_block_and_says_what_each_run_decides(tmp_path):
    data = make_dataset(tmp_path / "tiny", sources=2, qindexes=(80, 172))
    labels = AB.labels(data.blocks.partition)
    rows = np.flatnonzero(labels >= 0)[[5, 2]]
    blocks = chosen_blocks(data, AB, rows)
    sure = np.full((2, 4), 0.1, np.float32)
    sure[:, 1] = 0.7
    runs = tuple(Predictions(AB, rows, blocks.labels, each) for each in (sure, np.roll(sure, 1, axis=1)))
    maps = np.zeros((2, 4, 4), np.float32), np.ones((2, 8, 8), np.float32)
    scale = scale_of(maps, True, "logits")
    found = tiles(Gallery(blocks, blocks.labels, runs, maps), data, ["First", "Second & <b>"], scale)
    assert [len(tile.pictures) for tile in found] == [3, 3]
    for tile, row, pixels, label in zip(found, rows, blocks.pixels, blocks.labels, strict=True):
        assert np.array_equal(picture(tile.pictures[0]), pixels >> 2)
        assert [picture(url).shape for url in tile.pictures[1:]] == [(4, 4, 3), (8, 8, 3)]
        assert sum(height * width for _, _, height, width in tile.parts) == 256 and len(tile.parts) == 3
        true = AB.classes[label]
        assert tile.decisions == [
            (f"{true} → HORZ_B", "70 %", true == "HORZ_B"), (f"{true} → VERT_A", "70 %", true == "VERT_A"),
        ]  # fmt: skip
        place = data.blocks
        assert tile.foot == f"qindex {place.qindex[row]}"
        assert f"Second & <b>: VERT_A, {'right' if true == 'VERT_A' else 'wrong'}, 70 %" in tile.label
        assert f"row {place.row[row]}, col {place.col[row]}" in tile.label and f"true {true}" in tile.label
    assert {right for tile in found for *_, right in tile.decisions} == {True, False}
