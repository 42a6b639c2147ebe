import av
import numpy as np
import pytest

from av1core.errors import MediaError
from av1core.media.containers import luma_of_frame, open_container
from tests.media.video import write_video

RANDOM = np.random.default_rng(0)
EIGHT = [RANDOM.integers(0, 256, (48, 70), np.uint8) for _ in range(5)]
TEN = [RANDOM.integers(0, 1024, (48, 70), np.uint16) for _ in range(5)]


@pytest.mark.parametrize(
    ("suffix", "codec", "pixel_format", "frames"),
    [
        (".mkv", "ffv1", "yuv420p", EIGHT),
        (".mkv", "ffv1", "yuv420p10le", TEN),
        (".mkv", "ffv1", "gray10le", TEN),
        (".mkv", "ffv1", "gray", EIGHT),
        (".y4m", "wrapped_avframe", "yuv422p", EIGHT),
        (".avi", "huffyuv", "yuv422p", EIGHT),
        (".nut", "rawvideo", "nv12", EIGHT),
    ],
)
def test_lossless_video_gives_the_luma_that_was_written(tmp_path, suffix, codec, pixel_format, frames):
    path = write_video(tmp_path / f"a{suffix}", frames, codec, pixel_format)
    video = open_container(path)
    assert (video.height, video.width, video.frames) == (48, 70, 5)
    scale = 4 if frames is EIGHT else 1
    for numbers in ([0, 1, 2, 3, 4], [4], [1, 3], []):
        read = list(video.read(numbers))
        assert len(read) == len(numbers)
        for number, luma in zip(numbers, read, strict=True):
            assert luma.dtype == np.uint16
            assert (luma == frames[number].astype(int) * scale).all()


@pytest.mark.parametrize(
    ("source", "pixel_format"),
    [
        ("yuv420p10le", "p010le"),
        ("yuv420p10le", "y210le"),
        ("yuv420p10le", "yuv420p10be"),
        ("gray10le", "gray10be"),
        ("yuv420p", "yuyv422"),
        ("yuv420p", "nv12"),
    ],
)
def test_other_layouts_of_yuv_are_converted_without_loss(source, pixel_format):
    luma = TEN[0] if "10" in source else EIGHT[0]
    made = av.VideoFrame(70, 48, source)
    for plane in made.planes:
        plane.update(bytes(plane.buffer_size))
    np.frombuffer(made.planes[0], luma.dtype).reshape(48, -1)[:, :70] = luma
    expected = luma if "10" in source else luma.astype(int) * 4
    assert (luma_of_frame(made.reformat(format=pixel_format, threads=1)) == expected).all()


@pytest.mark.parametrize(("pixel_format", "bits"), [("bgr0", 8), ("gbrp10le", 10)])
def test_rgb_is_weighed_as_in_photos(tmp_path, pixel_format, bits):
    rgb = RANDOM.integers(0, 1 << bits, (48, 70, 3)).astype(np.uint8 if bits == 8 else np.uint16)
    rgb[:4] = (1 << bits) - 1
    source = av.VideoFrame.from_ndarray(rgb << (16 - bits) if bits > 8 else rgb, "rgb48le" if bits > 8 else "rgb24")
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.height, stream.width, stream.pix_fmt = 48, 70, pixel_format
        container.mux(stream.encode(source.reformat(format=pixel_format, threads=1)))
        container.mux(stream.encode(None))
    expected = np.rint(rgb @ np.array([0.2126, 0.7152, 0.0722]) * 1023 / ((1 << bits) - 1))
    assert (next(open_container(tmp_path / "a.mkv").read([0])) == expected).all()


def test_frames_are_counted_and_numbered_in_display_order(tmp_path):
    levels = [np.full((64, 64), 16 + 20 * index, np.uint8) for index in range(9)]
    path = write_video(tmp_path / "a.mp4", levels, "libx264", "yuv420p", bf="3", crf="5")
    with av.open(str(path)) as container:
        order = [packet.pts for packet in container.demux(video=0) if packet.size]
    assert order != sorted(order)
    video = open_container(path)
    assert video.frames == 9
    for number, luma in zip((2, 5, 8), video.read((2, 5, 8)), strict=True):
        assert abs(int(np.median(luma)) - 4 * int(levels[number][0, 0])) <= 8


@pytest.mark.parametrize("content", [b"", b"no video", bytes(5000)])
def test_what_is_no_video_is_named(tmp_path, content):
    (tmp_path / "odd name.mp4").write_bytes(content)
    with pytest.raises(MediaError, match=r"odd name\.mp4"):
        open_container(tmp_path / "odd name.mp4")


def test_a_file_without_a_video_stream_is_refused(tmp_path):
    with av.open(str(tmp_path / "a.wav"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        sound = av.AudioFrame(format="s16", layout="mono", samples=800)
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
    with pytest.raises(MediaError, match=r"a\.wav has no video stream"):
        open_container(tmp_path / "a.wav")


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".avi"])
def test_a_file_that_was_cut_short_is_refused_or_has_fewer_whole_frames(tmp_path, suffix, share):
    codec = "ffv1" if suffix == ".mkv" else "mjpeg"
    pixel_format = "yuv420p" if suffix == ".mkv" else "yuvj420p"
    whole = write_video(tmp_path / f"whole{suffix}", EIGHT, codec, pixel_format)
    expected = list(open_container(whole).read(range(5)))
    cut = tmp_path / f"cut{suffix}"
    cut.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * share)])
    try:
        video = open_container(cut)
        read = list(video.read(range(video.frames)))
    except MediaError as error:
        assert "cut" in str(error)
    else:
        assert len(read) < 5
        assert all((a == b).all() for a, b in zip(read, expected, strict=False))


def test_a_change_of_size_is_refused(tmp_path):
    small = [frame[:32, :32] for frame in EIGHT]
    parts = [write_video(tmp_path / f"{n}.mjpeg", part, "mjpeg", "yuvj420p") for n, part in enumerate((EIGHT, small))]
    (tmp_path / "a.mjpeg").write_bytes(b"".join(part.read_bytes() for part in parts))
    video = open_container(tmp_path / "a.mjpeg")
    assert video.frames == 10
    assert len(list(video.read([0, 4]))) == 2
    with pytest.raises(MediaError, match="frame 5 has 32×32 pixels, not 70×48"):
        list(video.read([4, 5]))
