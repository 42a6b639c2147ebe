import numpy as np
import pytest

from av1core.errors import MediaError
from av1core.media import svtav1
from av1core.media.obu import FrameType, UnitParser
from tests.media.conftest import textured
from tests.media.video import SMALL_STREAM, packets_of

DELIMITER, SEQUENCE = b"\x12\x00", b"\x0a\x01\x00"


@pytest.fixture(scope="module")
def units():
    return packets_of(SMALL_STREAM)


def frame(bits, kind=6, extension=b""):
    """An OBU with a size whose payload is one byte."""
    return bytes([kind << 3 | 2 | (4 if extension else 0)]) + extension + bytes([1, bits])


def test_the_types_of_a_streams_frames(units):
    parser = UnitParser()
    frames = [frame for unit in units for frame in parser.frames_of(unit)]
    assert [frame.frame_type for frame in frames] == [FrameType.KEY, FrameType.INTER, FrameType.INTRA_ONLY]
    assert all(frame.shown and not frame.shows_existing for frame in frames)


def test_frames_and_the_units_before_them_make_up_the_unit(units):
    parser = UnitParser()
    for unit in units:
        assert b"".join(frame.data for frame in parser.frames_of(unit)) == unit


def test_frames_of_one_unit_are_separated():
    unit = (
        DELIMITER + SEQUENCE + frame(0x00) + frame(0x30) + frame(0x40, 3) + frame(0, 4) + frame(0, 4) + frame(0x80, 3)
    )
    frames = UnitParser().frames_of(unit)
    assert [frame.frame_type for frame in frames] == [FrameType.KEY, FrameType.INTER, FrameType.INTRA_ONLY, None]
    assert [frame.shown for frame in frames] == [False, True, False, True]
    assert [frame.shows_existing for frame in frames] == [False, False, False, True]
    assert [len(frame.data) for frame in frames] == [8, 3, 9, 3]


def test_a_sequence_header_holds_for_later_units(units):
    parser = UnitParser()
    parser.frames_of(units[0])
    assert parser.sequence.data in units[0]
    assert parser.frames_of(units[2])[0].frame_type == FrameType.INTRA_ONLY
    with pytest.raises(MediaError, match="sequence header"):
        UnitParser().frames_of(units[2])


def test_a_still_pictures_frame_is_a_shown_key_frame():
    parser = UnitParser()
    stream = svtav1.encode_intra(textured(64, 64), qindex=128, preset=10, options={"avif": 1})
    assert [(frame.frame_type, frame.shown) for frame in parser.frames_of(stream)] == [(FrameType.KEY, True)]
    parser.frames_of(b"\x0a\x01\x18")  # still_picture and reduced_still_picture_header: no type in frame headers
    assert parser.frames_of(frame(0xFF))[0].frame_type == FrameType.KEY


def test_the_spatial_layer_is_read():
    unit = SEQUENCE + frame(0x10, 6, b"\x00") + frame(0x10, 6, b"\x08")
    assert [frame.spatial_layer for frame in UnitParser().frames_of(unit)] == [0, 1]


@pytest.mark.parametrize(
    "unit",
    [
        b"\x92\x00",
        b"\x0a",
        b"\x0a\x05\x00",
        b"\x0a\x00",
        b"\x0a" + b"\x80" * 9,
        b"\x0e",
        SEQUENCE + b"\x32\x00",
        SEQUENCE + frame(0, 4),
        frame(0x10),
    ],
)
def test_damaged_units_are_refused(unit):
    with pytest.raises(MediaError, match="AV1"):
        UnitParser().frames_of(unit)


def test_nothing_but_media_error_comes_of_damage(units):
    random = np.random.default_rng(0)
    refused = 0
    for _ in range(2000):
        unit = bytearray(units[0][: random.integers(1, 400)])
        for place in random.integers(0, len(unit), random.integers(0, 4)):
            unit[place] ^= 1 << random.integers(0, 8)
        try:
            frames = UnitParser().frames_of(bytes(unit))
            assert sum(len(frame.data) for frame in frames) <= len(unit)
        except MediaError:
            refused += 1
    assert refused > 100
