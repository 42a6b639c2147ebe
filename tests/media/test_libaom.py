import ctypes
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from av1core.errors import MediaError
from av1core.media import libaom, libaom_binding
from av1core.partition import BLOCK_SIZES
from tests.media.conftest import textured


def test_version_is_one_the_lab_can_read():
    assert (3, 3) <= tuple(map(int, libaom.version().split(".")))[:2] < (4, 0)


@pytest.mark.parametrize("qindex", [0, 80, 128, 172, 220, 249, 255])
def test_the_stream_has_the_qindex_asked_for(qindex):
    stream = libaom.encode_intra(textured(64, 64), cq_level=libaom.cq_level_for(qindex), cpu_used=6)
    assert libaom.read_mode_info(stream).base_qindex == qindex


def test_every_cq_level_has_its_qindex():
    assert [libaom.cq_level_for(qindex) for qindex in libaom.QINDEX_OF_CQ_LEVEL] == list(range(64))


def test_an_impossible_qindex_names_the_nearest():
    with pytest.raises(MediaError, match=r"qindex 81; .* 80 and 84"):
        libaom.cq_level_for(81)


def test_mode_info_fits_the_picture(mode_info):
    shape = -(-mode_info.height // 8), -(-mode_info.width // 8)
    assert mode_info.block_size.shape == mode_info.partition.shape == shape
    assert mode_info.block_size.dtype == mode_info.partition.dtype == np.uint8
    assert mode_info.block_size.max() < len(BLOCK_SIZES)
    assert mode_info.superblock_size in (64, 128)


def test_a_grid_that_is_not_the_pictures_is_refused(stream, monkeypatch):
    usual = libaom._read_grid
    for change, message in ((-8, "reach beyond"), (8, "superres")):
        monkeypatch.setattr(libaom, "_read_grid", lambda c, height, width, by=change: usual(c, height, width + by))
        with pytest.raises(MediaError, match=message):
            libaom.read_mode_info(stream)


def test_blocks_of_different_sizes_are_seen(mode_info):
    assert len(np.unique(mode_info.block_size)) > 4
    assert len(np.unique(mode_info.partition)) > 3


def test_the_same_picture_gives_the_same_stream_in_any_thread():
    luma = textured(96, 128)
    with ThreadPoolExecutor(2) as pool:
        streams = set(pool.map(lambda _: libaom.encode_intra(luma, cq_level=32, cpu_used=4), range(4)))
    assert len(streams) == 1


def test_options_override_the_labs():
    luma = textured(256, 256, seed=3)
    kinds = {}
    for allowed in (0, 1):
        stream = libaom.encode_intra(luma, cq_level=20, cpu_used=1, options={"enable-1to4-partitions": allowed})
        kinds[allowed] = set(np.unique(libaom.read_mode_info(stream).partition).tolist())
    assert not kinds[0] & {8, 9}
    assert kinds[1] & {8, 9}


@pytest.mark.parametrize(
    ("luma", "options", "message"),
    [
        (np.zeros((64, 64), np.uint8), {}, "uint16"),
        (np.zeros((64, 64, 3), np.uint16), {}, "height, width"),
        (np.full((64, 64), 1024, np.uint16), {}, "10 bits"),
        (np.zeros((64, 64), np.uint16), {"no-such-option": 1}, "no-such-option=1"),
    ],
)
def test_what_cannot_be_encoded_is_refused(luma, options, message):
    with pytest.raises(MediaError, match=message):
        libaom.encode_intra(luma, cq_level=32, options=options)


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: b"not a stream", lambda data: data[:40]])
def test_a_damaged_stream_is_refused(stream, damage):
    with pytest.raises(MediaError, match="libaom"):
        libaom.read_mode_info(damage(stream))


def test_another_version_is_refused(monkeypatch):
    monkeypatch.setattr(libaom_binding, "_version_of", lambda _: "3.2.0")
    libaom_binding.open_library.cache_clear()
    try:
        with pytest.raises(MediaError, match=r"3\.2\.0.*imagecodecs"):
            libaom.version()
    finally:
        libaom_binding.open_library.cache_clear()


def test_a_file_that_is_no_library_is_named(monkeypatch, tmp_path):
    (tmp_path / "libaom.so").write_bytes(b"text")
    monkeypatch.setenv("AV1LAB_LIBAOM", str(tmp_path / "libaom.so"))
    libaom_binding.open_library.cache_clear()
    try:
        with pytest.raises(MediaError, match=r"libaom\.so"):
            libaom.version()
    finally:
        libaom_binding.open_library.cache_clear()


def test_structures_lie_as_in_the_c_headers():
    assert libaom_binding.Image.planes.offset == 16 * ctypes.sizeof(ctypes.c_uint)
    assert libaom_binding.Packet.data.offset == ctypes.sizeof(ctypes.c_void_p)
