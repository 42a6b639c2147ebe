"""Files that mean harm: small ones that declare huge pictures, and what is no picture under the name of one."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

HUGE = 60_000
"""Pixels of a side: 3.6 billion in all, from a file of some hundred bytes."""


def _png(height: int, width: int, depth: int, colour: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(64))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def _tiff(height: int, width: int, bits: int = 8, samples: int = 1, kind: int = 1, tile: int = 0) -> bytes:
    """Grey of `samples` samples of `bits` bits in one strip, or in tiles. kind: 1 whole numbers, 3 floating point."""
    short, long = 3, 4
    tags = {
        256: (long, width), 257: (long, height), 258: (short, bits), 259: (short, 8), 262: (short, 1),
        277: (short, samples), 339: (short, kind),
    }  # fmt: skip
    if tile:
        tags |= {322: (long, tile), 323: (long, tile), 324: (long, 8), 325: (long, 64)}
    else:
        tags |= {273: (long, 8), 278: (long, height), 279: (long, 64)}
    entries = b"".join(struct.pack("<HHII", tag, form, 1, value) for tag, (form, value) in sorted(tags.items()))
    directory = struct.pack("<H", len(tags)) + entries + bytes(4)
    return b"II*\0" + struct.pack("<I", 8 + 64) + zlib.compress(bytes(64)).ljust(64, b"\0") + directory


BOMBS: dict[str, bytes] = {
    "grey.png": _png(HUGE, HUGE, 8, 0),
    "deep.png": _png(HUGE, HUGE, 16, 2),
    "widest.png": _png(2**31 - 1, 2**31 - 1, 1, 0),
    "grey.tif": _tiff(HUGE, HUGE),
    "deep.tif": _tiff(HUGE, HUGE, bits=16),
    "double.tif": _tiff(HUGE, HUGE, bits=64, kind=3),
    "samples.tif": _tiff(4000, 4000, bits=16, samples=HUGE),
    "odd.tif": _tiff(HUGE, HUGE, bits=7, samples=5),
    "tiles.tif": _tiff(64, 64, bits=7, samples=5, tile=65520),
    "grey.pgm": b"P5 60000 60000 255\n",
    "grey.bmp": b"BM" + struct.pack("<IHHIIiiHHIIiiII", 118, 0, 0, 54, 40, HUGE, HUGE, 1, 8, *[0] * 6) + bytes(64),
}
"""By file name: each declares far more than any machine should decode."""

SCRIPT = b"<script>alert(1)</script>"

NO_PICTURES: dict[str, bytes] = {
    "empty.png": b"",
    "text.png": b"no picture",
    "svg.png": b'<svg xmlns="http://www.w3.org/2000/svg">' + SCRIPT + b"</svg>",
    "html.jpg": b"<!doctype html><html>" + SCRIPT + b"</html>",
    "postscript.png": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n(%pipe%id) run\nshowpage\n",
    "program.tif": b"\x7fELF" + bytes(200),
    "zip.webp": b"PK\x03\x04" + bytes(200),
}
"""By file name: each calls itself a picture and is something else."""


def polyglot() -> bytes:
    """A real picture of 64×96 pixels that a browser could also read as a page with a script."""
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 96), np.uint8)).save(buffer, "PNG")
    return buffer.getvalue() + b"<html>" + SCRIPT + b"</html>"
