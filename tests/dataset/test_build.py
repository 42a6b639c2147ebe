import json
import struct
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from av1core.dataset.build import build
from av1core.dataset.encoding import Encoding
from av1core.dataset.folder import Dataset
from av1core.dataset.sources import collect
from av1core.errors import Cancelled, DatasetError, MediaError
from av1core.media import libaom
from av1core.media.clips import RawLayout
from av1core.media.frame_choice import FrameChoice
from av1core.media.photos import read_luma
from av1core.media.tree import visited_nodes
from tests.media.conftest import textured

ROOT = Path(__file__).parents[2]
FAST = Encoding((220,), speed=8)


def test_the_folder_holds_exactly_its_contract(built):
    files = sorted(str(path.relative_to(built)) for path in built.rglob("*") if path.is_file())
    frames = [f"frames/scene_{index}.tif" for index in range(4)]
    assert files == ["blocks.parquet", "dataset.json", *frames]
    assert [path.name for path in built.parent.iterdir()] == ["small"]


def test_labels_and_pixels_are_those_of_the_pictures(dataset, pictures):
    luma = read_luma(pictures / "scene 2.png")
    assert (dataset.luma(2) == luma).all()
    stream = libaom.encode_intra(luma, cq_level=libaom.cq_level_for(172), cpu_used=1)
    nodes = visited_nodes(libaom.read_mode_info(stream))
    mask = (dataset.blocks.source == 2) & (dataset.blocks.qindex == 172)
    for name in ("row", "col", "size", "partition"):
        assert (getattr(dataset.blocks, name)[mask] == getattr(nodes, name)).all()


def test_the_description_says_what_was_done(dataset):
    assert dataset.qindexes == (80, 172)
    assert dataset.name == "small"
    assert dataset.encoder.version == libaom.version()
    assert dataset.encoder.options == {"cpu-used": "1", "enable-1to4-partitions": "0"}
    assert dataset.description.labels == "final tree of the stream"
    assert [source.name for source in dataset.sources] == [f"scene_{index}" for index in range(4)]
    assert "/" not in json.dumps([source.origin for source in dataset.sources])


def test_workers_do_not_change_the_result(pictures, tmp_path):
    made = [
        build(collect([pictures]), tmp_path / str(workers), Encoding((220,), speed=6), name="same", workers=workers)
        for workers in (1, 3)
    ]
    contents = [(dataset.path / "blocks.parquet").read_bytes() for dataset in made]
    assert contents[0] == contents[1]
    assert made[0].description == made[1].description


def test_progress_counts_every_picture_and_every_encode(pictures, tmp_path):
    steps = []
    build(collect([pictures]), tmp_path / "a", Encoding((172, 220), speed=8), progress=steps.append)
    assert [(step.doing, step.done, step.total) for step in steps] == [
        *(("reading frames", done, 4) for done in range(1, 5)),
        *(("encoding", done, 8) for done in range(1, 9)),
    ]
    assert {step.what for step in steps} >= {"scene_0, frame 0, qindex 172", "scene_3, frame 0, qindex 220"}
    assert all(step.seconds_left >= 0 for step in steps) and steps[-1].seconds_left == 0


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("pieces", [1, 4, 7, 11])
def test_a_stopped_build_goes_on_and_ends_as_if_undisturbed(pictures, tmp_path, pieces):
    encoding, done = Encoding((172, 220), speed=8), []
    undisturbed = build(collect([pictures]), tmp_path / "whole" / "a", encoding)

    with pytest.raises(Cancelled, match="goes on"):
        build(
            collect([pictures]), tmp_path / "a", encoding, workers=1,
            progress=done.append, cancelled=lambda: len(done) >= pieces,
        )  # fmt: skip
    assert [path.name for path in tmp_path.iterdir() if "a" in path.name] == [".a.partial"]
    again = []
    finished = build(collect([pictures]), tmp_path / "a", encoding, progress=again.append)
    # The one piece under way when it was stopped was kept too.
    assert len(done) + len(again) in (11, 12)
    assert files(finished.path) == files(undisturbed.path)
    assert not list(tmp_path.glob(".*"))


