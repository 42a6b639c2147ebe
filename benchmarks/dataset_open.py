"""Time to open a dataset and gather all its 16×16 blocks: python -m benchmarks.dataset_open [--blocks N] [--runs N]

Writes two datasets to a temporary folder, one of separate blocks (a mosaic) and one of 1080p frames whose blocks stand
at four qindexes each, and prints a row a run: seconds to open, and seconds until all pixels are in one array. --json
prints a JSON object a run instead.
"""

import argparse
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from av1core.dataset.blocks import gather_pixels
from av1core.dataset.folder import FRAMES, Dataset, frame_digest
from av1core.dataset.frames import write_frames
from av1core.dataset.imports.mosaic import write_mosaic
from av1core.dataset.imports.parts import Part, write_parts
from av1core.dataset.record import FINAL_TREE, PREPARED_BLOCKS, Source, Split
from av1core.dataset.tables import Blocks
from av1core.partition import LUMA_MAX, MODEL_SIZE, Partition
from benchmarks.dataset_build import frames

HEIGHT, WIDTH = 1080, 1920
NO_SPLIT = Split("none", (), 0.0, 0, "it is a benchmark.")
SOURCE = Source("blocks", f"{FRAMES}/blocks.tif", (), 0, 0, "", "", "", "", "", "", "blocks")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--blocks", type=int, default=450_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if not args.json:
        print(f"{'dataset':<8} {'blocks':>9} {'MB':>5} {'open (s)':>9} {'gather (s)':>11}")
    for name, write in (("mosaic", write_blocks), ("frames", write_frame_grid)):
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder), args.blocks)
            megabytes = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file()) / 1e6
            for _ in range(args.runs):
                started = time.perf_counter()
                dataset = Dataset.open(folder)
                opened = time.perf_counter()
                gather_pixels(dataset, np.arange(len(dataset.blocks)))
                gathered = time.perf_counter()
                facts = {"dataset": name, "blocks": args.blocks, "megabytes": round(megabytes)}
                facts |= {"open_s": round(opened - started, 3), "gather_s": round(gathered - opened, 3)}
                row = "{dataset:<8} {blocks:>9,} {megabytes:>5} {open_s:>9.3f} {gather_s:>11.2f}".format(**facts)
                print(json.dumps(facts) if args.json else row)


def write_blocks(folder: Path, count: int) -> None:
    """A dataset of one mosaic of `count` blocks at four qindexes in turn."""
    (folder / FRAMES).mkdir()
    numbers = np.arange(count)
    part = write_mosaic(
        folder,
        SOURCE,
        natural,
        index=0,
        size=MODEL_SIZE,
        qindex=np.array([80, 128, 172, 220])[numbers % 4],
        partition=numbers % len(Partition),
    )
    write_parts(folder, "benchmark", [part], PREPARED_BLOCKS, NO_SPLIT)


def write_frame_grid(folder: Path, count: int) -> None:
    """A dataset of 1080p frames, every 16×16 block of each a node at four qindexes, `count` nodes in all."""
    (folder / FRAMES).mkdir()
    rows, cols = HEIGHT // MODEL_SIZE, WIDTH // MODEL_SIZE
    frame, qindex, row, col = np.unravel_index(np.arange(count), (-(-count // (4 * rows * cols)), 4, rows, cols))
    digests = []

    def lumas():
        for luma, _ in zip(frames(HEIGHT, WIDTH), range(frame[-1] + 1), strict=False):
            digests.append(frame_digest(luma))
            yield luma

    write_frames(folder / SOURCE.file, lumas())
    blocks = Blocks(
        source=np.zeros(count, np.int16),
        frame=frame.astype(np.int32),
        row=(row * MODEL_SIZE).astype(np.int32),
        col=(col * MODEL_SIZE).astype(np.int32),
        size=np.full(count, MODEL_SIZE, np.int16),
        qindex=np.array([80, 128, 172, 220], np.int16)[qindex],
        partition=(np.arange(count) % len(Partition)).astype(np.int8),
    )
    source = replace(SOURCE, numbers=tuple(range(frame[-1] + 1)), height=HEIGHT, width=WIDTH)
    write_parts(folder, "benchmark", [Part(source, blocks, tuple(digests))], FINAL_TREE, NO_SPLIT)


def natural(rows: np.ndarray) -> np.ndarray:
    """uint16 (n, 16, 16): a slope of random direction and height, and noise that is weak in most blocks."""
    random = np.random.default_rng(int(rows[0]))
    y, x = np.mgrid[:MODEL_SIZE, :MODEL_SIZE]
    level, down, right = (
        random.normal(mean, spread, (len(rows), 1, 1)) for mean, spread in [(480, 200), (0, 6), (0, 6)]
    )
    noise = random.normal(0, 1, (len(rows), MODEL_SIZE, MODEL_SIZE)) * random.gamma(1, 8, (len(rows), 1, 1))
    return np.clip(np.rint(level + down * y + right * x + noise), 0, LUMA_MAX).astype(np.uint16)


if __name__ == "__main__":
    main()
