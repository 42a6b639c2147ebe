"""AV1 bitstream units: a temporal unit split into its frames, with what their headers say first.

AV1 specification, sections 5.3 to 5.9. Only as much is parsed as tells frames apart: the first bits of the sequence
header and of each frame header. The low-overhead format is read, as IVF, MP4 and Matroska store it.
"""

from dataclasses import dataclass
from enum import IntEnum

from av1core.errors import MediaError
from av1core.translation import message


class FrameType(IntEnum):
    """frame_type, section 6.8.2."""

    KEY = 0
    INTER = 1
    INTRA_ONLY = 2
    SWITCH = 3


class ObuType(IntEnum):
    """The values of obu_type (section 6.2.2) that matter here; others are carried along."""

    SEQUENCE_HEADER = 1
    FRAME_HEADER = 3
    TILE_GROUP = 4
    FRAME = 6
    REDUNDANT_FRAME_HEADER = 7


@dataclass(frozen=True)
class SequenceHeader:
    """data: the whole OBU. reduced: reduced_still_picture_header, a stream of one still picture."""

    data: bytes
    reduced: bool


@dataclass(frozen=True)
class Frame:
    """One frame of a temporal unit.

    data: the OBUs since the frame before (delimiter, sequence header, metadata, …) and the frame's own.
    frame_type: None if the frame only shows one again that was decoded before. shown: the decoder puts it out.
    spatial_layer: 0 unless the stream is scalable.
    """

    data: bytes
    frame_type: FrameType | None
    shown: bool
    shows_existing: bool
    spatial_layer: int

    @property
    def is_intra(self) -> bool:
        """Whether the frame depends on no other: FrameIsIntra of section 5.9.2."""
        return self.frame_type in (FrameType.KEY, FrameType.INTRA_ONLY)


class UnitParser:
    """Splits the temporal units of one stream, in their order; `sequence` is the header that is in force."""

    def __init__(self) -> None:
        self.sequence: SequenceHeader | None = None

    def frames_of(self, unit: bytes) -> list[Frame]:
        """The frames of a temporal unit (or of any whole number of OBUs). MediaError if it is damaged."""
        frames: list[Frame] = []
        start, position = 0, 0  # of the data that belongs to no frame yet
        fields = None  # of the frame whose tiles are being collected
        while position < len(unit):
            kind, layer, payload, end = _obu(unit, position)
            starts_frame = kind in (ObuType.FRAME_HEADER, ObuType.FRAME)
            if fields and (starts_frame or kind not in (ObuType.TILE_GROUP, ObuType.REDUNDANT_FRAME_HEADER)):
                frames.append(Frame(unit[start:position], *fields))
                start, fields = position, None
            if kind == ObuType.SEQUENCE_HEADER:
                # seq_profile (3 bits), still_picture, reduced_still_picture_header, …
                self.sequence = SequenceHeader(unit[position:end], bool(_first_byte(payload) & 0x08))
            elif starts_frame:
                fields = (*self._frame_header(payload), layer)
            elif kind == ObuType.TILE_GROUP and not fields:
                raise MediaError(message("The AV1 stream has tiles without a frame header; it is damaged."))
            position = end
        if fields:
            frames.append(Frame(unit[start:], *fields))
        return frames

    def _frame_header(self, payload: bytes) -> tuple[FrameType | None, bool, bool]:
        """(frame_type, shown, shows_existing): the first bits of uncompressed_header, section 5.9.2."""
        if self.sequence is None:
            raise MediaError(message("The AV1 stream has a frame before any sequence header; it was cut at its start."))
        if self.sequence.reduced:
            return FrameType.KEY, True, False
        first = _first_byte(payload)  # show_existing_frame, frame_type (2 bits), show_frame, …
        if first & 0x80:
            return None, True, True
        return FrameType(first >> 5 & 3), bool(first & 0x10), False


def _obu(unit: bytes, position: int) -> tuple[int, int, bytes, int]:
    """(type, spatial layer, payload, position after it) of the OBU at `position`, sections 5.3.1 to 5.3.3."""
    first = unit[position]
    if first & 0x80:
        raise MediaError(message("The AV1 stream has no valid unit where one must begin; it is damaged."))
    start, layer = position + 1, 0
    if first & 0x04:
        if start >= len(unit):
            raise MediaError(message("An AV1 unit ends within its header; the stream was cut short."))
        layer, start = unit[start] >> 3 & 3, start + 1
    size = len(unit) - start
    if first & 0x02:
        size, start = _leb128(unit, start)
    if start + size > len(unit):
        raise MediaError(message("An AV1 unit is longer than its data; the stream was cut short."))
    return first >> 3 & 15, layer, unit[start : start + size], start + size


def _leb128(data: bytes, position: int) -> tuple[int, int]:
    """(value, position after it), section 4.10.5: seven bits a byte, at most eight bytes."""
    value = 0
    for index, byte in enumerate(data[position : position + 8]):
        value |= (byte & 0x7F) << 7 * index
        if not byte & 0x80:
            return value, position + index + 1
    raise MediaError(message("The length of an AV1 unit never ends; the stream is damaged."))


def _first_byte(payload: bytes) -> int:
    if not payload:
        raise MediaError(message("An AV1 header is empty; the stream is damaged."))
    return payload[0]
