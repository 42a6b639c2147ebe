"""Time and memory of building a dataset from a clip: python -m benchmarks.dataset_build [--frames N] [--size WxH]

Writes a Y4M clip put together from the shipped photographs, which drift from frame to frame, builds a dataset from it
in a process of its own as the command line does, and prints the time, the largest memory of that process, and what
share of encoding it takes to read the labels back. --json prints a JSON object instead.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from av1core.dataset.folder import Dataset
from av1core.media import libaom

ROOT = Path(__file__).parents[1]
SHARE_FRAMES = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--qindex", type=int, default=128)
    parser.add_argument("--cpu-used", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    width, height = map(int, args.size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.y4m"
        write_clip(clip, args.frames, height, width)
        command = [sys.executable, "-m", "av1core", "dataset", "build", clip, "--out", Path(folder) / "built"]
        command += ["--qindex", args.qindex, "--cpu-used", args.cpu_used, "--json"]
        started = time.perf_counter()
        done = subprocess.run(list(map(str, command)), cwd=ROOT, check=True, stdout=subprocess.PIPE)
        seconds = time.perf_counter() - started
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    facts = {
        "frames": args.frames,
        "size": args.size,
        "cores": os.cpu_count(),
        "nodes": json.loads(done.stdout)["blocks"],
        "seconds": round(seconds, 1),
        "peak_memory_gb": round(memory / 1e9, 3),
        "label_share": round(label_share(height, width, args.qindex, args.cpu_used), 4),
    }
    if args.json:
        print(json.dumps(facts))
        return
    print(
        "{frames} frames of {size} on {cores} cores".format(**facts), f"qindex {args.qindex}, cpu-used {args.cpu_used}"
    )
    print("built in {seconds} s: {nodes:,} tree nodes, at most {peak_memory_gb} GB of memory".format(**facts))
    print(f"reading the labels takes {facts['label_share']:.2%} of the time of encoding")


def label_share(height: int, width: int, qindex: int, cpu_used: int) -> float:
    """Seconds of reading labels by seconds of encoding, over a few frames, one thread."""
    encoding = reading = 0.0
    for luma, _ in zip(frames(height, width), range(SHARE_FRAMES), strict=False):
        started = time.perf_counter()
        stream = libaom.encode_intra(luma, cq_level=libaom.cq_level_for(qindex), cpu_used=cpu_used)
        encoded = time.perf_counter()
        libaom.read_mode_info(stream)
        encoding, reading = encoding + encoded - started, reading + time.perf_counter() - encoded
    return reading / encoding


def write_clip(path: Path, count: int, height: int, width: int) -> None:
    """A 10-bit 4:2:0 Y4M clip of `count` frames with grey chroma."""
    chroma = np.full(2 * (-(-height // 2)) * (-(-width // 2)), 512, "<u2").tobytes()
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F25:1 Ip C420p10\n".encode())
        for luma, _ in zip(frames(height, width), range(count), strict=False):
            file.write(b"FRAME\n" + luma.astype("<u2").tobytes() + chroma)


def frames(height: int, width: int):
    """Endless frames, uint16 (height, width): the photographs as tiles, each drifting by a pixel or two a frame."""
    dataset = Dataset.open(ROOT / "data" / "photos")
    pictures = [dataset.luma(index) for index in range(len(dataset.sources))]
    tile = 256
    number = 0
    while True:
        luma = np.empty((height, width), np.uint16)
        for place, (row, col) in enumerate(
            (row, col) for row in range(0, height, tile) for col in range(0, width, tile)
        ):
            picture = pictures[place % len(pictures)]
            window = luma[row : row + tile, col : col + tile]
            rows = np.arange(window.shape[0]) + number * (1 + place % 2)
            cols = np.arange(window.shape[1]) + number
            window[:] = picture[rows[:, None] % picture.shape[0], cols % picture.shape[1]]
        yield luma
        number += 1


if __name__ == "__main__":
    main()
