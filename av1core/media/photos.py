"""Photographs to luma: what any picture file looks like to the encoder."""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import numpy as np

from av1core.errors import MediaError, said
from av1core.partition import LUMA_MAX
from av1core.translation import message

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

MOST_PIXELS = 142_606_336
"""Of a picture: as many as AV1 has at its highest levels. A small file can declare any number of them."""

_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP", "AVIF", "PPM", "JPEG2000")
"""What Pillow may take a file for, whatever its name: one of the others, PostScript, is a program that it would run."""

_MOST_BYTES = MOST_PIXELS * 4 * 2  # red, green, blue and alpha of 16 bits each
_TIFF_COMPRESSIONS = (1, 5, 8, 32773, 32946, 50000)  # none, LZW, Deflate, PackBits, Zstandard
_STRIP = 64  # rows that are converted at once; their floating point numbers stay in the processor's cache

_SAMPLE_BITS, _ORIENTATION = 258, 274  # TIFF tags, the second in EXIF too
_PNG_DEPTH_AT = 24  # byte of the IHDR chunk, which always comes first

_BT709 = (0.2126, 0.7152, 0.0722)


def read_luma(path: str | os.PathLike) -> np.ndarray:
    """Full-range BT.709 luma of a picture, uint16 (H, W), values 0–1023, rounded to nearest.

    Grey, RGB, palette and CMYK pictures of 8 bits are read, and those of 16 bits in grey, PNG or TIFF; colour
    of more than 8 bits in other formats is read at 8. Transparent pixels are laid over black, since the colour
    under them is arbitrary. The orientation that a camera noted is applied. MediaError, naming the file, if it
    cannot be read or has more than MOST_PIXELS.
    """
    with _naming(path):
        samples = _read(path)
    if samples.dtype not in (np.uint8, np.uint16) or samples.ndim not in (2, 3) or not samples.size:
        raise MediaError(
            message(
                "{path} holds {kind} {shape}; the Lab reads pictures of 8 or 16 bits.",
                path=path, kind=str(samples.dtype), shape=str(samples.shape),
            )
        )  # fmt: skip
    return luma_of_samples(samples)


def picture_size(file: BinaryIO, name: str) -> tuple[int, int]:
    """Height and width in pixels as the file declares them, before any turning; no pixel is decoded.

    MediaError, with the file's `name`, if it is no picture or declares more than MOST_PIXELS.
    """
    from PIL import UnidentifiedImageError

    with _naming(name):
        try:
            with _opened(file) as image:
                return image.height, image.width
        except UnidentifiedImageError:
            if not _is_tiff(name):
                raise
            file.seek(0)
            with _tiff_page(file) as page:
                return page.imagelength, page.imagewidth


def luma_of_samples(samples: np.ndarray, peak: int | None = None) -> np.ndarray:
    """Full-range luma, uint16 (H, W), values 0–1023, by the weights of Recommendation ITU-R BT.709 on coded samples.

    samples: uint8 or uint16, (H, W) or (H, W, channels): grey, grey+alpha, RGB or RGBA. peak: the value of white,
    the largest of the type unless given.
    """
    peak = peak or np.iinfo(samples.dtype).max
    luma = np.empty(samples.shape[:2], np.uint16)
    for top in range(0, len(samples), _STRIP):
        rows = slice(top, top + _STRIP)
        luma[rows] = np.rint(_weighted(samples[rows], peak) * (LUMA_MAX / peak))
    return luma


def _weighted(samples: np.ndarray, peak: int) -> np.ndarray:
    if samples.ndim == 2:
        return samples
    channels = samples.shape[2]
    colours = 1 if channels <= 2 else 3
    weights = np.ones(1) if colours == 1 else np.array(_BT709)
    values = samples[..., :colours] @ weights
    if channels in (2, 4):
        values *= samples[..., -1] / peak
    return values


