"""Photographs to luma: what any picture file looks like to the encoder."""

import os

import numpy as np

from av1core.errors import MediaError
from av1core.partition import LUMA_MAX

PICTURE_SUFFIXES = (
    ".png",
    ".jpg",
    ".jpeg",
    ".tif",
    ".tiff",
    ".bmp",
    ".webp",
    ".avif",
    ".ppm",
    ".pgm",
    ".jp2",
)
"""File names that are taken for pictures when a folder is searched."""

_SAMPLE_BITS = 258  # TIFF tag

_BT709 = (0.2126, 0.7152, 0.0722)


def read_luma(path: str | os.PathLike) -> np.ndarray:
    """Full-range BT.709 luma of a picture, uint16 (H, W), values 0–1023, rounded to nearest.

    Grey, RGB, palette and CMYK pictures of 8 bits are read, and those of 16 bits in grey or TIFF (Pillow
    gives colour PNGs of 16 bits as 8). Transparent pixels are laid over black, since the colour under them is
    arbitrary. The orientation that a camera noted is applied. MediaError, naming the file, if it cannot be
    read.
    """
    try:
        samples = _read_with_pillow(path)
        if samples is None:
            samples = _read_with_tifffile(path)
    except FileNotFoundError as error:
        raise MediaError(f"There is no picture at {path}.") from error
    except Exception as error:  # decoders raise whatever their format leads them to
        raise MediaError(f"{path} cannot be read as a picture: {error}") from error
    if samples.dtype not in (np.uint8, np.uint16) or samples.ndim not in (2, 3) or not samples.size:
        raise MediaError(f"{path} holds {samples.dtype} {samples.shape}; the Lab reads pictures of 8 or 16 bits.")
    return _luma(samples)


def _luma(samples: np.ndarray) -> np.ndarray:
    """samples: uint8 or uint16, (H, W) or (H, W, channels) with 1 to 4 of grey, grey+alpha, RGB, RGBA."""
    scale = LUMA_MAX / np.iinfo(samples.dtype).max
    if samples.ndim == 2:
        return np.rint(samples * scale).astype(np.uint16)
    channels = samples.shape[2]
    colours = 1 if channels <= 2 else 3
    weights = np.ones(1) if colours == 1 else np.array(_BT709)
    values = samples[..., :colours] @ weights
    if channels in (2, 4):
        values *= samples[..., -1] / np.iinfo(samples.dtype).max
    return np.rint(values * scale).astype(np.uint16)


def _read_with_pillow(path: str | os.PathLike) -> np.ndarray | None:
    """uint8 or uint16 samples, or None for colour TIFF of 16 bits, of which Pillow keeps 8."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            is_colour_tiff = image.format == "TIFF" and len(image.getbands()) > 1
            if is_colour_tiff and max(image.tag_v2[_SAMPLE_BITS]) > 8:
                return None
            return np.asarray(_plain(ImageOps.exif_transpose(image)))
    except UnidentifiedImageError:
        if str(path).lower().endswith((".tif", ".tiff")):
            return None
        raise


def _plain(image):
    """The picture in one of the modes L, LA, RGB, RGBA or 16-bit grey."""
    if image.mode in ("L", "LA", "RGB", "RGBA") or image.mode.startswith("I;16"):
        return image
    if image.mode == "I":  # 16-bit grey in a wider container
        low, high = image.getextrema()
        if low < 0 or high > 65535:
            raise ValueError("its samples have more than 16 bits")
        return np.asarray(image).astype(np.uint16)
    if image.mode == "F":
        raise ValueError("its samples are floating point numbers")
    return image.convert("RGBA" if image.has_transparency_data else "L" if image.mode == "1" else "RGB")


def _read_with_tifffile(path: str | os.PathLike) -> np.ndarray:
    import tifffile

    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        samples = page.asarray()
        planes_first = samples.ndim == 3 and page.axes.startswith("S")
        return np.moveaxis(samples, 0, -1) if planes_first else samples
