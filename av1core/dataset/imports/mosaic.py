"""Blocks without their frames, laid side by side on the pages of one frame file."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import isqrt
from pathlib import Path

import numpy as np

from av1core.dataset.folder import frame_digest
from av1core.dataset.frames import write_frames
from av1core.dataset.imports.parts import Part, Progress
from av1core.dataset.record import Source
from av1core.dataset.tables import Blocks
from av1core.errors import DatasetError

PAGE_SIDE = 2048
"""Largest side of a page in pixels. A reader walks past all pages before the one it wants, so few large ones are read
faster than many small ones; one of this size takes 8 MB."""


def write_mosaic(
    folder: Path,
    source: Source,
    read: Callable[[np.ndarray], np.ndarray],
    *,
    index: int,
    size: int,
    qindex: np.ndarray,
    partition: np.ndarray,
    progress: Progress | None = None,
) -> Part:
    """Write N blocks of size×size pixels as the frame file of a source, `index` in its dataset.

    read: gives uint16 (n, size, size) for n block numbers, int64 (n,), 0 to N - 1; it is asked for one page at a time.
    qindex, partition: integers (N,). Blocks keep their order among those of one qindex, and equal blocks stay. The
    source's numbers, height and width are set here. DatasetError if there are no blocks.
    """
    count = len(qindex)
    if not count:
        raise DatasetError(f"{source.origin} holds no blocks, so there is nothing to import.")
    columns = min(PAGE_SIDE // size, isqrt(count - 1) + 1)
    rows = min(PAGE_SIDE // size, -(-count // columns))
    height, width = rows * size, columns * size
    page_count = -(-count // (rows * columns))
    # A table is ordered by qindex before row and column, so tiles are laid out by qindex as well.
    order = np.argsort(qindex, kind="stable")
    digests: list[bytes] = []

    def pages() -> Iterator[np.ndarray]:
        for start in range(0, count, rows * columns):
            wanted = order[start : start + rows * columns]
            tiles = np.zeros((rows * columns, size, size), np.uint16)
            tiles[: len(wanted)] = read(wanted)
            page = tiles.reshape(rows, columns, size, size).swapaxes(1, 2).reshape(height, width)
            digests.append(frame_digest(page))
            yield page
            if progress:
                progress(start + len(wanted), count)

    write_frames(folder / source.file, pages(), pixels=page_count * height * width)
    frame, row, col = np.unravel_index(np.arange(count), (page_count, rows, columns))
    blocks = Blocks(
        source=np.full(count, index, np.int16),
        frame=frame.astype(np.int32),
        row=(row * size).astype(np.int32),
        col=(col * size).astype(np.int32),
        size=np.full(count, size, np.int16),
        qindex=np.asarray(qindex, np.int16)[order],
        partition=np.asarray(partition, np.int8)[order],
    )
    record = replace(source, numbers=tuple(range(page_count)), height=height, width=width, mosaic=True)
    return Part(record, blocks, tuple(digests))