@contextmanager
def _naming(name: str | os.PathLike) -> Iterator[None]:
    """Whatever goes wrong becomes a MediaError that names the file."""
    from PIL import Image

    try:
        yield
    except FileNotFoundError as error:
        raise MediaError(message("There is no picture at {name}.", name=name)) from error
    except Image.DecompressionBombError as error:
        raise MediaError(
            message("{name} declares more than {most:,} pixels of four samples; crop it.", name=name, most=MOST_PIXELS)
        ) from error
    except Exception as error:  # decoders raise whatever their format leads them to
        raise MediaError(
            message("{name} cannot be read as a picture: {reason}", name=name, reason=said(error))
        ) from error


def _read(path: str | os.PathLike) -> np.ndarray:
    """uint8 or uint16 samples; colour of 16 bits, of which Pillow keeps 8, is read by other packages."""
    from PIL import ImageOps, UnidentifiedImageError

    try:
        with _opened(path) as image:
            if len(image.getbands()) > 1:
                if image.format == "PNG" and _png_bit_depth(path) > 8:
                    return _turned(_read_with_imagecodecs(path), image)
                if image.format == "TIFF" and max(image.tag_v2[_SAMPLE_BITS]) > 8:
                    return _turned(_read_with_tifffile(path), image)
            return np.asarray(_plain(ImageOps.exif_transpose(image)))
    except UnidentifiedImageError:
        if not _is_tiff(path):
            raise
        return _read_with_tifffile(path)


@contextmanager
def _opened(file: str | os.PathLike | BinaryIO):
    from PIL import Image

    with Image.open(file, formats=_FORMATS) as image:
        _require_size(image.height * image.width)
        yield image


def _require_size(pixels: int, size: int = 0) -> None:
    """Refuse, as Pillow does at its own limit, what would take too much memory. size: bytes of all samples."""
    from PIL import Image

    if pixels > MOST_PIXELS or size > _MOST_BYTES:
        raise Image.DecompressionBombError


def _is_tiff(path: str | os.PathLike) -> bool:
    return str(path).lower().endswith((".tif", ".tiff"))


def _turned(samples: np.ndarray, image) -> np.ndarray:
    """The samples in the orientation that Pillow's `image` of the same file notes (EXIF, 1–8)."""
    orientation = image.getexif().get(_ORIENTATION, 1)
    if orientation in (5, 6, 7, 8):
        samples = samples.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        samples = samples[::-1]
    return samples[:, ::-1] if orientation in (2, 3, 6, 7) else samples


def _png_bit_depth(path: str | os.PathLike) -> int:
    with open(path, "rb") as file:
        return file.read(_PNG_DEPTH_AT + 1)[_PNG_DEPTH_AT]


def _read_with_imagecodecs(path: str | os.PathLike) -> np.ndarray:
    from imagecodecs import png_decode

    with open(path, "rb") as file:
        return png_decode(file.read())


def _plain(image):
    """The picture in one of the modes L, LA, RGB, RGBA or 16-bit grey."""
    if image.mode in ("L", "LA", "RGB", "RGBA") or image.mode.startswith("I;16"):
        return image
    if image.mode == "I":  # 16-bit grey in a wider container
        low, high = image.getextrema()
        if low < 0 or high > 65535:
            raise ValueError(message("its samples have more than 16 bits"))
        return np.asarray(image).astype(np.uint16)
    if image.mode == "F":
        raise ValueError(message("its samples are floating point numbers"))
    return image.convert("RGBA" if image.has_transparency_data else "L" if image.mode == "1" else "RGB")


def _read_with_tifffile(path: str | os.PathLike) -> np.ndarray:
    with _tiff_page(path) as page:
        samples = page.asarray()
        planes_first = samples.ndim == 3 and page.axes.startswith("S")
        return np.moveaxis(samples, 0, -1) if planes_first else samples


@contextmanager
def _tiff_page(file: str | os.PathLike | BinaryIO):
    """The first page of a TIFF, if decoding it takes no more memory than the largest picture."""
    import tifffile

    with tifffile.TiffFile(file) as tiff:
        page = tiff.pages[0]
        if page.compression not in _TIFF_COMPRESSIONS:
            # Whole pictures of another format are inside, with sizes of their own.
            raise ValueError(message("save it without compression, or with LZW, Deflate or Zstandard"))
        samples = max(page.size, math.prod(page.chunks))
        _require_size(page.imagelength * page.imagewidth, samples * page.dtype.itemsize)
        yield page
