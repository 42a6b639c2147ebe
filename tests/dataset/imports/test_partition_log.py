from dataclasses import astuple

import numpy as np
import pytest

from av1core.dataset.folder import content_fingerprint
from av1core.dataset.imports.partition_log import LogCounts, import_partition_log
from av1core.dataset.record import SEARCH_LOG
from av1core.errors import DatasetError, MediaError
from av1core.media.clips import RawLayout, open_clip
from av1core.media.frame_choice import FrameChoice
from tests.dataset.imports.damage import flipped, is_sound_or_refused, truncated

HEIGHT, WIDTH, FRAMES = 72, 100, 6

# order_hint frame_type bsize row col partition qp
NODES = """
0 0 12 0 0 3 80
0 0 9 0 0 0 80
0 0 6 0 8 4 80
0 0 3 2 0 1 80
3 2 6 16 24 9 128
3 2 3 16 22 2 128
1 1 6 0 0 3 90
0 0 15 0 0 3 80
"""


@pytest.fixture
def frames():
    return np.random.default_rng(0).integers(0, 1024, (FRAMES, HEIGHT, WIDTH)).astype("<u2")


@pytest.fixture
def clip(tmp_path, frames):
    frames.tofile(tmp_path / "my clip.yuv")
    return open_clip(tmp_path / "my clip.yuv", RawLayout(WIDTH, HEIGHT, 10, "400"))


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.txt"
    path.write_text(NODES)
    return path


@pytest.fixture
def out(tmp_path):
    (tmp_path / "results").mkdir()
    return tmp_path / "results" / "out"


def rows(dataset) -> list[tuple[int, ...]]:
    """(number of the frame in the clip, qindex, size, row, col, partition) of each block."""
    blocks, numbers = dataset.blocks, dataset.sources[0].numbers
    columns = (blocks.qindex, blocks.size, blocks.row, blocks.col, blocks.partition)
    return list(zip([numbers[frame] for frame in blocks.frame], *(column.tolist() for column in columns), strict=True))


def test_nodes_and_frames_come_back(log, clip, frames, out):
    reports, done = [], []
    dataset = import_partition_log(
        log, clip, out, report=reports.append, progress=lambda *progress: done.append(progress)
    )
    assert rows(dataset) == [
        (0, 80, 8, 8, 0, 1),
        (0, 80, 16, 0, 32, 4),
        (0, 80, 32, 0, 0, 0),
        (0, 80, 64, 0, 0, 3),
        (3, 128, 8, 64, 88, 2),
        (3, 128, 16, 64, 96, 9),
    ]
    assert reports == [LogCounts(lines=8, other_frames=1, not_chosen=0, too_large=1, repeated=0, contradicted=0)]
    assert done == [(1, 2), (2, 2)]
    (source,) = dataset.sources
    assert (source.name, source.numbers, source.mosaic, source.origin) == ("my_clip", (0, 3), False, "my clip.yuv")
    assert (dataset.luma(0, 1) == frames[3]).all()
    assert dataset.description.labels == SEARCH_LOG
    assert dataset.qindexes == (80, 128)
    assert content_fingerprint(dataset) == dataset.fingerprint


def test_the_form_of_the_text_does_not_matter(log, clip, tmp_path):
    first = import_partition_log(log, clip, tmp_path / "first")
    heading = "order_hint,frame_type,bsize,row,col,partition,qp\r\n"
    log.write_text(heading + NODES.strip().replace(" ", ",").replace("\n", "\r\n"), newline="")
    assert import_partition_log(log, clip, tmp_path / "second").fingerprint == first.fingerprint


def test_a_node_is_stored_once_as_the_last_line_has_it(log, clip, out):
    log.write_text("0 0 6 0 0 3 80\n0 0 6 4 0 1 80\n0 0 6 0 0 3 80\n0 0 6 4 0 2 80\n0 0 6 4 0 0 80\n")
    reports = []
    dataset = import_partition_log(log, clip, out, report=reports.append)
    assert rows(dataset) == [(0, 80, 16, 0, 0, 3), (0, 80, 16, 16, 0, 0)]
    assert astuple(reports[0]) == (5, 0, 0, 0, 3, 1)


