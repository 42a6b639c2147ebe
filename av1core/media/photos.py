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

_SAMPLE_BITS, _ORIENTATION = 258, 274  # TIFF tags, the second in EXIF too
_PNG_DEPTH_AT = 24  # byte of the IHDR chunk, which always comes first

_BT709 = (0.2126, 0.7152, 0.0722)


def read_luma(path: str | os.PathLike) -> np.ndarray:
    """Full-range BT.709 luma of a picture, uint16 (H, W), values 0–1023, rounded to nearest.

    Grey, RGB, palette and CMYK pictures of 8 bits are read, and those of 16 bits in grey, PNG or TIFF; colour
    of more than 8 bits in other formats is read at 8. Transparent pixels are laid over black, since the colour
    under them is arbitrary. The orientation that a camera noted is applied. MediaError, naming the file, if it
    cannot be read.
    """
    try:
        samples = _read(path)
    except FileNotFoundError as error:
        raise MediaError(f"There is no picture at {path}.") from error
    except Exception as error:  # decoders raise whatever their format leads them to
        raise MediaError(f"{path} cannot be read as a picture: {error}") from error
    if samples.dtype not in (np.uint8, np.uint16) or samples.ndim not in (2, 3) or not samples.size:
        raise MediaError(f"{path} holds {samples.dtype} {samples.shape}; the Lab reads pictures of 8 or 16 bits.")
    return luma_of_samples(samples)


def luma_of_samples(samples: np.ndarray, peak: int | None = None) -> np.ndarray:
    """Full-range BT.709 luma, uint16 (H, W), values 0–1023.

    samples: uint8 or uint16, (H, W) or (H, W, channels): grey, grey+alpha, RGB or RGBA. peak: the value of white,
    the largest of the type unless given.
    """
    peak = peak or np.iinfo(samples.dtype).max
    scale = LUMA_MAX / peak
    if samples.ndim == 2:
        return np.rint(samples * scale).astype(np.uint16)
    channels = samples.shape[2]
    colours = 1 if channels <= 2 else 3
    weights = np.ones(1) if colours == 1 else np.array(_BT709)
    values = samples[..., :colours] @ weights
    if channels in (2, 4):
        values *= samples[..., -1] / peak
    return np.rint(values * scale).astype(np.uint16)


def _read(path: str | os.PathLike) -> np.ndarray:
    """uint8 or uint16 samples; colour of 16 bits, of which Pillow keeps 8, is read by other packages."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            if len(image.getbands()) > 1:
                if image.format == "PNG" and _png_bit_depth(path) > 8:
                    return _turned(_read_with_imagecodecs(path), image)
                if image.format == "TIFF" and max(image.tag_v2[_SAMPLE_BITS]) > 8:
                    return _turned(_read_with_tifffile(path), image)
            return np.asarray(_plain(ImageOps.exif_transpose(image)))
    except UnidentifiedImageError:
        if str(path).lower().endswith((".tif", ".tiff")):
            return _read_with_tifffile(path)
        raise


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
