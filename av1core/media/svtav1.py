"""SVT-AV1: encode one luma picture, through the library that PyAV carries.

Which partition types its search tries depends on the preset (measured: SVT-AV1 4.1.0, key frames of 10 bits, 12 encodes
a preset):

- −1 and 0: all ten types. These alone have the A and B types.
- 1 to 5: NONE, HORZ, VERT, SPLIT, HORZ_4 and VERT_4; at 16×16 the last two hardly from 4 on.
- 6 to 13: NONE, HORZ, VERT, SPLIT; at 16×16 hardly any HORZ and VERT from 7 on, at 8×8 none from 6 on.

With {"keyint": 1} SVT-AV1 takes its all-intra path: no A or B types at any preset, 4-way types up to preset 3, and only
NONE and SPLIT from preset 5 on. Superblocks are of 64×64 pixels.
"""

import ctypes
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path

import numpy as np

from av1core.errors import MediaError
from av1core.media.depth import LUMA_BITS
from av1core.media.libaom import check_luma, cq_level_for

PRESETS = range(-1, 14)
"""Presets of SVT-AV1, the most thorough search first."""

_LEAST_SIDE, _MOST_WIDTH, _MOST_HEIGHT = 4, 16384, 8704

# Constant QP, the same for every frame type, nothing that varies it within a frame; one thread, since frames encode
# in parallel already.
_SETTLED = {"rc": 0, "aq-mode": 0, "enable-variance-boost": 0, "use-fixed-qindex-offsets": 1, "lp": 1}
# Tunes 3 (IQ) and 4 (MS-SSIM) switch variance boost on again.
_REFUSED = re.compile(r"([^=]*(qp|qindex|variance|roi)[^=]*|crf|preset|rc|aq-mode|lp)=.*|tune=[34]")

_MID_GREY = 1 << (LUMA_BITS - 1)
_FORMAT = "yuv420p10le"


def version() -> str:
    """The version of SVT-AV1, such as "4.1.0"; "of PyAV 18.1.0" where its library cannot be asked."""
    import av

    package = Path(av.__file__).parent
    for place in (package.with_name("av.libs"), package / ".dylibs"):
        for file in sorted(place.glob("libSvtAv1Enc*")):
            ask = ctypes.CDLL(str(file)).svt_av1_get_version
            ask.restype = ctypes.c_char_p
            return ask().decode().removeprefix("v")
    return f"of PyAV {av.__version__}"


def encode_intra(
    luma: np.ndarray, *, qindex: int, preset: int = 4, options: Mapping[str, object] | None = None
) -> bytes:
    """Encode one picture as an AV1 key frame: 10 bits, 4:2:0 with grey chroma, constant quality, one thread.

    luma: uint16 (H, W), values 0–1023, sides of 4 to 16384×8704 pixels, odd ones too. qindex: the base qindex,
    one of libaom's QINDEX_OF_CQ_LEVEL, which SVT-AV1 shares; no block departs from it. preset: −1 (full search) to
    13. options: further parameters by the names that SVT-AV1 gives them (svtav1-params).
    The same picture gives the same bytes. Returns the OBUs of one temporal unit. MediaError if SVT-AV1 refuses.
    """
    luma = check_luma(luma)
    height, width = luma.shape
    if min(luma.shape) < _LEAST_SIDE or width > _MOST_WIDTH or height > _MOST_HEIGHT:
        raise MediaError(
            f"SVT-AV1 encodes pictures of {_LEAST_SIDE}×{_LEAST_SIDE} to {_MOST_WIDTH}×{_MOST_HEIGHT} pixels, not "
            f"{width}×{height}."
        )
    if preset not in PRESETS:
        raise MediaError(f"SVT-AV1 has the presets {PRESETS[0]} to {PRESETS[-1]}, not {preset}.")
    parameters = {"qp": cq_level_for(qindex, "SVT-AV1"), **_SETTLED}
    options = dict(options or {})
    for name, value in options.items():
        if _REFUSED.fullmatch(f"{name}={value}"):
            raise MediaError(f"SVT-AV1's option {name}={value} is refused: it would change the qindex or the threads.")
    silence()
    with scheduling_kept():
        encoder = _opened(width, height, preset, parameters, options)
    packets = [*encoder.encode(frame_of(luma)), *encoder.encode(None)]
    return b"".join(map(bytes, packets))


def _opened(width: int, height: int, preset: int, parameters: Mapping, options: Mapping):
    """An open PyAV encoder. MediaError that names the option which SVT-AV1 refuses."""
    import av

    encoder = av.CodecContext.create("libsvtav1", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, _FORMAT
    encoder.time_base, encoder.framerate = Fraction(1, 25), Fraction(25)
    values = {name: str(value) for name, value in {**parameters, **options}.items()}
    joined = ":".join(f"{name}={value}" for name, value in values.items())
    # "explode" makes FFmpeg stop at an unknown parameter, at which it would only log a warning.
    encoder.options = {"preset": str(preset), "svtav1-params": joined, "err_detect": "explode"}
    try:
        if any(set(":=\\'") & set(name + values[name]) for name in options):
            raise ValueError("a parameter has one of the signs : = \\ '")
        encoder.open()
    except (av.FFmpegError, ValueError) as error:
        for name, value in options.items() if len(options) > 1 else ():
            _opened(width, height, preset, parameters, {name: value})
        what = ", ".join(f"{name}={value}" for name, value in options.items())
        reason = getattr(error, "strerror", None) or error
        raise MediaError(f"SVT-AV1 refused {f'the option {what}' if what else 'its settings'}: {reason}.") from error
    return encoder


def silence() -> None:
    """Keep SVT-AV1 from writing its settings to stderr for each picture, unless the user asked for them."""
    os.environ.setdefault("SVT_LOG", "-1")  # SVT-AV1 reads it once


@contextmanager
def scheduling_kept() -> Iterator[None]:
    """Open an encoder within, and this process shares the processors with others as before.

    Where root runs it, SVT-AV1 makes its threads and the one that opens an encoder real-time ones (SCHED_FIFO, priority
    99), and leaves the latter so (measured: 4.1.0). They would keep everything else off the processors, and so would
    each process that the thread starts, which inherits that.
    """
    if not hasattr(os, "sched_setscheduler"):  # macOS and Windows
        yield
        return
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        if policy != os.SCHED_FIFO:
            # Not only if this thread was changed: another that opens an encoder may have changed it back already.
            for thread in map(int, os.listdir("/proc/self/task")):
                with suppress(ProcessLookupError):  # it ended
                    if os.sched_getscheduler(thread) == os.SCHED_FIFO:
                        os.sched_setscheduler(thread, policy, parameters)


def frame_of(luma: np.ndarray):
    """PyAV's frame of a picture (uint16 (H, W), 0–1023): 10 bits, 4:2:0, grey chroma."""
    import av

    frame = av.VideoFrame(luma.shape[1], luma.shape[0], _FORMAT)
    for plane, samples in zip(frame.planes, (luma, _MID_GREY, _MID_GREY), strict=True):
        rows = np.frombuffer(plane, np.uint16).reshape(-1, plane.line_size // 2)
        rows[: plane.height, : plane.width] = samples
    frame.pts = 0
    return frame
