import argparse
import json
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pyarrow import parquet

from av1core.cli.dataset import add_parser
from av1core.dataset.frames import read_frame, write_frames
from av1core.errors import DatasetError
from tests.media.conftest import textured

ROOT = Path(__file__).parents[2]


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
    assert "encoding 2/2" in output.err and "s left" in output.err
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
    assert "Split: By source (20 % asked for, seed 42); validation: " in text and "On both sides: no source" in text


def test_cq_levels_and_tools_reach_the_encoder(pictures, tmp_path, capsys):
    main(
        "build",
        pictures,
        "--out",
        tmp_path / "a",
        "--cq-level",
        "43,20",
        "--cpu-used",
        8,
        "--tool",
        "1to4=on",
        "--json",
    )
    facts = json.loads(capsys.readouterr().out)
    assert facts["qindexes"] == [80, 172]
    assert facts["options"] == {"cpu-used": "8", "enable-1to4-partitions": "1"}


def test_svtav1_through_the_command_line(pictures, tmp_path, capsys):
    arguments = ("--encoder", "svtav1", "--preset", 8, "--qindex", 128, "--val", "1", "--json")
    main("build", pictures, "--out", tmp_path / "a", *arguments)
    facts = json.loads(capsys.readouterr().out)
    assert facts["encoder"].startswith("SVT-AV1 ") and facts["options"] == {"preset": "8"}
    assert facts["split"]["method"] == "list" and facts["split"]["val"] == ["1"]


def test_frames_of_a_raw_video(tmp_path, capsys):
    planes = [textured(64, 96, seed=number).astype("<u2").tobytes() + bytes(64 * 96) for number in range(5)]
    (tmp_path / "clip.yuv").write_bytes(b"".join(planes))
    arguments = ("--raw", "96x64:10", "--frames", "count:2", "--qindex", 220, "--cpu-used", 8, "--split", "block")
    assert main("build", tmp_path / "clip.yuv", "--out", tmp_path / "a", *arguments, "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["sources"][0]["frames"] == 2 and facts["sources"][0]["side"] == "both"
    assert facts["split"]["on_both_sides"] == {"sources": ["clip"], "frames": 2, "all_frames": 2}


def test_ctrl_c_stops_and_the_same_command_goes_on(pictures, tmp_path):
    command = [sys.executable, "-m", "av1core", "dataset", "build", pictures, "--out", tmp_path / "a"]
    # So many encodings that the first is done long before the last on any machine.
    command += ["--qindex", ",".join(map(str, range(40, 240, 20))), "--cpu-used", "0", "--workers", "1"]
    labels = tmp_path / ".a.partial" / "labels"
    # A job in the background of a shell ignores the signal, and so would what it starts.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(
        list(map(str, command)), cwd=ROOT, stderr=subprocess.PIPE, text=True, preexec_fn=heed
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not (labels.exists() and any(labels.iterdir())) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert "the same command goes on from there" in process.communicate()[1]
    assert process.returncode == 130 and not (tmp_path / "a").exists()
    done = subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and "encoding 1/20" not in done.stderr and "encoding 20/20" in done.stderr


def test_another_split_of_the_same_blocks(built, tmp_path, capsys):
    other = shutil.copytree(built, tmp_path / "copy")
    assert main("split", other, "--val", "0", "--json") == 0
    assert json.loads(capsys.readouterr().out)["split"]["val"] == ["0"]
    assert main("split", other, "--by", "block") == 0
    text = capsys.readouterr().out
    assert "By block, at random (20 % asked for, seed 42)" in text and "2 of 2 frames" in text
    assert main("verify", built, other) == 0


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
    assert main("verify", built, tmp_path / "other", "--json") == 1
    facts = json.loads(capsys.readouterr().out)
    assert not facts["equal"] and facts["differences"] == text.splitlines()[: len(facts["differences"])]
    assert main("verify", built, built, "--json") == 0
    assert json.loads(capsys.readouterr().out)["equal"]


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


@pytest.mark.parametrize(
    "arguments",
    [
        ["--qindex", "eighty"],
        ["--option", "novalue"],
        ["--cq-level", "64"],
        ["--qindex", "80", "--cq-level", "20"],
        ["--frames", "some"],
        ["--raw", "big"],
        ["--tool", "ab=maybe"],
        ["--val-fraction", "2"],
    ],
)
def test_wrong_arguments_are_a_usage_error(pictures, tmp_path, arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main("build", pictures, "--out", tmp_path / "a", *arguments)
    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err
