import imagecodecs
import numpy as np
import pytest

from av1core.errors import MediaError
from av1core.media import libaom
from av1core.media.obu import UnitParser
from av1core.media.streams import open_stream
from av1core.media.tree import visited_nodes
from av1core.partition import Partition
from tests.media.conftest import textured
from tests.media.reading import blocks_of_frames, labels_of, tree_of_blocks
from tests.media.video import SMALL_STREAM, packets_of, remux, write_av1, write_video

HEIGHT, WIDTH = 136, 200


def same(first, second):
    return (
        first.base_qindex == second.base_qindex
        and np.array_equal(first.block_size, second.block_size)
        and np.array_equal(first.partition, second.partition)
    )


@pytest.fixture(scope="module")
def trees():
    return {frame.number: frame.mode_info for frame in open_stream(SMALL_STREAM).read()}


def test_the_small_stream():
    stream = open_stream(SMALL_STREAM)
    assert (stream.height, stream.width, stream.frames) == (HEIGHT, WIDTH, 3)
    assert (stream.intra, stream.hidden) == ((0, 2), 0)


def test_every_label_equals_a_reading_of_block_sizes_in_order(trees):
    """The other reading decodes every frame, inter frames too, in one decoder, and never sees a partition type."""
    parser = UnitParser()
    frames = [frame.data for unit in packets_of(SMALL_STREAM) for frame in parser.frames_of(unit)]
    blocks = blocks_of_frames(frames, HEIGHT, WIDTH)
    assert sorted(trees) == [0, 2]
    seen = set()
    for number, mode_info in trees.items():
        labels = labels_of(visited_nodes(mode_info))
        assert labels == tree_of_blocks(blocks[number], HEIGHT, WIDTH)
        seen |= set(labels.values())
    assert seen == set(Partition)


def test_chosen_frames_are_read_alone(trees):
    (frame,) = open_stream(SMALL_STREAM).read([2])
    assert frame.number == 2 and same(frame.mode_info, trees[2])
    assert list(open_stream(SMALL_STREAM).read([])) == []


@pytest.mark.parametrize("number", [1, 3, -1])
def test_a_frame_that_is_not_intra_is_refused(number):
    with pytest.raises(MediaError, match=rf"Frame {number} of .*small\.ivf is no intra frame"):
        open_stream(SMALL_STREAM).read([0, number])


@pytest.mark.parametrize("suffix", [".ivf", ".obu", ".mp4", ".mkv", ".webm"])
def test_the_container_does_not_matter(trees, tmp_path, suffix):
    stream = open_stream(remux(SMALL_STREAM, tmp_path / f"a{suffix}"))
    assert (stream.height, stream.width, stream.frames, stream.intra) == (HEIGHT, WIDTH, 3, (0, 2))
    assert all(same(frame.mode_info, trees[frame.number]) for frame in stream.read())


def test_annex_b_is_read(trees, tmp_path):
    def sized(data):
        return bytes([len(data) & 127 | 128, len(data) >> 7]) + data  # leb128 of two bytes

    def without_size(unit):
        position, parts = 0, b""
        while position < len(unit):
            size, start = unit[position + 1], position + 2
            if size & 128:
                size, start = size & 127 | unit[position + 2] << 7, position + 3
            parts += sized(bytes([unit[position] & ~2]) + unit[start : start + size])
            position = start + size
        return parts

    units = [without_size(unit) for unit in packets_of(SMALL_STREAM)]
    (tmp_path / "a.obu").write_bytes(b"".join(sized(sized(unit)) for unit in units))
    assert all(same(frame.mode_info, trees[frame.number]) for frame in open_stream(tmp_path / "a.obu").read())


def test_the_sequence_header_may_stand_in_the_configuration_alone(trees, tmp_path):
    path = remux(SMALL_STREAM, tmp_path / "a.mp4")
    data, header = path.read_bytes(), b"\x0a\x0b\x00\x00\x00"
    places = [place for place in range(len(data)) if data.startswith(header, place)]
    assert len(places) == 2
    path.write_bytes(data.replace(header, b"\x7a" + header[1:], 1))  # padding in the packet, which comes first
    assert packets_of(path)[0].startswith(b"\x7a")
    assert all(same(frame.mode_info, trees[frame.number]) for frame in open_stream(path).read())


