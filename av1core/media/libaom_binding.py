"""The shared library of libaom: where it is, whether it can be used, and the C types of what the Lab calls.

It comes from the imagecodecs wheel, which carries the whole of libaom, or from the system.
"""

import ctypes
import ctypes.util
import importlib.util
import os
from ctypes import POINTER, c_char_p, c_int, c_long, c_size_t, c_uint, c_uint32, c_void_p
from functools import lru_cache
from pathlib import Path

from av1core.errors import MediaError
from av1core.translation import message

USAGE_ALL_INTRA = 2
FRAME_PACKET = 0

# Room for the library's structures whatever its version: context (56 bytes in 3.x), configuration
# (about 900), mode info (about 200).
CONTEXT_BYTES, CONFIG_BYTES, MODE_INFO_BYTES = 1024, 16384, 16384

# The mode-info record is private to libaom; its first two bytes are known to be the same within this range.
_OLDEST, _NEWEST = (3, 3), (4, 0)

_ABI_MISMATCH, INVALID_PARAMETER = 3, 8


class Image(ctypes.Structure):
    """The head of aom_image_t, as far as the planes."""

    _fields_ = [
        *[(name, c_uint) for name in ("fmt", "cp", "tc", "mc", "monochrome", "csp", "range")],
        *[(name, c_uint) for name in ("w", "h", "bit_depth", "d_w", "d_h", "r_w", "r_h")],
        *[(name, c_uint) for name in ("x_chroma_shift", "y_chroma_shift")],
        ("planes", c_void_p * 3),
        ("stride", c_int * 3),
    ]


class Packet(ctypes.Structure):
    """The head of aom_codec_cx_pkt_t for a frame packet."""

    _fields_ = [("kind", c_int), ("data", c_void_p), ("size", c_size_t)]


def version() -> str:
    """The version of the libaom in use, such as "3.13.1". MediaError if there is none that can be read."""
    return _version_of(open_library())


def require(error: int, what: str, context=None) -> None:
    """Raise MediaError, with libaom's own words, unless `error`, its answer to a call, is 0.

    what: what it was asked for, a `Message`.
    """
    if not error:
        return
    aom = open_library()
    reason = aom.aom_codec_err_to_string(error).decode()
    detail = aom.aom_codec_error_detail(context) if context is not None else None
    reason += f" ({detail.decode()})" if detail else ""
    raise MediaError(message("libaom refused {what}: {reason}.", what=what, reason=reason))


@lru_cache(maxsize=1)
def open_library() -> ctypes.CDLL:
    """libaom, loaded once. MediaError if there is none, or none of a version that can be read."""
    path = _find_library()
    try:
        aom = ctypes.CDLL(path)
        _declare(aom)
    except (OSError, AttributeError) as error:
        raise MediaError(message("{path} cannot be used as libaom: {reason}.", path=path, reason=str(error))) from error
    number = tuple(int(part) for part in _version_of(aom).split("."))
    if not _OLDEST <= number[:2] < _NEWEST:
        raise MediaError(
            message(
                "libaom {version} was found, and only 3.3 to 3.x can be read. Install the Python package imagecodecs, "
                "or set AV1LAB_LIBAOM to the path of a suitable libaom.",
                version=_version_of(aom),
            )
        )
    return aom


@lru_cache(maxsize=1)
def open_held_library() -> ctypes.PyDLL:
    """The same library, called without releasing Python's lock: for many calls that are short. MediaError likewise.

    A lock that is released may come back only after another thread's turn of 5 ms: beside one busy thread, reading
    the 32,400 blocks of a frame of 1080 lines took 5 s with open_library and 0.1 s with this.
    """
    aom = ctypes.PyDLL(open_library()._name)
    _declare(aom)
    return aom


