"""Small videos for the tests, and the packets of one."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from av1core.media import svtav1

SMALL_STREAM = Path(__file__).parent / "streams" / "small.ivf"


def write_video(path: Path, frames: list[np.ndarray], codec: str, pixel_format: str, **options: str) -> Path:
    """A video of luma planes whose samples have the depth of the format; chroma is zero."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.height, stream.width = frames[0].shape
        stream.pix_fmt = pixel_format
        for luma in frames:
            frame = av.VideoFrame(luma.shape[1], luma.shape[0], pixel_format)
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            samples = np.frombuffer(frame.planes[0], luma.dtype)
            samples.reshape(-1, frame.planes[0].line_size // luma.itemsize)[:, : luma.shape[1]] = luma
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_av1(path: Path, frames: list[np.ndarray], preset: int, parameters: str) -> Path:
    """An AV1 video by SVT-AV1, of uint16 (H, W) frames of 10 bits."""
    svtav1.silence()
    with av.open(str(path), "w") as container, svtav1.scheduling_kept():
        stream = container.add_stream("libsvtav1", rate=25)
        stream.height, stream.width = frames[0].shape
        stream.pix_fmt = "yuv420p10le"
        stream.options = {"preset": str(preset), "svtav1-params": parameters, "err_detect": "explode"}
        for index, luma in enumerate(frames):
            frame = svtav1.frame_of(luma)
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def remux(source: Path, target: Path, **options: str) -> Path:
    """The same packets in the container that the target's name asks for."""
    with av.open(str(source)) as given, av.open(str(target), "w", options=options) as made:
        codec = given.streams.video[0].codec_context
        stream = made.add_mux_stream("av1", rate=25, width=codec.width, height=codec.height)
        for packet in given.demux(given.streams.video[0]):
            if packet.size:
                packet.stream = stream
                made.mux(packet)
    return target


def packets_of(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]
