"""Video without compression: raw planar YUV files, whose layout the user must know, and Y4M, which says it itself.

Frames lie at fixed places, so that only the luma of the chosen ones is read.
"""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from av1core.errors import MediaError
from av1core.media.depth import to_ten_bits
from av1core.translation import message

LAYOUT_SYNTAX = message('WIDTHxHEIGHT:BITS[:CHROMA], such as "3840x2160:10" or "1920x1080:8:422"')

Chroma = Literal["420", "422", "444", "400"]
_CHROMA_SHIFTS = {"420": (1, 1), "422": (1, 0), "444": (0, 0)}  # (horizontal, vertical)

_Y4M_MAGIC, _Y4M_FRAME = b"YUV4MPEG2 ", b"FRAME\n"
_HEADER_LIMIT = 4096


@dataclass(frozen=True)
class RawLayout:
    """How the frames of a raw planar YUV file lie: luma, then two chroma planes (none for "400").

    width, height: pixels. bit_depth: 8 to 16; beyond 8 a sample is a little-endian uint16, its value in the
    low bits. MediaError if a value is impossible.
    """

    width: int
    height: int
    bit_depth: int
    chroma: Chroma = "420"

    def __post_init__(self) -> None:
        if not (1 <= self.width <= 65536 and 1 <= self.height <= 65536):
            raise MediaError(
                message(
                    "A raw video cannot have frames of {width}×{height} pixels.", width=self.width, height=self.height
                )
            )
        if not 8 <= self.bit_depth <= 16:
            raise MediaError(message("A raw video has 8 to 16 bits a sample, not {bits}.", bits=self.bit_depth))
        if self.chroma != "400" and self.chroma not in _CHROMA_SHIFTS:
            raise MediaError(
                message('The chroma of a raw video is 420, 422, 444 or 400, not "{chroma}".', chroma=self.chroma)
            )

    @classmethod
    def parse(cls, text: str) -> "RawLayout":
        """The layout that a text such as "3840x2160:10" or "1920x1080:8:422" names. MediaError if it is none."""
        match = re.fullmatch(r"([0-9]{1,5})x([0-9]{1,5}):([0-9]{1,2})(?::([0-9]{3}))?", text.strip())
        if not match:
            raise MediaError(
                message('"{layout}" is no layout of a raw video; write {syntax}.', layout=text, syntax=LAYOUT_SYNTAX)
            )
        return cls(int(match[1]), int(match[2]), int(match[3]), match[4] or "420")

    @classmethod
    def from_name(cls, path: str | os.PathLike) -> "RawLayout | None":
        """The layout that a file's name tells, as in Beauty_3840x2160_120fps_420_10bit_YUV.yuv.

        The name must have the size and the bit depth ("10bit", "8-bit", "yuv420p10le"); chroma is 4:2:0
        unless 400, 422 or 444 is there. None if it does not say enough.
        """
        name = Path(path).stem.lower()
        size = re.search(r"(?<!\d)(\d{2,5})x(\d{2,5})(?!\d)", name)
        depth = re.search(r"(?<!\d)(\d{1,2})[ _-]?bits?(?![a-z])|p(\d{1,2})le(?![a-z])", name)
        if not size or not depth or not 8 <= int(depth[1] or depth[2]) <= 16:
            return None
        chroma = re.search(r"(?<![\dx])(420|422|444|400)(?![\dx])", name)
        return cls(int(size[1]), int(size[2]), int(depth[1] or depth[2]), chroma[1] if chroma else "420")

    def __str__(self) -> str:
        return f"{self.width}x{self.height}:{self.bit_depth}:{self.chroma}"

    @property
    def sample_type(self) -> np.dtype:
        """Of a sample in the file: uint8, or little-endian uint16 beyond 8 bits."""
        return np.dtype(np.uint8 if self.bit_depth == 8 else "<u2")

    @property
    def frame_bytes(self) -> int:
        """Bytes of a frame, its chroma included."""
        samples = self.width * self.height
        if self.chroma != "400":
            across, down = _CHROMA_SHIFTS[self.chroma]
            samples += 2 * (-(-self.width >> across)) * (-(-self.height >> down))
        return samples * self.sample_type.itemsize


