import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import av
import numpy as np
import pytest

from av1core.errors import MediaError
from av1core.media import libaom, svtav1
from av1core.media.tree import visited_nodes
from av1core.partition import Partition
from tests.media.conftest import textured
from tests.media.reading import blocks_of_frames, labels_of, tree_of_blocks


def types(preset, **options):
    stream = svtav1.encode_intra(textured(136, 200), qindex=120, preset=preset, options=options)
    return set(labels_of(visited_nodes(libaom.read_mode_info(stream))).values())


def test_version():
    assert int(svtav1.version().split(".")[0]) >= 1


@pytest.mark.parametrize("options", [{}, {"keyint": 1}, {"pred-struct": 1}], ids=str)
@pytest.mark.parametrize("qindex", [0, 4, 80, 128, 172, 220, 249, 255])
def test_the_stream_has_the_qindex_asked_for(qindex, options):
    stream = svtav1.encode_intra(textured(72, 64), qindex=qindex, preset=8, options=options)
    assert libaom.read_mode_info(stream).base_qindex == qindex


def test_an_impossible_qindex_names_the_nearest():
    with pytest.raises(MediaError, match=r"SVT-AV1 cannot encode at qindex 81; .* 80 and 84"):
        svtav1.encode_intra(textured(64, 64), qindex=81)


@pytest.mark.parametrize("size", [(4, 4), (5, 7), (33, 17), (63, 65), (150, 205)])
def test_the_frame_has_the_size_of_the_picture(size):
    mode_info = libaom.read_mode_info(svtav1.encode_intra(textured(*size), qindex=80, preset=10))
    assert (mode_info.height, mode_info.width) == size


def test_the_stream_holds_the_picture():
    luma = textured(63, 65)
    decoder = av.CodecContext.create("libdav1d", "r")
    packet = av.Packet(svtav1.encode_intra(luma, qindex=4, preset=8))
    (frame,) = [*decoder.decode(packet), *decoder.decode(None)]
    decoded = np.frombuffer(frame.planes[0], np.uint16).reshape(-1, frame.planes[0].line_size // 2)[:63, :65]
    assert np.abs(decoded.astype(int) - luma).max() <= 24


def test_labels_equal_a_reading_of_block_sizes_alone():
    stream = svtav1.encode_intra(textured(136, 200), qindex=120, preset=1)
    labels = labels_of(visited_nodes(libaom.read_mode_info(stream)))
    assert labels == tree_of_blocks(blocks_of_frames([stream], 136, 200)[0], 136, 200)


def test_presets_give_the_types_that_are_documented():
    rectangles = {Partition.HORZ, Partition.VERT}
    four_way = {Partition.HORZ_4, Partition.VERT_4}
    assert types(0) == set(Partition)
    assert rectangles < types(2) <= {Partition.NONE, Partition.SPLIT} | rectangles | four_way
    assert not types(6) & four_way
    assert types(8, keyint=1) <= {Partition.NONE, Partition.SPLIT}


def test_the_same_picture_gives_the_same_stream_in_any_thread():
    luma = textured(96, 128)
    with ThreadPoolExecutor(2) as pool:
        streams = set(pool.map(lambda _: svtav1.encode_intra(luma, qindex=128, preset=6), range(4)))
    assert len(streams) == 1


def test_other_threads_run_while_it_encodes():
    ticks, ended = [], threading.Event()

    def tick():
        while not ended.wait(0.001):
            ticks.append(None)

    thread = threading.Thread(target=tick)
    thread.start()
    before = len(ticks)
    svtav1.encode_intra(textured(256, 256), qindex=80, preset=1)
    during = len(ticks) - before
    ended.set()
    thread.join()
    assert during >= 10


@pytest.mark.skipif(not hasattr(os, "sched_setscheduler"), reason="The system has no scheduling policies to set.")
@pytest.mark.parametrize("policy", ["SCHED_OTHER", "SCHED_BATCH"])
def test_no_thread_becomes_a_real_time_one(policy):
    policy, ended = getattr(os, policy), threading.Event()

    def policies():
        for thread in os.listdir("/proc/self/task"):
            with suppress(ProcessLookupError):
                yield os.sched_getscheduler(int(thread))

    def last_seen():
        seen = set()
        while not ended.wait(0.02):
            seen = set(policies())
        return seen

    def encode():
        os.sched_setscheduler(0, policy, os.sched_param(0))
        svtav1.encode_intra(textured(512, 512), qindex=80, preset=4)
        return os.sched_getscheduler(0)

    with ThreadPoolExecutor(2) as pool:
        watching = pool.submit(last_seen)
        after = pool.submit(encode).result()
        ended.set()
        during = watching.result()
    assert after == policy
    assert policy in during and not during & {os.SCHED_FIFO, os.SCHED_RR}


def test_nothing_is_written_to_stderr(capfd):
    svtav1.encode_intra(textured(64, 64), qindex=80, preset=8)
    assert capfd.readouterr() == ("", "")


def test_options_reach_the_encoder():
    luma = textured(128, 128)
    usual, flat = (
        svtav1.encode_intra(luma, qindex=80, preset=8, options=options) for options in ({}, {"enable-dlf": 0})
    )
    assert usual != flat


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"no-such-option": 1}, "refused the option no-such-option=1"),
        ({"enable-dlf": 0, "no-such-option": 1, "tile-rows": 0}, "refused the option no-such-option=1"),
        ({"tile-rows": 99}, "refused the option tile-rows=99"),
        ({"tile-rows": "0:qp=3"}, "refused the option tile-rows"),
        ({"qp": 3}, "option qp=3 is refused"),
        ({"key-frame-qindex-offset": 3}, "key-frame-qindex-offset=3 is refused"),
        ({"aq-mode": 2}, "aq-mode=2 is refused"),
        ({"lp": 2}, "lp=2 is refused"),
        ({"tune": 3}, "tune=3 is refused"),
    ],
)
def test_options_that_are_unknown_or_settled_are_refused(options, message):
    with pytest.raises(MediaError, match=message):
        svtav1.encode_intra(textured(64, 64), qindex=80, options=options)


@pytest.mark.parametrize(
    ("luma", "preset", "message"),
    [
        (np.zeros((64, 64), np.uint8), 8, "uint16"),
        (np.full((64, 64), 1024, np.uint16), 8, "10 bits"),
        (np.zeros((3, 64), np.uint16), 8, "4×4 to 16384×8704 pixels, not 64×3"),
        (np.zeros((64, 64), np.uint16), 14, "presets -1 to 13"),
    ],
)
def test_what_cannot_be_encoded_is_refused(luma, preset, message):
    with pytest.raises(MediaError, match=message):
        svtav1.encode_intra(luma, qindex=80, preset=preset)
