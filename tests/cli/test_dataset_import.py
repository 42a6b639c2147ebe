import argparse
import json

import numpy as np
import pytest

from av1core.cli.dataset_import import add_parsers
from av1core.dataset.folder import Dataset
from av1core.errors import MediaError
from tests.dataset.imports import test_partition_log, test_thesis, test_triplet


def main(*arguments) -> int:
    parser = argparse.ArgumentParser()
    add_parsers(parser.add_subparsers(required=True))
    args = parser.parse_args(["import", *map(str, arguments)])
    return args.handler(args)


def test_pt_reports_progress_and_the_result(tmp_path, capsys):
    train = test_thesis.write(tmp_path / "train.pt", test_thesis.staged())
    val = test_thesis.write(tmp_path / "val.pt", test_thesis.staged(15, seed=1))
    assert main("pt", train, val, "--out", tmp_path / "mine") == 0
    output = capsys.readouterr()
    assert output.err.splitlines() == ["24/39 blocks", "39/39 blocks"]
    (line,) = output.out.splitlines()
    assert line.startswith("mine: 39 blocks of 2 sources at qindex 80, 128 in ")
    assert line.endswith("validation: val")


def test_pt_takes_the_stage_and_describes_as_json(tmp_path, capsys):
    values = {"samples": test_thesis.staged()["raw"], "labels": np.arange(24) % 4, "qps": np.full(24, 80)}
    path = test_thesis.save(values, tmp_path / "set.pt")
    assert main("pt", path, "--out", tmp_path / "a", "--stage", "stage3_ab", "--name", "mine", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["name"] == "mine"
    assert facts["stages"]["stage3_ab"]["all"] == {"HORZ_A": 6, "HORZ_B": 6, "VERT_A": 6, "VERT_B": 6}


def test_triplet_takes_sequences(tmp_path, capsys):
    for name in ("a", "b", "c"):
        test_triplet.write(tmp_path / "in", name, 16, 20)
    assert main("triplet", tmp_path / "in", "--out", tmp_path / "d", "--sequence", "a", "--sequence", "c") == 0
    assert [source.name for source in Dataset.open(tmp_path / "d").sources] == ["a-16", "c-16"]
    assert "40 blocks of 2 sources" in capsys.readouterr().out


@pytest.fixture
def log_and_clip(tmp_path):
    (tmp_path / "log.txt").write_text(test_partition_log.NODES)
    frames = np.zeros((6, 72, 100), "<u2")
    frames.tofile(tmp_path / "clip.yuv")
    return tmp_path / "log.txt", tmp_path / "clip.yuv"


def test_log_takes_the_layout_and_the_frames(log_and_clip, tmp_path, capsys):
    assert main("log", *log_and_clip, "--raw", "100x72:10:400", "--frames", "3,4", "--out", tmp_path / "d") == 0
    output = capsys.readouterr()
    assert "d: 2 blocks of 1 sources at qindex 128" in output.out
    assert "No split is possible: A split needs" in output.out
    assert "1/1 frames" in output.err
    assert "log: lines 8, other frames 1, not chosen 5, too large 0, repeated 0, contradicted 0" in output.err


def test_a_clip_whose_layout_nobody_tells_is_named(log_and_clip, tmp_path):
    with pytest.raises(MediaError, match="give its layout"):
        main("log", *log_and_clip, "--out", tmp_path / "d")
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["pt", "a.pt"],
        ["pt", "a.pt", "--out", "d", "--stage", "stage2"],
        ["zip"],
        [],
        ["log", "a", "b", "--out", "d", "--raw", "large"],
        ["log", "a", "b", "--out", "d", "--frames", "some"],
    ],
)
def test_wrong_arguments_are_a_usage_error(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(*arguments)
    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err
