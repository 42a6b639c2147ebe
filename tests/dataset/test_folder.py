import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from av1core.dataset.folder import Dataset, content_fingerprint, new_folder
from av1core.dataset.tables import BLOCKS
from av1core.errors import DatasetError

ROOT = Path(__file__).parents[2]


def edit_description(folder, change):
    value = json.loads((folder / "dataset.json").read_text())
    change(value)
    (folder / "dataset.json").write_text(json.dumps(value))


def edit_table(folder, change):
    parquet.write_table(change(parquet.read_table(folder / BLOCKS)), folder / BLOCKS)


def cut(file):
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


DAMAGES = {
    "no description": (lambda f: (f / "dataset.json").unlink(), r"dataset\.json is missing"),
    "torn description": (lambda f: cut(f / "dataset.json"), r"dataset\.json is not"),
    "other JSON": (lambda f: (f / "dataset.json").write_text("[]"), r"dataset\.json.*should be an object"),
    "unknown key": (lambda f: edit_description(f, lambda d: d.update(colour=1)), r'dataset\.json.*"colour"'),
    "unknown nested key": (
        lambda f: edit_description(f, lambda d: d["sources"][1].update(colour=1)),
        r'dataset\.json.*"sources\.1\.colour"',
    ),
    "missing key": (lambda f: edit_description(f, lambda d: d.pop("qindexes")), r'dataset\.json.*"qindexes"'),
    "wrong type": (lambda f: edit_description(f, lambda d: d.update(name=3)), r'dataset\.json.*"name"'),
    "later format": (
        lambda f: edit_description(f, lambda d: d.update(format=9)),
        r'dataset\.json.*"format" is 9',
    ),
    "unknown validation source": (
        lambda f: edit_description(f, lambda d: d["split"]["val"].append("ghost")),
        r"dataset\.json.*'ghost'",
    ),
    "file elsewhere": (
        lambda f: edit_description(f, lambda d: d["sources"][0].update(file="../secret.tif")),
        r"dataset\.json.*not a file in frames/",
    ),
    "other row count": (
        lambda f: edit_description(f, lambda d: d.update(block_count=7)),
        r"blocks\.parquet has \d+ blocks and dataset\.json says 7",
    ),
    "no blocks": (lambda f: (f / BLOCKS).unlink(), r"blocks\.parquet is missing"),
    "torn blocks": (lambda f: cut(f / BLOCKS), r"blocks\.parquet is damaged"),
    "empty blocks": (lambda f: (f / BLOCKS).write_bytes(b""), r"blocks\.parquet is damaged"),
    "missing column": (
        lambda f: edit_table(f, lambda t: t.drop(["qindex"])),
        r"blocks\.parquet has the columns",
    ),
    "wrong column type": (
        lambda f: edit_table(f, lambda t: t.set_column(2, "row", t["row"].cast(pa.int64()))),
        r"blocks\.parquet has the columns .*row int64",
    ),
    "unknown source": (
        lambda f: edit_table(f, lambda t: t.set_column(0, "source", pa.array([99] * len(t), pa.int16()))),
        r"blocks\.parquet names sources",
    ),
    "empty cells": (
        lambda f: edit_table(f, lambda t: t.set_column(0, "source", pa.array([None] * len(t), pa.int16()))),
        r"blocks\.parquet has empty cells",
    ),
    "block outside": (
        lambda f: edit_table(f, lambda t: t.set_column(2, "row", pa.array([9999] * len(t), pa.int32()))),
        r"blocks\.parquet has blocks outside",
    ),
    "missing frames": (lambda f: (f / "frames/scene_1.tif").unlink(), r"scene_1\.tif is missing"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_named_at_opening(copy, damage):
    act, message = DAMAGES[damage]
    act(copy)
    with pytest.raises(DatasetError, match=message):
        Dataset.open(copy)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_a_torn_frame_file_is_named_when_read(copy):
    cut(copy / "frames/scene_1.tif")
    with pytest.raises(DatasetError, match=r"scene_1\.tif"):
        Dataset.open(copy).luma(1)


def test_a_frame_of_another_size_is_named(copy):
    (copy / "frames/scene_1.tif").write_bytes((copy / "frames/scene_0.tif").read_bytes())
    with pytest.raises(DatasetError, match=r"scene_1\.tif.*192×160"):
        Dataset.open(copy).luma(1)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DatasetError, match="nowhere"):
        Dataset.open(tmp_path / "nowhere")


def test_columns_have_their_types_and_order(dataset):
    blocks = dataset.blocks
    kinds = ["int16", "int32", "int32", "int32", "int16", "int16", "int8"]
    assert [str(column.dtype) for _, column in blocks.columns()] == kinds
    keys = (blocks.col, blocks.row, blocks.size, blocks.qindex, blocks.frame, blocks.source)
    assert (np.lexsort(keys) == np.arange(len(blocks))).all()


def test_the_fingerprint_is_of_labels_and_pixels(copy):
    dataset = Dataset.open(copy)
    assert content_fingerprint(dataset) == dataset.fingerprint
    edit_table(copy, lambda t: t.set_column(6, "partition", pa.array([0] * len(t), pa.int8())))
    assert content_fingerprint(Dataset.open(copy)) != dataset.fingerprint


def test_opening_imports_nothing_slow(built):
    script = (
        "import sys; from av1core.dataset.folder import Dataset; Dataset.open(sys.argv[1]).luma(0); "
        "print({'torch', 'pandas', 'imagecodecs', 'streamlit'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", script, built], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


def test_a_new_folder_appears_only_when_whole(tmp_path):
    with new_folder(tmp_path / "a") as folder:
        (folder / "file").touch()
        assert not (tmp_path / "a").exists()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["file"]
    with pytest.raises(KeyboardInterrupt), new_folder(tmp_path / "b") as folder:
        (folder / "file").touch()
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_an_existing_folder_is_refused_unless_empty(tmp_path):
    (tmp_path / "empty").mkdir()
    with new_folder(tmp_path / "empty") as folder:
        (folder / "file").touch()
    with pytest.raises(DatasetError, match="not an empty folder"), new_folder(tmp_path / "empty"):
        pass
    assert (tmp_path / "empty" / "file").exists()


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(DatasetError, match="file/out cannot be created"),
        new_folder(tmp_path / "file" / "out"),
    ):
        pass
