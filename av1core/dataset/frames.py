"""The frames of one source in one lossless file: TIFF pages of 16-bit samples that hold 10 bits.

Deflate after horizontal differences stores a photograph in about 1.1 bytes a pixel. A page is written and read at a
time, so that a long video never has to fit in memory.
"""

import os
from collections.abc import Iterable

import numpy as np

from av1core.errors import DatasetError, said
from av1core.translation import message

_CLASSIC_TIFF_PIXELS = 2**30  # a classic TIFF ends at 4 GiB, and noise does not shrink


def write_frames(path: str | os.PathLike, frames: Iterable[np.ndarray], *, pixels: int = 0) -> None:
    """Write uint16 (H, W) frames, each taken from `frames` only when it is its turn, and then let go.

    pixels: of all frames together; a file that could grow too large for TIFF becomes a BigTIFF.
    ValueError for a frame of another type or shape.
    """
    # Not Pillow, which first takes all frames into a list.
    from tifffile import TiffWriter

    with TiffWriter(path, bigtiff=pixels > _CLASSIC_TIFF_PIXELS, byteorder="<") as file:
        for frame in frames:
            if frame.dtype != np.uint16 or frame.ndim != 2:
                raise ValueError(f"a frame is uint16 (height, width), not {frame.dtype} {frame.shape}")
            file.write(
                frame, photometric="minisblack", compression="zlib", predictor=True, contiguous=False, metadata=None,
                software=False,
            )  # fmt: skip


def read_frame(path: str | os.PathLike, frame: int) -> np.ndarray:
    """A frame of the file, from 0: uint16 (H, W), 0–1023. DatasetError, naming the file, if missing or damaged."""
    # Not tifffile, whose codecs take a second to import.
    from PIL import Image

    try:
        with Image.open(path, formats=["TIFF"]) as image:
            image.seek(frame)
            if image.mode != "I;16":
                raise ValueError(message("it holds {mode} samples, not 16-bit grey", mode=image.mode))
            return np.array(image, dtype=np.uint16)
    except FileNotFoundError as error:
        raise DatasetError(
            message("The frame file {file} is missing; copy the dataset again or rebuild it.", file=path)
        ) from error
    except Exception as error:  # a damaged TIFF can raise nearly anything
        raise DatasetError(
            message(
                "Frame {number} of {path} cannot be read ({reason}); copy the dataset again or rebuild it.",
                number=frame,
                path=path,
                reason=said(error),
            )
        ) from error