@dataclass(frozen=True)
class RawVideo:
    """An uncompressed file: `start` bytes of header, then frames that each begin with `marker`.

    height, width: pixels. frames: how many there are.
    """

    path: Path
    layout: RawLayout
    frames: int
    start: int = 0
    marker: bytes = b""

    @property
    def height(self) -> int:
        return self.layout.height

    @property
    def width(self) -> int:
        return self.layout.width

    def read(self, numbers: Iterable[int]) -> Iterator[np.ndarray]:
        """Luma of the frames with these numbers, from 0: uint16 (H, W), 0–1023, range as in the file.

        MediaError if the samples do not fit the layout, or the file has become shorter.
        """
        layout = self.layout
        count, stride = layout.width * layout.height, len(self.marker) + layout.frame_bytes
        with open(self.path, "rb") as file:
            for number in numbers:
                file.seek(self.start + number * stride)
                if file.read(len(self.marker)) != self.marker:
                    raise MediaError(
                        message(
                            "Frame {number} of {path} does not begin as a plain Y4M frame does.",
                            number=number, path=self.path,
                        )
                    )  # fmt: skip
                samples = np.fromfile(file, layout.sample_type, count)
                if len(samples) < count:
                    raise MediaError(
                        message(
                            "{path} ended within frame {number}; it was cut short meanwhile.",
                            path=self.path, number=number,
                        )
                    )  # fmt: skip
                if samples.max() >> layout.bit_depth:
                    raise MediaError(
                        message(
                            "Frame {number} of {path} has values up to {most}, too large for {bits} bits; give the "
                            "right layout: {syntax}.",
                            number=number, path=self.path, most=int(samples.max()), bits=layout.bit_depth,
                            syntax=LAYOUT_SYNTAX,
                        )
                    )  # fmt: skip
                yield to_ten_bits(samples.reshape(layout.height, layout.width), layout.bit_depth)


def open_raw(path: Path, layout: RawLayout | None = None) -> RawVideo:
    """A raw planar YUV file, laid out as given or as its name tells. MediaError if its size does not fit."""
    layout = layout or RawLayout.from_name(path)
    if layout is None:
        raise MediaError(
            message(
                "{path} is raw video and its name does not tell how; give its layout: {syntax}.",
                path=path, syntax=LAYOUT_SYNTAX,
            )
        )  # fmt: skip
    frames, rest = divmod(path.stat().st_size, layout.frame_bytes)
    if rest or not frames:
        raise MediaError(
            message(
                "{path} has {size} bytes, no multiple of the {frame} of a frame of {layout}; give the right layout "
                "({syntax}), or copy the file again if it was cut short.",
                path=path, size=path.stat().st_size, frame=layout.frame_bytes, layout=str(layout),
                syntax=LAYOUT_SYNTAX,
            )
        )  # fmt: skip
    return RawVideo(path, layout, frames)


def open_y4m(path: Path) -> RawVideo:
    """A Y4M file. MediaError if it is damaged or of a kind that the Lab does not read."""
    with open(path, "rb") as file:
        header = file.readline(_HEADER_LIMIT)
    if not header.startswith(_Y4M_MAGIC) or not header.endswith(b"\n"):
        raise MediaError(message("{path} does not begin as a Y4M file does.", path=path))
    fields = {field[:1]: field[1:] for field in reversed(header.decode("latin-1").split()[1:])}
    # 420jpeg, 420mpeg2 and 420paldv differ in where chroma lies, which luma does not see.
    kind = re.fullmatch(r"(420|422|444|mono)(?:jpeg|mpeg2|paldv|p?([0-9]{1,2}))?", fields.get("C", "420"))
    if not kind or not (fields.get("W", "").isdecimal() and fields.get("H", "").isdecimal()):
        found = header[:200].decode("latin-1").strip()
        raise MediaError(message("{path} is Y4M of an unknown kind: {found}.", path=path, found=found))
    chroma = "400" if kind[1] == "mono" else kind[1]
    layout = RawLayout(int(fields["W"]), int(fields["H"]), int(kind[2] or 8), chroma)
    frames, rest = divmod(path.stat().st_size - len(header), len(_Y4M_FRAME) + layout.frame_bytes)
    if rest or not frames:
        raise MediaError(
            message("{path} does not hold whole frames: it was cut short, or its frames carry parameters.", path=path)
        )
    return RawVideo(path, layout, frames, len(header), _Y4M_FRAME)
