"""Clips: one way to read luma frames from pictures, raw video and everything that FFmpeg reads."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from av1core.errors import MediaError
from av1core.media.containers import open_container
from av1core.media.photos import PICTURE_SUFFIXES, read_luma
from av1core.media.raw_video import LAYOUT_SYNTAX, RawLayout, open_raw, open_y4m
from av1core.translation import message

__all__ = ["LAYOUT_SYNTAX", "RAW_SUFFIXES", "Clip", "RawLayout", "open_clip"]

RAW_SUFFIXES = (".yuv", ".raw")
"""File names that are taken for raw planar YUV."""


@dataclass(frozen=True)
class Clip:
    """Frames of one size. height, width: pixels. frames: how many there are, counted exactly.

    frames_at: luma of frame numbers that `read` has checked.
    """

    path: Path
    height: int
    width: int
    frames: int
    frames_at: Callable[[Iterable[int]], Iterator[np.ndarray]]

    def read(self, numbers: Iterable[int]) -> Iterator[np.ndarray]:
        """Luma of the frames with these numbers, which ascend strictly from 0 in display order.

        Yields uint16 (H, W), values 0–1023, one at a time. Video of another depth is shifted to 10 bits and keeps
        its range, limited or full, since an encoder would be given those very samples; pictures are stretched
        to the full range. MediaError for numbers outside the clip or out of order, and for a damaged file.
        """
        numbers = tuple(numbers)
        if any(later <= earlier for earlier, later in pairwise(numbers)):
            raise MediaError("Frames are read in ascending order, each once.")
        if numbers and not 0 <= numbers[0] <= numbers[-1] < self.frames:
            wrong = numbers[0] if numbers[0] < 0 else numbers[-1]
            raise MediaError(f"{self.path} has no frame {wrong}; its frames are 0 to {self.frames - 1}.")
        return self.frames_at(numbers)


def open_clip(path: str | os.PathLike, raw: RawLayout | None = None) -> Clip:
    """A picture (one frame), raw planar YUV, Y4M, or any video that FFmpeg reads.

    raw: the layout of a raw file; unless given it is taken from names like UVG's (RawLayout.from_name).
    MediaError, naming the file and what to do, if it cannot be read.
    """
    path = Path(path)
    if not path.is_file():
        raise MediaError(message("There is no clip at {path}.", path=path))
    if not path.stat().st_size:
        raise MediaError(message("{path} is empty; copy it again.", path=path))
    suffix = path.suffix.lower()
    if raw is not None or suffix in RAW_SUFFIXES:
        video = open_raw(path, raw)
    elif suffix == ".y4m":
        video = open_y4m(path)
    elif suffix in PICTURE_SUFFIXES:
        luma = read_luma(path)  # read for its size; kept, a picture being one frame
        return Clip(path, *luma.shape, 1, lambda numbers: (luma for _ in numbers))
    else:
        video = open_container(path)
    return Clip(path, video.height, video.width, video.frames, video.read)
