import numpy as np
import pytest

from av1core.errors import MediaError
from av1core.media.depth import to_ten_bits
from av1core.media.raw_video import RawLayout, open_raw, open_y4m

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        ("3840x2160:10", RawLayout(3840, 2160, 10, "420")),
        ("1920x1080:8:422", RawLayout(1920, 1080, 8, "422")),
        (" 33x17:16:400 ", RawLayout(33, 17, 16, "400")),
    ],
)
def test_a_layout_is_read_from_text_and_back(text, layout):
    assert RawLayout.parse(text) == layout
    assert RawLayout.parse(str(layout)) == layout


@pytest.mark.parametrize(
    "text", ["", "3840x2160", "3840x2160:7", "3840x2160:17", "0x9:8", "9x9:8:421", "9x9:8:", "-9x9:8"]
)
def test_other_texts_are_refused(text):
    with pytest.raises(MediaError, match="raw video"):
        RawLayout.parse(text)


@pytest.mark.parametrize(
    ("name", "layout"),
    [
        ("Beauty_3840x2160_120fps_420_10bit_YUV.yuv", RawLayout(3840, 2160, 10)),
        ("Bosphorus_1920x1080_120fps_420_8bit_YUV.yuv", RawLayout(1920, 1080, 8)),
        ("clip-640x360-yuv422p10le.yuv", RawLayout(640, 360, 10, "422")),
        ("clip_420x444_12-bits.raw", RawLayout(420, 444, 12)),
        ("Beauty_3840x2160_120fps_420_YUV.yuv", None),
        ("Beauty_10bit.yuv", None),
        ("clip_64x64_7bit.yuv", None),
    ],
)
def test_a_layout_is_read_from_the_name(name, layout):
    assert RawLayout.from_name(f"some.folder_99x99_8bit/{name}") == layout


@pytest.mark.parametrize("chroma", ["420", "422", "444", "400"])
@pytest.mark.parametrize("bits", [8, 10, 12])
def test_luma_is_read_back(tmp_path, chroma, bits):
    layout = RawLayout(37, 19, bits, chroma)
    frames = RANDOM.integers(0, 1 << bits, (3, 19, 37)).astype(layout.sample_type)
    chroma_bytes = layout.frame_bytes - frames[0].nbytes
    samples = {"400": 0, "420": 2 * 19 * 10, "422": 2 * 19 * 19, "444": 2 * 19 * 37}[chroma]
    assert chroma_bytes == samples * layout.sample_type.itemsize
    (tmp_path / "a.yuv").write_bytes(b"".join(frame.tobytes() + b"\xff" * chroma_bytes for frame in frames))
    video = open_raw(tmp_path / "a.yuv", layout)
    assert (video.height, video.width, video.frames) == (19, 37, 3)
    for frame, luma in zip(frames[[0, 2]], video.read([0, 2]), strict=True):
        assert luma.dtype == np.uint16
        assert (luma == to_ten_bits(frame, bits)).all()


def test_one_frame_of_a_huge_file_is_read_alone(tmp_path):
    layout = RawLayout(3840, 2160, 10)
    with open(tmp_path / "a_3840x2160_10bit.yuv", "wb") as file:
        file.truncate(600 * layout.frame_bytes)  # 14 GB that take no place
    video = open_raw(tmp_path / "a_3840x2160_10bit.yuv")
    assert video.frames == 600
    assert [luma.shape for luma in video.read([599])] == [(2160, 3840)]


def test_a_file_that_does_not_fit_the_layout_is_refused(tmp_path):
    (tmp_path / "a.yuv").write_bytes(bytes(100))
    with pytest.raises(MediaError, match=r"a\.yuv .* give its layout: WIDTHxHEIGHT"):
        open_raw(tmp_path / "a.yuv")
    with pytest.raises(MediaError, match=r"100 bytes, no multiple of the 96 of a frame"):
        open_raw(tmp_path / "a.yuv", RawLayout(8, 8, 8))
    with pytest.raises(MediaError, match="no multiple"):
        open_raw(tmp_path / "a.yuv", RawLayout(64, 64, 8))


def test_samples_above_the_bit_depth_are_refused(tmp_path):
    np.full(64, 1024, "<u2").tofile(tmp_path / "a.yuv")
    with pytest.raises(MediaError, match="up to 1024, too large for 10 bits"):
        list(open_raw(tmp_path / "a.yuv", RawLayout(8, 8, 10, "400")).read([0]))


@pytest.mark.parametrize(("tags", "bits", "chroma"), [("", 8, 32), ("C420jpeg Ip", 8, 32), ("C422p10 XA=1", 10, 128)])
def test_y4m(tmp_path, tags, bits, chroma):
    frames = RANDOM.integers(0, 1 << bits, (2, 8, 8)).astype(np.uint8 if bits == 8 else "<u2")
    header = f"YUV4MPEG2 W8 H8 F25:1 {tags}".strip().encode() + b"\n"
    (tmp_path / "a.y4m").write_bytes(header + b"".join(b"FRAME\n" + f.tobytes() + bytes(chroma) for f in frames))
    video = open_y4m(tmp_path / "a.y4m")
    assert video.frames == 2
    assert (next(video.read([1])) == to_ten_bits(frames[1], bits)).all()


@pytest.mark.parametrize(
    "content",
    [
        b"YUV4MPEG",
        b"YUV4MPEG2 W8 H8" + bytes(96),
        b"YUV4MPEG2 W8\nFRAME\n" + bytes(96),
        b"YUV4MPEG2 W8 H8 C411\nFRAME\n" + bytes(96),
        b"YUV4MPEG2 W8 H8\nFRAME\n" + bytes(95),
        b"YUV4MPEG2 W8 H8\nFRAME Ip\n" + bytes(96),
        b"YUV4MPEG2 W8 H8\n",
    ],
)
def test_a_damaged_y4m_is_refused(tmp_path, content):
    (tmp_path / "a.y4m").write_bytes(content)
    with pytest.raises(MediaError, match=r"a\.y4m"):
        open_y4m(tmp_path / "a.y4m")


def test_a_y4m_whose_frames_lie_elsewhere_is_refused(tmp_path):
    (tmp_path / "a.y4m").write_bytes(b"YUV4MPEG2 W8 H8\nFRAMES" + bytes(96))
    with pytest.raises(MediaError, match="Frame 0"):
        list(open_y4m(tmp_path / "a.y4m").read([0]))
