import json
from pathlib import Path

import numpy as np
import pytest

from av1core.dataset.build import build
from av1core.dataset.folder import Dataset
from av1core.dataset.sources import collect
from av1core.errors import Cancelled, DatasetError, MediaError
from av1core.media import libaom
from av1core.media.photos import read_luma
from av1core.media.tree import visited_nodes

ROOT = Path(__file__).parents[2]


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
        build(collect([pictures]), tmp_path / str(workers), [220], cpu_used=6, name="same", workers=workers)
        for workers in (1, 3)
    ]
    contents = [(dataset.path / "blocks.parquet").read_bytes() for dataset in made]
    assert contents[0] == contents[1]
    assert made[0].description == made[1].description


def test_progress_counts_every_encode(pictures, tmp_path):
    steps = []
    build(collect([pictures]), tmp_path / "a", [172, 220], cpu_used=8, progress=steps.append)
    assert [step.done for step in steps] == list(range(1, 9))
    assert {step.total for step in steps} == {8}
    assert {step.what for step in steps} >= {"scene_0 at qindex 172", "scene_3 at qindex 220"}


@pytest.mark.parametrize("error", [Cancelled, KeyboardInterrupt])
def test_an_interrupted_build_leaves_nothing(pictures, tmp_path, error):
    def stop(_):
        raise error

    with pytest.raises(error):
        build(collect([pictures]), tmp_path / "a", [220], cpu_used=8, progress=stop)
    assert not list(tmp_path.iterdir())


def test_one_picture_gives_a_dataset_without_a_split_that_says_why(pictures, tmp_path):
    dataset = build(collect([pictures / "scene 0.png"]), tmp_path / "a", [172], cpu_used=6)
    assert dataset.split.method == "none"
    assert "at least two independent pictures" in dataset.split.note


def test_without_all_types_stage_1_still_gets_a_split(pictures, tmp_path):
    dataset = build(collect([pictures]), tmp_path / "a", [80], cpu_used=6)
    assert dataset.split.method == "source"
    assert "(Stage 2)" in dataset.split.note


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"qindexes": [81]}, MediaError, "qindex 81"),
        ({"qindexes": []}, DatasetError, "one qindex"),
        ({"sources": []}, DatasetError, "one picture"),
        ({"options": {"no-such-option": 1}}, MediaError, "no-such-option"),
        ({"options": {"cq-level": 10}}, MediaError, "qindex 40 instead of 220"),
    ],
)
def test_wrong_arguments_are_refused_and_leave_nothing(pictures, tmp_path, arguments, error, message):
    usual = {"sources": collect([pictures]), "qindexes": [220], "cpu_used": 8}
    with pytest.raises(error, match=message):
        build(out=tmp_path / "a", **usual | arguments)
    assert not list(tmp_path.iterdir())


def test_a_broken_picture_stops_the_build_before_it_starts(pictures, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"")
    with pytest.raises(MediaError, match=r"broken\.png"):
        build(collect([pictures, tmp_path / "broken.png"]), tmp_path / "a", [220], cpu_used=8)
    assert not (tmp_path / "a").exists()


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
    rebuilt = build(sources, tmp_path / "a", [220], cpu_used=cpu_used, options=options)
    index = [source.name for source in shipped.sources].index("text")
    assert rebuilt.sources[0].sha256 == shipped.sources[index].sha256
    assert (rebuilt.luma(0) == shipped.luma(index)).all()
    mask = (shipped.blocks.source == index) & (shipped.blocks.qindex == 220)
    for name in ("row", "col", "size", "partition"):
        assert np.array_equal(getattr(rebuilt.blocks, name), getattr(shipped.blocks, name)[mask])
