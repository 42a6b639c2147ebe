import weakref

import numpy as np
import pytest

from av1core.dataset.frames import read_frame, write_frames
from av1core.errors import DatasetError


def test_many_frames_come_back_exactly_in_any_order(tmp_path):
    random = np.random.default_rng(0)
    frames = [random.integers(0, 1024, (33, 47), np.uint16) for _ in range(5)]
    write_frames(tmp_path / "video.tif", iter(frames))
    for index in (4, 0, 2):
        luma = read_frame(tmp_path / "video.tif", index)
        assert luma.dtype == np.uint16
        assert (luma == frames[index]).all()


def test_a_long_video_is_never_held_whole(tmp_path):
    seen, most_alive = [], []

    def frames():
        for value in range(50):
            frame = np.full((16, 16), value, np.uint16)
            seen.append(weakref.ref(frame))
            most_alive.append(sum(reference() is not None for reference in seen))
            yield frame

    write_frames(tmp_path / "video.tif", frames())
    assert max(most_alive) <= 3
    assert (read_frame(tmp_path / "video.tif", 49) == 49).all()


def test_what_may_outgrow_tiff_becomes_bigtiff(tmp_path):
    frames = [np.full((8, 16), value, np.uint16) for value in (3, 5)]
    for pixels, magic in ((0, b"II*\0"), (2**31, b"II+\0")):
        write_frames(tmp_path / "a.tif", frames, pixels=pixels)
        assert (tmp_path / "a.tif").read_bytes()[:4] == magic
        assert (read_frame(tmp_path / "a.tif", 1) == 5).all()


def test_a_smooth_picture_is_stored_small(tmp_path):
    smooth = np.add.outer(np.arange(256), np.arange(256)).astype(np.uint16)
    write_frames(tmp_path / "a.tif", [smooth])
    assert (tmp_path / "a.tif").stat().st_size < smooth.size / 4


def test_a_frame_that_is_not_there_is_an_error(tmp_path):
    write_frames(tmp_path / "a.tif", [np.zeros((8, 8), np.uint16)])
    with pytest.raises(DatasetError, match=r"Frame 1 of .*a\.tif"):
        read_frame(tmp_path / "a.tif", 1)


def test_only_grey_of_16_bits_is_written(tmp_path):
    with pytest.raises(ValueError, match="uint8"):
        write_frames(tmp_path / "a.tif", [np.zeros((8, 8), np.uint8)])
