import argparse
import json
import shutil

import numpy as np
import pytest
from PIL import Image
from pyarrow import parquet

from av1core.cli.dataset import add_parser
from av1core.dataset.frames import read_frame, write_frames
from av1core.errors import DatasetError
from tests.media.conftest import textured


def main(*arguments) -> int:
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers(required=True))
    args = parser.parse_args(["dataset", *map(str, arguments)])
    return args.handler(args)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    for index in range(2):
        Image.fromarray((textured(96, 128, seed=index) >> 2).astype("uint8")).save(folder / f"{index}.png")
    return folder


@pytest.fixture(scope="module")
def built(pictures, tmp_path_factory):
    out = tmp_path_factory.mktemp("datasets") / "pair"
    assert main("build", pictures, "--out", out, "--qindex", "80,172", "--cpu-used", 6) == 0
    return out


def test_build_reports_progress_and_the_result(pictures, tmp_path, capsys):
    code = main(
        *("build", pictures, "--out", tmp_path / "a", "--qindex", "220", "--cpu-used", 8, "--name", "mine"),
        *("--option", "sb-size=64", "--json"),
    )
    output = capsys.readouterr()
    facts = json.loads(output.out)
    assert code == 0
    assert "2/2" in output.err
    assert facts["name"] == "mine"
    assert facts["options"] == {"cpu-used": "8", "enable-1to4-partitions": "0", "sb-size": "64"}


def test_info_counts_every_block(built, capsys):
    assert main("info", built, "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["blocks"] == sum(sum(types.values()) for types in facts["blocks_by_size"].values())
    for columns in facts["stages"].values():
        whole = sum(columns["all"].values())
        assert whole == sum(sum(columns[f"qindex {qindex}"].values()) for qindex in facts["qindexes"])
        assert whole == sum(sum(columns[side].values()) for side in ("train", "val"))


def test_info_for_people_names_sources_and_split(built, capsys):
    assert main("info", built) == 0
    text = capsys.readouterr().out
    assert "no licence given" in text
    assert "Split by source; validation: " in text


def test_a_dataset_equals_its_copy(built, tmp_path, capsys):
    shutil.copytree(built, tmp_path / "copy")
    assert main("verify", built, tmp_path / "copy") == 0
    assert "Equal" in capsys.readouterr().out


def test_other_labels_and_pixels_are_reported_by_source(pictures, built, tmp_path, capsys):
    for index in range(2):
        shutil.copy(pictures / f"{index}.png", tmp_path)
    Image.fromarray(np.full((96, 128), 9, np.uint8)).save(tmp_path / "1.png")
    main("build", tmp_path, "--out", tmp_path / "other", "--qindex", "80,172", "--cpu-used", 6)
    capsys.readouterr()
    assert main("verify", built, tmp_path / "other") == 1
    text = capsys.readouterr().out
    assert "1: the pixels differ" in text and "1: " in text.split("\n")[1]
    assert not any(line.startswith("0:") for line in text.splitlines())


def test_other_libaom_versions_are_said(built, tmp_path, capsys):
    other = shutil.copytree(built, tmp_path / "copy")
    description = json.loads((other / "dataset.json").read_text())
    description["encoder"]["version"] = "3.9.9"
    (other / "dataset.json").write_text(json.dumps(description))
    assert main("verify", built, other) == 0
    assert "3.9.9 the second" in capsys.readouterr().out


@pytest.mark.parametrize("what", ["labels", "pixels"])
def test_a_dataset_changed_behind_its_back_is_refused(built, tmp_path, what):
    other = shutil.copytree(built, tmp_path / "copy")
    if what == "labels":
        table = parquet.read_table(other / "blocks.parquet")
        parquet.write_table(table.take(np.arange(len(table))[::-1]), other / "blocks.parquet")
    else:
        write_frames(other / "frames" / "0.tif", [read_frame(other / "frames" / "0.tif", 0) ^ 1])
    with pytest.raises(DatasetError, match=r"copy does not hold what its dataset\.json recorded"):
        main("verify", built, other)


@pytest.mark.parametrize("arguments", [["--qindex", "eighty"], ["--option", "novalue"]])
def test_wrong_arguments_are_a_usage_error(pictures, tmp_path, arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main("build", pictures, "--out", tmp_path / "a", *arguments)
    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err