def test_one_node_at_two_qindexes_is_two_blocks(log, clip, out):
    log.write_text("0 0 6 0 0 3 128\n0 0 6 0 0 0 80\n")
    assert rows(import_partition_log(log, clip, out)) == [(0, 80, 16, 0, 0, 0), (0, 128, 16, 0, 0, 3)]


def test_only_the_chosen_frames_are_kept(log, clip, out):
    reports = []
    dataset = import_partition_log(log, clip, out, choice=FrameChoice.parse("every:3"), report=reports.append)
    assert dataset.sources[0].numbers == (0, 3)
    out.rename(out.with_name("other"))
    dataset = import_partition_log(log, clip, out, choice=FrameChoice.parse("3,5"), report=reports.append)
    assert dataset.sources[0].numbers == (3,)
    assert [counts.not_chosen for counts in reports] == [0, 5]


FAULTS = {
    "0 0 6 0 0 3": "line 2: there are 6 numbers where 7 belong",
    "0 0 6 0 0 3 80 1": "line 2: there are 8 numbers",
    "0 0 6 0 x 3 80": 'line 2: "x" is not an integer',
    "0 4 6 0 0 3 80": "line 2: frame_type is 4, which is not 0 to 3",
    "0 0 4 0 0 3 80": "line 2: bsize is 4, which is not a square node",
    "0 0 0 0 0 3 80": "line 2: bsize is 0,",
    "0 0 22 0 0 3 80": "line 2: bsize is 22,",
    "0 0 -1 0 0 3 80": "line 2: bsize is -1,",
    "0 0 6 0 0 10 80": "line 2: partition is 10, which is not 0 to 9",
    "0 0 6 0 0 -1 80": "line 2: partition is -1,",
    "0 0 6 0 0 3 256": "line 2: qp is 256, which is not 0 to 255",
    "6 0 6 0 0 3 80": r"line 2: order_hint is 6, which is not a frame of my clip\.yuv, which has 0 to 5",
    "-1 2 6 0 0 3 80": "line 2: order_hint is -1,",
    "0 0 3 18 0 3 80": "line 2: row is 18, which times 4 is not inside a picture of 72 lines",
    "0 0 3 0 26 3 80": "line 2: col is 26, which times 4 is not inside a picture 100 pixels wide",
    "0 0 3 -2 0 3 80": "line 2: row is -2,",
    "0 0 6 2 0 3 80": "line 2: row is 2, which is not on the grid",
    "0 0 9 0 4 3 80": "line 2: col is 4, which is not on the grid",
    "0 0 6 123456789012345678 0 3 80": "line 2: row is 123456789012345678,",
}


@pytest.mark.parametrize("line", FAULTS)
def test_what_does_not_fit_is_named_with_its_line(log, clip, out, line):
    log.write_text(f"0 0 6 0 0 3 80\n{line}\n0 0 6 0 0 99 80\n")
    with pytest.raises(DatasetError, match=rf"log\.txt, {FAULTS[line]}"):
        import_partition_log(log, clip, out)
    assert not list(out.parent.iterdir())


@pytest.mark.parametrize("content", ["", "\n\n", "order_hint qp\n", "9 1 6 0 0 3 80\n", "0 0 15 0 0 3 80\n"])
def test_a_log_without_nodes_of_intra_frames_is_refused(log, clip, out, content):
    log.write_text(content)
    with pytest.raises(DatasetError, match=r"log\.txt has no nodes"):
        import_partition_log(log, clip, out)


def test_a_clip_that_ends_early_leaves_nothing(log, clip, out):
    clip.path.write_bytes(clip.path.read_bytes()[: 2 * HEIGHT * WIDTH * 2])
    with pytest.raises(MediaError):
        import_partition_log(log, clip, out)
    assert not list(out.parent.iterdir())


def test_damaged_logs_are_refused_or_sound(log, clip, out):
    data, results = log.read_bytes(), []
    for changed in [*flipped(data), *truncated(data)]:
        log.write_bytes(changed)
        results.append(is_sound_or_refused(lambda out: import_partition_log(log, clip, out), out.parent))
    assert True in results and False in results
