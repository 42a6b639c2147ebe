import numpy as np
import pytest
from PIL import Image

from av1core.errors import MediaError
from av1core.media.clips import RawLayout, open_clip
from tests.media.video import write_video

RANDOM = np.random.default_rng(0)
FRAMES = [RANDOM.integers(0, 256, (16, 24), np.uint8) for _ in range(4)]


@pytest.fixture(params=["a_24x16_8bit_400.yuv", "a.raw", "a.y4m", "a.mkv"])
def clip(request, tmp_path):
    path = tmp_path / request.param
    samples = b"".join(frame.tobytes() for frame in FRAMES)
    if path.suffix == ".mkv":
        write_video(path, FRAMES, "ffv1", "gray")
    elif path.suffix == ".y4m":
        path.write_bytes(b"YUV4MPEG2 W24 H16 Cmono\n" + b"".join(b"FRAME\n" + frame.tobytes() for frame in FRAMES))
    else:
        path.write_bytes(samples)
    return open_clip(path, RawLayout(24, 16, 8, "400") if path.suffix == ".raw" else None)


def test_every_kind_gives_the_frames_asked_for(clip):
    assert (clip.height, clip.width, clip.frames) == (16, 24, 4)
    for numbers in ([0, 1, 2, 3], [2], [1, 3]):
        read = list(clip.read(numbers))
        assert all(luma.dtype == np.uint16 for luma in read)
        assert np.array_equal(read, [FRAMES[number].astype(int) * 4 for number in numbers])


@pytest.mark.parametrize(("numbers", "message"), [([4], "no frame 4"), ([-1], "no frame -1"), ([2, 1], "ascending")])
def test_numbers_are_checked_before_anything_is_read(clip, numbers, message):
    with pytest.raises(MediaError, match=message):
        clip.read(numbers)


def test_a_picture_is_a_clip_of_one_frame(tmp_path):
    Image.fromarray(FRAMES[0]).save(tmp_path / "a.png")
    clip = open_clip(tmp_path / "a.png")
    assert (clip.height, clip.width, clip.frames) == (16, 24, 1)
    assert (next(clip.read([0])) == np.rint(FRAMES[0] * (1023 / 255))).all()
    with pytest.raises(MediaError, match="no frame 1"):
        clip.read([0, 1])


@pytest.mark.parametrize("name", ["a.png", "a.yuv", "a.y4m", "a.mp4", "a", "a folder"])
def test_what_is_missing_or_empty_is_named(tmp_path, name):
    with pytest.raises(MediaError, match=f"no clip at .*{name}"):
        open_clip(tmp_path / name)
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(MediaError, match=f"{name} is empty"):
        open_clip(tmp_path / name)
