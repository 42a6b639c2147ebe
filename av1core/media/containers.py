"""Video in containers (MP4, MKV, WebM, IVF, AVI, …) to luma, by FFmpeg through PyAV."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from av1core.errors import MediaError
from av1core.media.depth import to_ten_bits
from av1core.media.photos import luma_of_samples
from av1core.translation import message

# An MP4 may hide frames from players by an edit list; they were encoded all the same, and are counted.
OPEN_OPTIONS = {"ignore_editlist": "1"}

_PLANAR = re.compile(r"(yuvj?4\d\dp|yuva4\d\dp|gray)(\d+le)?|nv(12|16|21|24|42)")
"""Pixel formats whose first plane is luma, samples in the low bits."""

_HIDES_FRAMES = ("vp8",)
"""Codecs some of whose packets give no picture: only decoding tells how many frames there are."""


@dataclass(frozen=True)
class ContainerVideo:
    """The video of a file that FFmpeg reads. frames: counted by packets, not taken from a header."""

    path: Path
    height: int
    width: int
    frames: int

    def read(self, numbers: Iterable[int]) -> Iterator[np.ndarray]:
        """Luma of ascending frame numbers, in display order: uint16 (H, W), 0–1023, range as in the file.

        Where every packet stands alone (Y4M, ProRes, MJPEG, …) only the chosen ones are decoded, else all up to
        the last. RGB is weighed as in photos. MediaError if the file is damaged or its frames change their size.
        """
        wanted = iter(numbers)
        following = next(wanted, None)
        with opened_video(self.path) as (container, stream):
            for number, frame in _decoded(container, stream, lambda number: number == following):
                if number != following:
                    continue
                if frame.is_corrupt:
                    raise MediaError(
                        message(
                            "Frame {number} of {path} is damaged; copy the file again.", number=number, path=self.path
                        )
                    )
                if (frame.height, frame.width) != (self.height, self.width):
                    raise MediaError(
                        message(
                            "{path} changes its size: frame {number} has {found} pixels, not {size}; cut the file into "
                            "parts of one size.",
                            path=self.path, number=number, found=f"{frame.width}×{frame.height}",
                            size=f"{self.width}×{self.height}",
                        )
                    )  # fmt: skip
                yield luma_of_frame(frame)
                if (following := next(wanted, None)) is None:
                    return
        if following is not None:
            raise MediaError(
                message(
                    "{path} gave no frame {number} of its {frames}; copy the file again.",
                    path=self.path, number=following, frames=self.frames,
                )
            )  # fmt: skip


def open_container(path: Path) -> ContainerVideo:
    """The video stream of a file, its frames counted. MediaError if it has none or is damaged."""
    with opened_video(path) as (container, stream):
        codec = stream.codec_context
        height, width = codec.height, codec.width
        if codec.name in _HIDES_FRAMES:
            frames = sum(1 for _ in container.decode(stream))
        else:
            frames = sum(1 for _ in packets(path, container, stream))
    if not (frames and height and width):
        raise MediaError(message("{path} has a video stream without frames; it is empty or was cut short.", path=path))
    return ContainerVideo(path, height, width, frames)


@contextmanager
def opened_video(path: Path) -> Iterator[tuple]:
    """PyAV's (container, video stream) of a file; whatever FFmpeg raises inside becomes MediaError."""
    import av

    try:
        with av.open(str(path), container_options=OPEN_OPTIONS) as container:
            stream = container.streams.best("video")  # not the cover picture of a sound file
            if stream is None:
                raise MediaError(message("{path} has no video stream; choose a video or a picture.", path=path))
            if stream.codec_context is None:
                raise MediaError(message("The codec of {path} is unknown to this FFmpeg; convert the file.", path=path))
            yield container, stream
    except (av.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)  # FFmpeg's errors repeat the path
        raise MediaError(message("{path} cannot be read as a video: {reason}.", path=path, reason=reason)) from error


def packets(path: Path, container, stream) -> Iterator:
    """The packets of a stream that hold data. MediaError at one that the file has only a part of."""
    for packet in container.demux(stream):
        if packet.is_corrupt:
            raise MediaError(message("{path} was cut short or is damaged; copy the file again.", path=path))
        if packet.size:
            yield packet


def _decoded(container, stream, is_wanted) -> Iterator[tuple]:
    """(number, frame) in display order; where each packet stands alone, of the wanted numbers only."""
    codec = stream.codec_context
    if not codec.codec.intra_only:
        codec.thread_type = "AUTO"
        yield from enumerate(container.decode(stream))
        return
    codec.thread_type = "SLICE"  # frame threads would give a frame some packets late
    chosen = (packet for packet in container.demux(stream) if packet.size)
    for number, packet in enumerate(chosen):
        if is_wanted(number):
            for frame in packet.decode():
                yield number, frame


def luma_of_frame(frame) -> np.ndarray:
    """Luma, uint16 (H, W), 0–1023, of a PyAV frame of any pixel format: YUV in its own range, RGB weighed as photos."""
    name, bits = frame.format.name, frame.format.components[0].bits
    if not _PLANAR.fullmatch(name):
        if frame.format.is_rgb or frame.format.has_palette or name.startswith(("bayer", "xyz", "mono")):
            if bits <= 8:
                return luma_of_samples(_converted(frame, "rgb24").to_ndarray())
            # swscale puts the bits at the top of 16.
            return luma_of_samples(_converted(frame, "rgb48le").to_ndarray() >> (16 - bits), (1 << bits) - 1)
        # swscale copies luma as it is between YUV formats of one depth.
        family = "gray" if name.startswith(("gray", "ya")) else "yuv444p"
        frame = _converted(frame, family if bits == 8 else f"{family}{bits}le")
    plane = frame.planes[0]
    samples = np.frombuffer(plane, np.uint8 if bits <= 8 else np.dtype("<u2"))
    rows = samples.reshape(-1, plane.line_size // samples.itemsize)
    return to_ten_bits(rows[: frame.height, : frame.width], bits)


def _converted(frame, pixel_format: str):
    # swscale writes beyond the end of a row, and with several threads over the next one, which is done already.
    return frame.reformat(format=pixel_format, threads=1)
