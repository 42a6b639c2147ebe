from dataclasses import replace

import numpy as np
import pytest

from av1core.dataset.blocks import gather_pixels
from av1core.dataset.folder import FRAMES, Dataset, frame_digest, new_folder
from av1core.dataset.frames import read_frame
from av1core.dataset.imports import mosaic
from av1core.dataset.imports.mosaic import write_mosaic
from av1core.dataset.imports.parts import write_parts
from av1core.dataset.record import PREPARED_BLOCKS, Source, Split
from av1core.errors import DatasetError

SOURCE = Source("tiles", "tiles.tif", (), 0, 0, "", "", "", "", "tiles.bin", "", "tiles")


def tiles(count: int, size: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 1024, (count, size, size), np.uint16)


def written(folder, pixels, qindex, **more):
    columns = {"index": 0, "size": pixels.shape[1], "qindex": qindex, "partition": np.arange(len(pixels)) % 10}
    return write_mosaic(folder, SOURCE, lambda rows: pixels[rows], **columns, **more)


@pytest.mark.parametrize(("count", "size"), [(1, 8), (2, 16), (5, 64), (37, 32), (100, 16)])
def test_every_block_lies_where_its_row_says(tmp_path, monkeypatch, count, size):
    monkeypatch.setattr(mosaic, "PAGE_SIDE", 128)
    pixels = tiles(count, size)
    part = written(tmp_path, pixels, np.arange(count) * 7 % 3)
    order = np.argsort(np.arange(count) * 7 % 3, kind="stable")
    pages = [read_frame(tmp_path / "tiles.tif", page) for page in part.source.numbers]
    assert {page.shape for page in pages} == {(part.source.height, part.source.width)}
    assert part.digests == tuple(frame_digest(page) for page in pages)
    blocks = part.blocks
    for index, number in enumerate(order):
        row, col = blocks.row[index], blocks.col[index]
        assert (pages[blocks.frame[index]][row : row + size, col : col + size] == pixels[number]).all()
        assert blocks.partition[index] == number % 10
    keys = (blocks.col, blocks.row, blocks.size, blocks.qindex, blocks.frame)
    assert (np.lexsort(keys) == np.arange(count)).all()
    assert sum(page.size for page in pages) - pixels.size < pages[0].size + pages[0].shape[1] * size


def test_equal_blocks_stay(tmp_path):
    part = written(tmp_path, np.repeat(tiles(1, 16), 6, axis=0), np.full(6, 80))
    assert len(part.blocks) == 6


def test_one_page_of_blocks_is_asked_for_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(mosaic, "PAGE_SIDE", 64)
    pixels, asked, done = tiles(40, 16), [], []

    def read(rows):
        asked.append(len(rows))
        return pixels[rows]

    columns = {"index": 0, "size": 16, "qindex": np.full(40, 80), "partition": np.zeros(40)}
    write_mosaic(tmp_path, SOURCE, read, **columns, progress=lambda *progress: done.append(progress))
    assert asked == [16, 16, 8]
    assert done == [(16, 40), (32, 40), (40, 40)]


def test_no_blocks_are_an_error(tmp_path):
    with pytest.raises(DatasetError, match=r"tiles\.bin holds no blocks"):
        written(tmp_path, tiles(0, 16), np.zeros(0, int))


def test_mosaics_of_several_sources_make_a_dataset(tmp_path):
    both = [tiles(9, 16), tiles(4, 16)]
    with new_folder(tmp_path / "out") as folder:
        (folder / FRAMES).mkdir()
        parts = [
            write_mosaic(
                folder,
                replace(SOURCE, name=f"s{index}", file=f"{FRAMES}/s{index}.tif"),
                pixels.__getitem__,
                index=index,
                size=16,
                qindex=np.full(len(pixels), 80),
                partition=np.zeros(len(pixels)),
            )
            for index, pixels in enumerate(both)
        ]
        write_parts(folder, "two", parts, PREPARED_BLOCKS, Split("none", (), 0.0, 0, "no reason"))
    dataset = Dataset.open(tmp_path / "out")
    assert (gather_pixels(dataset, np.arange(13)) == np.concatenate(both)).all()
    assert all(source.mosaic for source in dataset.sources)
