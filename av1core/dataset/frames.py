"""The frames of one source in one lossless file: TIFF pages of 16-bit samples that hold 10 bits.

Deflate after horizontal differences stores a photograph in about 1.1 bytes a pixel. Pillow alone reads and
writes it, a page at a time, so that a long video never has to fit in memory.
"""

import os
from collections.abc import Iterable, Iterator

import numpy as np
from PIL import Image

from av1core.errors import DatasetError

_PREDICTOR_TAG, _HORIZONTAL_DIFFERENCES = 317, 2

CLASSIC_TIFF_BYTES = 2**31
"""Frames of more bytes than this need BigTIFF: a classic TIFF ends at 4 GiB, and noise does not shrink."""


def write_frames(path: str | os.PathLike, frames: Iterable[np.ndarray], *, big: bool = False) -> None:
    """Write uint16 (H, W) frames, each taken from `frames` only when it is its turn. big: as BigTIFF."""
    pages = _pages(frames)
    settings = {"compression": "tiff_adobe_deflate", "tiffinfo": {_PREDICTOR_TAG: _HORIZONTAL_DIFFERENCES}}
    next(pages).save(path, format="TIFF", save_all=True, append_images=pages, big_tiff=big, **settings)


def read_frame(path: str | os.PathLike, frame: int) -> np.ndarray:
    """Frame number `frame` as uint16 (H, W). DatasetError, naming the file, if it is missing or damaged."""
    try:
        with Image.open(path, formats=["TIFF"]) as image:
            image.seek(frame)
            if image.mode != "I;16":
                raise ValueError(f"it holds {image.mode} samples, not 16-bit grey")
            return np.array(image, dtype=np.uint16)
    except FileNotFoundError as error:
        raise DatasetError(f"The frame file {path} is missing; copy the dataset again or rebuild it.") from error
    except Exception as error:  # a damaged TIFF can raise nearly anything
        raise DatasetError(
            f"Frame {frame} of {path} cannot be read ({error}); copy the dataset again or rebuild it."
        ) from error


def _pages(frames: Iterable[np.ndarray]) -> Iterator[Image.Image]:
    for frame in frames:
        if frame.dtype != np.uint16 or frame.ndim != 2:
            raise ValueError(f"a frame is uint16 (height, width), not {frame.dtype} {frame.shape}")
        yield Image.fromarray(np.ascontiguousarray(frame))