def test_an_all_intra_stream_equals_its_frames_read_one_by_one(tmp_path):
    frames = [textured(72, 104, seed) for seed in range(4)]
    path = write_av1(tmp_path / "a.ivf", frames, 8, "qp=30:lp=1:keyint=1")
    stream = open_stream(path)
    assert stream.intra == (0, 1, 2, 3)
    for frame, unit in zip(stream.read(), packets_of(path), strict=True):
        assert same(frame.mode_info, libaom.read_mode_info(unit))


def test_hidden_intra_frames_are_counted_and_left_out(tmp_path):
    frames = [np.roll(textured(64, 64), 3 * index, 1) for index in range(9)]
    path = write_av1(tmp_path / "a.mkv", frames, 10, "qp=50:lp=1:keyint=4:irefresh-type=1:hierarchical-levels=2")
    stream = open_stream(path)
    assert (stream.frames, stream.intra, stream.hidden) == (9, (0,), 2)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_avif(tmp_path, channels):
    samples = np.repeat((textured(72, 104) >> 2).astype(np.uint8)[..., None], channels, 2)
    (tmp_path / "a.avif").write_bytes(imagecodecs.avif_encode(samples.squeeze(), level=50))
    stream = open_stream(tmp_path / "a.avif")
    (frame,) = stream.read()
    assert (stream.frames, stream.intra, frame.mode_info.block_size.shape) == (1, (0,), (9, 13))


def test_a_stream_with_superresolution_is_refused(tmp_path):
    path = write_av1(tmp_path / "a.ivf", [textured(128, 128)], 10, "qp=40:superres-mode=1:superres-kf-denom=12")
    with pytest.raises(MediaError, match=r"a\.ivf: .*superres"):
        open_stream(path)


def test_a_change_of_size_is_refused(tmp_path):
    for name, size in (("a", (64, 64)), ("b", (64, 72))):
        write_av1(tmp_path / f"{name}.obu", [textured(*size)], 10, "qp=40:keyint=1")
    (tmp_path / "c.obu").write_bytes(b"".join((tmp_path / f"{name}.obu").read_bytes() for name in "ab"))
    stream = open_stream(tmp_path / "c.obu")
    assert len(list(stream.read([0]))) == 1
    with pytest.raises(MediaError, match=r"Frame 1 of .* has 72×64 pixels, frame 0 64×64"):
        list(stream.read())


def test_spatial_layers_are_refused(tmp_path):
    first, *_ = packets_of(SMALL_STREAM)
    place = first.index(b"\x32")  # the frame's OBU gets an extension of spatial layer 1
    (tmp_path / "a.obu").write_bytes(first[:place] + b"\x36\x08" + first[place + 1 :])
    with pytest.raises(MediaError, match=r"spatial layers"):
        open_stream(tmp_path / "a.obu")


def test_another_codec_is_named(tmp_path):
    path = write_video(tmp_path / "a.mkv", [np.zeros((32, 32), np.uint8)], "ffv1", "gray")
    with pytest.raises(MediaError, match=r"a\.mkv holds ffv1 video"):
        open_stream(path)


@pytest.mark.parametrize("content", [None, b"", b"no stream", bytes(1000)])
def test_what_is_no_stream_is_named(tmp_path, content):
    if content is not None:
        (tmp_path / "a.ivf").write_bytes(content)
    with pytest.raises(MediaError, match=r"a\.ivf"):
        open_stream(tmp_path / "a.ivf")


@pytest.mark.parametrize("suffix", [".ivf", ".obu", ".mp4", ".mkv"])
def test_nothing_but_media_error_comes_of_damage(trees, tmp_path, suffix):
    random = np.random.default_rng(0)
    data = remux(SMALL_STREAM, tmp_path / f"a{suffix}").read_bytes()
    refused = 0
    for _ in range(40):
        damaged = bytearray(data[: random.integers(1, len(data) + 1)])
        for place in random.integers(0, len(damaged), random.integers(0, 4)):
            damaged[place] ^= 1 << random.integers(0, 8)
        (tmp_path / f"b{suffix}").write_bytes(damaged)
        try:
            for frame in open_stream(tmp_path / f"b{suffix}").read():
                visited_nodes(frame.mode_info)
        except MediaError as error:
            refused += 1
            assert f"b{suffix}" in str(error)
    assert refused