def _find_library() -> str:
    if chosen := os.environ.get("AV1LAB_LIBAOM"):
        return chosen
    spec = importlib.util.find_spec("imagecodecs")  # finds the folder without running the package
    if spec and spec.origin:
        package = Path(spec.origin).parent
        places = (package.with_name("imagecodecs.libs"), package / ".dylibs")
        found = sorted(file for place in places for file in place.glob("libaom*") if file.is_file())
        if found:
            return str(found[0])
    if system := ctypes.util.find_library("aom"):
        return system
    raise MediaError(
        message(
            "libaom was not found. Install the Python package imagecodecs (its wheels carry it) or the system's "
            "libaom, or set AV1LAB_LIBAOM to the path of the shared library."
        )
    )


def _declare(aom: ctypes.CDLL) -> None:
    """Argument and result types; what a variadic function takes beyond these is passed as ctypes objects."""
    image, packet = POINTER(Image), POINTER(Packet)
    for name, result, arguments in (
        ("aom_codec_version", c_int, []),
        ("aom_codec_err_to_string", c_char_p, [c_int]),
        ("aom_codec_error_detail", c_char_p, [c_void_p]),
        ("aom_codec_av1_cx", c_void_p, []),
        ("aom_codec_av1_dx", c_void_p, []),
        ("aom_codec_enc_config_default", c_int, [c_void_p, c_void_p, c_uint]),
        ("aom_codec_enc_init_ver", c_int, [c_void_p, c_void_p, c_void_p, c_long, c_int]),
        ("aom_codec_dec_init_ver", c_int, [c_void_p, c_void_p, c_void_p, c_long, c_int]),
        ("aom_codec_set_option", c_int, [c_void_p, c_char_p, c_char_p]),
        ("aom_codec_encode", c_int, [c_void_p, image, ctypes.c_int64, ctypes.c_ulong, c_long]),
        ("aom_codec_get_cx_data", packet, [c_void_p, c_void_p]),
        ("aom_codec_decode", c_int, [c_void_p, c_char_p, c_size_t, c_void_p]),
        ("aom_codec_get_frame", image, [c_void_p, c_void_p]),
        ("aom_codec_control", c_int, [c_void_p, c_int]),
        ("aom_codec_destroy", c_int, [c_void_p]),
        ("aom_img_alloc", image, [c_void_p, c_int, c_uint, c_uint, c_uint]),
        ("aom_img_free", None, [image]),
    ):
        function = getattr(aom, name)
        function.restype, function.argtypes = result, arguments


def _version_of(aom: ctypes.CDLL) -> str:
    number = aom.aom_codec_version()
    return f"{number >> 16}.{number >> 8 & 255}.{number & 255}"


@lru_cache(maxsize=1)
def encoder_abi() -> int:
    """The ABI number of this libaom's encoder: it is not exported, so the one accepted is found by trying.

    MediaError if none is accepted.
    """
    aom = open_library()
    interface = aom.aom_codec_av1_cx()
    config = (c_uint32 * (CONFIG_BYTES // 4))()
    require(aom.aom_codec_enc_config_default(interface, config, USAGE_ALL_INTRA), message("default settings"))
    return _first_accepted(message("encoder"), aom.aom_codec_enc_init_ver, interface, config, 0)


@lru_cache(maxsize=1)
def decoder_abi() -> int:
    """As `encoder_abi`, of this libaom's decoder."""
    aom = open_library()
    return _first_accepted(message("decoder"), aom.aom_codec_dec_init_ver, aom.aom_codec_av1_dx(), None, 0)


def _first_accepted(what: str, initialise, interface, config, flags: int) -> int:
    for abi in range(64):
        context = ctypes.create_string_buffer(CONTEXT_BYTES)
        error = initialise(context, interface, config, flags, abi)
        if error != _ABI_MISMATCH:
            open_library().aom_codec_destroy(context)
            return abi
    raise MediaError(
        message(
            "No ABI number opens the {what} of libaom {version}; install another version of it.",
            what=what, version=version(),
        )
    )  # fmt: skip