def test_a_killed_build_goes_on_and_ends_as_if_undisturbed(pictures, tmp_path):
    encoding = Encoding((128,), speed=0)
    undisturbed = build(collect([pictures]), tmp_path / "whole" / "a", encoding)
    code = (
        "from av1core.dataset.build import build; from av1core.dataset.sources import collect;"
        "from av1core.dataset.encoding import Encoding;"
        f"build(collect([{str(pictures)!r}]), {str(tmp_path / 'a')!r}, Encoding((128,), speed=0), workers=1)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    labels = tmp_path / ".a.partial" / "labels"
    deadline = time.monotonic() + 60
    while not (labels.exists() and any(labels.glob("*.npy"))) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert not (tmp_path / "a").exists() and any(labels.glob("*.npy"))
    assert files(build(collect([pictures]), tmp_path / "a", encoding).path) == files(undisturbed.path)


def test_an_unfinished_build_of_other_settings_is_refused_and_can_be_restarted(pictures, tmp_path):
    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(collect([pictures]), tmp_path / "a", FAST, progress=stop)
    with pytest.raises(DatasetError, match=r"differ in encoding.*--restart"):
        build(collect([pictures]), tmp_path / "a", Encoding((172,), speed=8))
    assert build(collect([pictures]), tmp_path / "a", Encoding((172,), speed=8), restart=True).qindexes == (172,)


def test_labels_survive_an_error_of_another_encode(pictures, tmp_path, monkeypatch):
    encode, calls = Encoding.nodes, []

    def failing(self, luma, qindex):
        calls.append(qindex)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        return encode(self, luma, qindex)

    monkeypatch.setattr(Encoding, "nodes", failing)
    with pytest.raises(DatasetError, match=r"No space left on device.*repeat the build"):
        build(collect([pictures]), tmp_path / "a", FAST, workers=1)
    monkeypatch.undo()
    steps = []
    build(collect([pictures]), tmp_path / "a", FAST, progress=steps.append)
    encoded = [step.done for step in steps if step.doing == "encoding"]
    assert encoded in ([4], [3, 4])  # the last piece may have begun before the third failed


def clip(path: Path, numbers, height=72, width=100) -> Path:
    """A raw 10-bit clip with one frame for each seed in `numbers`."""
    planes = [textured(height, width, seed=number).astype("<u2").tobytes() for number in numbers]
    path.write_bytes(b"".join(plane + bytes(height // 2 * (width // 2) * 4) for plane in planes))
    return path


RAW = RawLayout(100, 72, 10)


def test_chosen_frames_of_a_clip_are_kept_with_their_numbers(tmp_path):
    video = clip(tmp_path / "clip.yuv", range(6))
    sources = collect([video], frames=FrameChoice.parse("1,4"), raw=RAW)
    dataset = build(sources, tmp_path / "a", Encoding((128, 220), speed=4))
    assert dataset.sources[0].numbers == (1, 4)
    for frame, number in enumerate((1, 4)):
        assert (dataset.luma(0, frame) == textured(72, 100, seed=number)).all()
        nodes = Encoding((128,), speed=4).nodes(textured(72, 100, seed=number), 128)
        mask = (dataset.blocks.frame == frame) & (dataset.blocks.qindex == 128)
        assert (dataset.blocks.partition[mask] == nodes.partition).all()


def av1(path: Path, lumas) -> Path:
    """An all-intra AV1 stream of the pictures, in IVF."""
    units = [libaom.encode_intra(luma, cq_level=32, cpu_used=6) for luma in lumas]
    height, width = lumas[0].shape
    head = b"DKIF" + struct.pack("<HH4sHHIIII", 0, 32, b"AV01", width, height, 25, 1, len(units), 0)
    frames = (struct.pack("<IQ", len(unit), time) + unit for time, unit in enumerate(units))
    path.write_bytes(head + b"".join(frames))
    return path


def test_labels_of_a_given_stream_are_those_of_its_frames(tmp_path):
    lumas = [textured(72, 100, seed=number) for number in range(4)]
    stream, video = av1(tmp_path / "a.ivf", lumas), clip(tmp_path / "a.yuv", range(4))
    sources = collect([video], frames=FrameChoice.parse("every:2"), raw=RAW, stream=stream)
    dataset = build(sources, tmp_path / "a")
    assert dataset.sources[0].numbers == (0, 2) and dataset.qindexes == (128,)
    assert dataset.encoder.name == "given streams"
    for frame, number in enumerate((0, 2)):
        nodes = Encoding((128,), speed=6).nodes(lumas[number], 128)
        assert (dataset.blocks.partition[dataset.blocks.frame == frame] == nodes.partition).all()
        assert (dataset.luma(0, frame) == lumas[number]).all()


@pytest.mark.parametrize(
    ("frames", "size", "message"),
    [(3, (72, 100), "has 4 frames and .* has 3"), (4, (72, 120), "100×72 and .* of 120×72")],
)
def test_a_stream_of_another_source_is_refused(tmp_path, frames, size, message):
    stream = av1(tmp_path / "a.ivf", [textured(72, 100, seed=number) for number in range(4)])
    video = clip(tmp_path / "a.yuv", range(frames), *size)
    with pytest.raises(DatasetError, match=message):
        build(collect([video], raw=RawLayout(size[1], size[0], 10), stream=stream), tmp_path / "a")
    assert not (tmp_path / "a").exists() and not (tmp_path / ".a.partial").exists()


def test_validation_sources_can_be_listed(pictures, tmp_path):
    dataset = build(collect([pictures]), tmp_path / "a", FAST, val=["scene_2"])
    assert dataset.split.method == "list" and dataset.split.val == ("scene_2",)
    with pytest.raises(DatasetError, match="scene_9"):
        build(collect([pictures]), tmp_path / "b", FAST, val=["scene_9"])
    assert not (tmp_path / ".b.partial").exists()


def test_one_picture_gives_a_dataset_without_a_split_that_says_why(pictures, tmp_path):
    dataset = build(collect([pictures / "scene 0.png"]), tmp_path / "a", Encoding((172,), speed=6))
    assert dataset.split.method == "none"
    assert "at least two independent pictures" in dataset.split.note


def test_without_all_types_stage_1_still_gets_a_split(pictures, tmp_path):
    dataset = build(collect([pictures]), tmp_path / "a", Encoding((80,), speed=6))
    assert dataset.split.method == "source"
    assert "(Stage 2)" in dataset.split.note


@pytest.mark.parametrize(
    ("sources", "encoding", "error", "message"),
    [
        (0, {}, DatasetError, "one picture"),
        (4, {"options": {"no-such-option": "1"}}, MediaError, "no-such-option"),
        (4, {"options": {"cq-level": "10"}}, MediaError, "qindex 40 instead of 220"),
        (4, {"tools": {"rect": False}, "options": {"enable-rect-partitions": "1"}, "speed": 2}, MediaError, "rect"),
    ],
)
def test_wrong_arguments_are_refused_and_leave_nothing(pictures, tmp_path, sources, encoding, error, message):
    with pytest.raises(error, match=message):
        build(collect([pictures])[:sources], tmp_path / "a", Encoding(**{"qindexes": (220,), "speed": 8} | encoding))
    assert not list(tmp_path.iterdir())


def test_a_broken_picture_stops_the_build_before_it_starts(pictures, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"")
    with pytest.raises(MediaError, match=r"broken\.png"):
        build(collect([pictures, tmp_path / "broken.png"]), tmp_path / "a", FAST)
    assert not (tmp_path / "a").exists()


def test_labels_of_another_encoder_version_are_refused(pictures, tmp_path, monkeypatch):
    record = Encoding.record

    def other_node_from_here(step):
        if step.done == step.total:  # all frames are read
            monkeypatch.setattr(Encoding, "record", lambda encoding: replace(record(encoding), version="0.0.0"))

    with pytest.raises(DatasetError, match=rf"libaom 0\.0\.0.*began with {libaom.version()}.*same version"):
        build(collect([pictures]), tmp_path / "a", FAST, progress=other_node_from_here)


def test_the_shipped_dataset_is_what_a_rebuild_gives(tmp_path):
    shipped = Dataset.open(ROOT / "data" / "photos")
    if shipped.encoder.version != libaom.version():
        pytest.skip(f"libaom {libaom.version()} here, {shipped.encoder.version} made the shipped dataset")
    try:
        sources = [source for source in collect([ROOT / "data" / "photos.toml"]) if source.name == "text"]
    except MediaError as error:
        pytest.skip(str(error))
    options = dict(shipped.encoder.options)
    cpu_used = int(options.pop("cpu-used"))
    rebuilt = build(sources, tmp_path / "a", Encoding((220,), speed=cpu_used, options=options))
    index = [source.name for source in shipped.sources].index("text")
    assert rebuilt.sources[0].sha256 == shipped.sources[index].sha256
    assert (rebuilt.luma(0) == shipped.luma(index)).all()
    mask = (shipped.blocks.source == index) & (shipped.blocks.qindex == 220)
    for name in ("row", "col", "size", "partition"):
        assert np.array_equal(getattr(rebuilt.blocks, name), getattr(shipped.blocks, name)[mask])
