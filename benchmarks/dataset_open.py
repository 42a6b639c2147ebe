"""Time to open a mosaic dataset and gather all its blocks: python -m benchmarks.dataset_open [--blocks N] [--runs N]

Writes a dataset of 16×16 blocks, as smooth and as noisy as those of photographs, to a temporary folder, then prints a
row a run: seconds to open it, and seconds until all pixels are in one array. --json prints a JSON object a run instead.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np

from av1core.dataset.blocks import gather_pixels
from av1core.dataset.folder import FRAMES, Dataset
from av1core.dataset.imports.mosaic import write_mosaic
from av1core.dataset.imports.parts import write_parts
from av1core.dataset.record import PREPARED_BLOCKS, Source, Split
from av1core.partition import LUMA_MAX, MODEL_SIZE, Partition

SOURCE = Source("blocks", f"{FRAMES}/blocks.tif", (), 0, 0, "", "", "", "", "", "", "blocks")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--blocks", type=int, default=450_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        write(Path(folder), args.blocks)
        written = time.perf_counter() - started
        size = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
        if not args.json:
            print(f"{args.blocks:,} blocks, {size / 1e6:.0f} MB, written in {written:.1f} s")
            print(f"{'run':>3} {'open (s)':>9} {'gather (s)':>11}")
        for run in range(args.runs):
            started = time.perf_counter()
            dataset = Dataset.open(folder)
            opened = time.perf_counter()
            gather_pixels(dataset, np.arange(args.blocks))
            result = {"open_s": opened - started, "gather_s": time.perf_counter() - opened}
            if args.json:
                facts = {"blocks": args.blocks, "megabytes": size / 1e6, "write_s": written, **result}
                print(json.dumps({name: round(value, 3) for name, value in facts.items()}))
            else:
                print(f"{run + 1:>3} {result['open_s']:>9.3f} {result['gather_s']:>11.2f}")


def write(folder: Path, count: int) -> None:
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
    write_parts(folder, "benchmark", [part], PREPARED_BLOCKS, Split("none", (), 0.0, 0, "it is a benchmark."))


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
