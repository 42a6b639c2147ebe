"""libaom: encode one luma picture, and read back the blocks of the stream's final tree.

Only libaom's public C interface is used, with one exception: of each mode-info record that the decoder copies
out, the first two bytes are read (block size, partition type). They have kept their place since libaom 3.3.
"""

import ctypes
from collections.abc import Mapping
from ctypes import byref, c_int, c_uint8, c_uint32, c_void_p
from dataclasses import dataclass

import numpy as np

from av1core.errors import MediaError
from av1core.media.depth import LUMA_BITS
from av1core.media.libaom_binding import (
    CONFIG_BYTES,
    CONTEXT_BYTES,
    FRAME_PACKET,
    INVALID_PARAMETER,
    MODE_INFO_BYTES,
    USAGE_ALL_INTRA,
    Image,
    decoder_abi,
    encoder_abi,
    open_held_library,
    open_library,
    require,
    version,
)
from av1core.translation import message

__all__ = ["ModeInfo", "check_luma", "cq_level_for", "encode_intra", "read_mode_info", "version"]

_CONSTANT_QUALITY = 3
_HIGH_BITDEPTH_FLAG = 0x40000
_I42016 = 0x902  # 4:2:0 planar, 16 bits a sample

_GET_SUPERBLOCK_SIZE, _GET_BASE_QINDEX, _GET_MODE_INFO = 289, 293, 295

# The first 32-bit words of aom_codec_enc_cfg_t, which have not moved within libaom 3.
_CFG_THREADS, _CFG_PROFILE, _CFG_WIDTH, _CFG_HEIGHT, _CFG_LIMIT = 1, 2, 3, 4, 5
_CFG_BIT_DEPTH, _CFG_INPUT_BIT_DEPTH, _CFG_LAG, _CFG_END_USAGE, _CFG_MONOCHROME = 8, 9, 14, 24, 52

DEFAULT_OPTIONS = {"enable-1to4-partitions": 0}
"""The 4-way types lie outside the hierarchy, and the thesis's datasets have none."""

QINDEX_OF_CQ_LEVEL: tuple[int, ...] = (*range(0, 245, 4), 249, 255)
"""Base qindex (0–255) that libaom uses for each cq-level (0–63)."""


@dataclass(frozen=True, eq=False)
class ModeInfo:
    """The blocks of one decoded frame, seen at every corner of the 8×8-pixel grid.

    base_qindex: base_q_idx of the frame header, 0–255 (AV1 specification, section 6.8.11). height, width: pixels.
    superblock_size: 64 or 128 pixels. block_size: uint8 (ceil(height/8), ceil(width/8)), the BLOCK_SIZE number (section
    6.10.4) of the block that covers the corner. partition: uint8, same shape, the partition type, numbered as in
    `Partition`, of the tree node that made that block.
    """

    base_qindex: int
    height: int
    width: int
    superblock_size: int
    block_size: np.ndarray
    partition: np.ndarray


def cq_level_for(qindex: int, encoder: str = "libaom") -> int:
    """The cq-level (0–63) for which libaom uses this base qindex (0–255). MediaError, naming the encoder, if none."""
    if qindex in QINDEX_OF_CQ_LEVEL:
        return QINDEX_OF_CQ_LEVEL.index(qindex)
    nearest = sorted(sorted(QINDEX_OF_CQ_LEVEL, key=lambda value: abs(value - qindex))[:2])
    raise MediaError(
        f"{encoder} cannot encode at qindex {qindex}; the nearest it can are {nearest[0]} and {nearest[1]}."
    )


def check_luma(luma: np.ndarray) -> np.ndarray:
    """The picture, contiguous, if an encoder can take it: uint16 (H, W), values 0–1023. Else MediaError."""
    if luma.dtype != np.uint16 or luma.ndim != 2 or not luma.size:
        raise MediaError(f"A picture to encode is uint16 (height, width), not {luma.dtype} {luma.shape}.")
    if luma.max() >> LUMA_BITS:
        raise MediaError(f"A picture to encode has {LUMA_BITS} bits a sample; this one has values up to {luma.max()}.")
    return np.ascontiguousarray(luma)


def encode_intra(
    luma: np.ndarray, *, cq_level: int, cpu_used: int = 2, options: Mapping[str, object] | None = None
) -> bytes:
    """Encode one picture as an AV1 intra frame: monochrome, 10 bits, constant quality, one thread.

    luma: uint16 (H, W), values 0–1023. cq_level: 0–63. cpu_used: 0 (full search) to 9.
    options: further encoder options by name, such as {"sb-size": 64}; they override DEFAULT_OPTIONS.
    Returns the stream (OBUs of one temporal unit). Raises MediaError if libaom refuses.
    """
    luma = check_luma(luma)
    aom, (height, width) = open_library(), luma.shape
    interface = aom.aom_codec_av1_cx()
    config = (c_uint32 * (CONFIG_BYTES // 4))()
    require(aom.aom_codec_enc_config_default(interface, config, USAGE_ALL_INTRA), message("default settings"))
    config[_CFG_THREADS] = 1
    config[_CFG_PROFILE] = 0
    config[_CFG_WIDTH], config[_CFG_HEIGHT], config[_CFG_LIMIT] = width, height, 1
    config[_CFG_BIT_DEPTH] = config[_CFG_INPUT_BIT_DEPTH] = LUMA_BITS
    config[_CFG_LAG] = 0
    config[_CFG_END_USAGE] = _CONSTANT_QUALITY
    config[_CFG_MONOCHROME] = 1

    context = ctypes.create_string_buffer(CONTEXT_BYTES)
    abi = encoder_abi()
    error = aom.aom_codec_enc_init_ver(context, interface, config, _HIGH_BITDEPTH_FLAG, abi)
    require(error, message("an encoder for {width}×{height} pixels", width=width, height=height), context)
    image = None
    try:
        chosen = {"cpu-used": cpu_used, "cq-level": cq_level, **DEFAULT_OPTIONS, **(options or {})}
        for name, value in chosen.items():
            error = aom.aom_codec_set_option(context, name.encode(), str(value).encode())
            require(error, message("the option {option}", option=f"{name}={value}"), context)
        image = aom.aom_img_alloc(None, _I42016, width, height, 32)
        if not image:
            raise MediaError(
                message("libaom could not hold a picture of {width}×{height} pixels.", width=width, height=height)
            )
        _fill(image.contents, luma)
        require(aom.aom_codec_encode(context, image, 0, 1, 0), message("the picture"), context)
        stream = _packets(aom, context)
        require(aom.aom_codec_encode(context, None, 0, 0, 0), message("the end of the stream"), context)
        return stream + _packets(aom, context)
    finally:
        if image:
            aom.aom_img_free(image)
        aom.aom_codec_destroy(context)


def read_mode_info(stream: bytes) -> ModeInfo:
    """Decode an AV1 stream of one frame, a sequence header before it, and return its final tree.

    MediaError if it is no such stream, or if its blocks do not cover the picture: superres, scaling, spatial layers.
    """
    aom = open_library()
    context = ctypes.create_string_buffer(CONTEXT_BYTES)
    error = aom.aom_codec_dec_init_ver(context, aom.aom_codec_av1_dx(), None, 0, decoder_abi())
    require(error, message("a decoder"), context)
    try:
        require(aom.aom_codec_decode(context, stream, len(stream), None), message("the stream"), context)
        image = aom.aom_codec_get_frame(context, byref(c_void_p()))
        if not image:
            raise MediaError(message("libaom found no frame in the stream."))
        height, width = image.contents.d_h, image.contents.d_w
        qindex, superblock = c_int(), c_int()
        require(aom.aom_codec_control(context, _GET_BASE_QINDEX, byref(qindex)), message("the qindex"), context)
        error = aom.aom_codec_control(context, _GET_SUPERBLOCK_SIZE, byref(superblock))
        require(error, message("the size"), context)
        block_size, partition = _read_grid(context, height, width)
    finally:
        aom.aom_codec_destroy(context)
    return ModeInfo(qindex.value, height, width, 128 if superblock.value else 64, block_size, partition)


def _read_grid(context, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Block size and partition at every 8×8 corner. MediaError if the frame's grid is not the picture's."""
    rows, cols = -(-height // 8), -(-width // 8)
    control, record = open_held_library().aom_codec_control, ctypes.create_string_buffer(MODE_INFO_BYTES)
    units = [c_int(2 * index) for index in range(max(rows, cols) + 1)]  # in 4×4 units
    if not control(context, _GET_MODE_INFO, units[rows], units[0], record) or not control(
        context, _GET_MODE_INFO, units[0], units[cols], record
    ):
        raise MediaError(message("The frame's blocks reach beyond its picture: it is scaled or has spatial layers."))
    values = bytearray()
    for row in units[:rows]:
        for col in units[:cols]:
            if error := control(context, _GET_MODE_INFO, row, col, record):
                if error == INVALID_PARAMETER:
                    raise MediaError(
                        message("The frame's blocks do not fill its picture: it is coded smaller (superres).")
                    )
                raise MediaError(message("libaom gave no mode info: it was built without the inspection of blocks."))
            values += record[:2]
    grid = np.frombuffer(bytes(values), np.uint8).reshape(rows, cols, 2)
    return grid[..., 0].copy(), grid[..., 1].copy()


def _fill(image: Image, luma: np.ndarray) -> None:
    """Copy luma into the image; its chroma stays unset, since a monochrome encoder never looks at it."""
    height, width = luma.shape
    image.monochrome, image.range, image.bit_depth = 1, 1, LUMA_BITS
    stride = image.stride[0]
    plane = np.ctypeslib.as_array(ctypes.cast(image.planes[0], ctypes.POINTER(c_uint8)), (height, stride))
    plane.view(np.uint16)[:, :width] = luma


def _packets(aom: ctypes.CDLL, context) -> bytes:
    stream, iterator = b"", c_void_p()
    while packet := aom.aom_codec_get_cx_data(context, byref(iterator)):
        if packet.contents.kind == FRAME_PACKET:
            stream += ctypes.string_at(packet.contents.data, packet.contents.size)
    return stream
