"""The README's commands and programs do what they say, as they stand, with small files in the places that they name."""

import importlib.util
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from av1core.__main__ import main, make_parser
from av1core.runs.demo import open_demo
from tests.commands import commands
from tests.dataset.imports import test_partition_log, test_thesis, test_triplet
from tests.media.conftest import textured
from tests.media.video import write_av1, write_video
from tests.readme_blocks import README, inline_commands, python_blocks, shell_blocks
from tests.runs.thesis_files import write_results

ROOT = Path(__file__).parents[1]
CORE = ["python", "-m", "av1core"]

NOT_OURS = {
    "python3": "CI makes the environment and runs the tests",
    "streamlit": "tests/browser starts the server",
    "ray": "a program of Ray",
    "export": "a setting of the shell",
}
"""First words of the lines that are left to others, and why."""

ONLY_PARSED = {
    "--executor ray": "a cluster; tests/dataset/test_ray_work.py builds on one",
    "--latex-folder": "every figure goes through Chromium; tests/report has them",
    "--onnx": "PyTorch's exporter takes its time; tests/runs/test_onnx_export.py",
}
"""What a command has that is not carried out here, and why. Its options are checked."""

STAND_INS = {
    "Beauty_3840x2160_120fps_420_10bit_YUV.yuv": "Beauty_64x64_120fps_420_10bit_YUV.yuv",
    "3840x2160:10": "100x72:10:400",
}
"""Small clips for large ones."""

OF_STUDIES = {"study", "hypotheses", "report"}
"""Commands that are carried out on the demo runs and the photographs; the others are on two small runs."""


def pictures(folder: Path) -> None:
    """Pictures of a folder, and data/photos.toml, which names them."""
    folder.mkdir()
    sources = []
    for name in ("one", "two", "three"):
        Image.fromarray((textured(64, 96, seed=len(name)) >> 2).astype("uint8")).save(folder / f"{name}.png")
        about = {"name": name, "file": f"../{folder.name}/{name}.png", "title": name, "author": "the tests"}
        about |= {"licence": "CC0 1.0", "url": ""}
        sources.append("[[source]]\n" + "".join(f'{key} = "{value}"\n' for key, value in about.items()))
    Path("data/photos.toml").write_text("\n".join(sources))


def clips() -> None:
    """CLIP in every form, its stream, and a raw clip whose name tells its size."""
    frames = [textured(64, 64, seed=seed) for seed in range(2)]
    write_av1(Path("CLIP.ivf"), frames, 10, "qp=40:lp=1:keyint=1")
    header = b"YUV4MPEG2 W64 H64 F25:1 Ip Cmono10\n"
    Path("CLIP.y4m").write_bytes(header + b"".join(b"FRAME\n" + frame.astype("<u2").tobytes() for frame in frames))
    write_video(Path("CLIP.mp4"), [(frames[0] >> 2).astype(np.uint8)] * 31, "mpeg4", "yuv420p")
    np.zeros((8, 96, 64), "<u2").tofile("Beauty_64x64_120fps_420_10bit_YUV.yuv")


def blocks_of_others() -> None:
    """Datasets and results as other people's scripts write them."""
    test_thesis.write(Path("train.pt"), test_thesis.staged())
    test_thesis.write(Path("val.pt"), test_thesis.staged(15, seed=1))
    test_triplet.write(Path("FOLDER"), "a", 16, 20)
    Path("LOG").write_text(test_partition_log.NODES)
    np.zeros((6, 72, 100), "<u2").tofile("CLIP.yuv")
    write_results(Path("RESULTS_FOLDER"))


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """An empty working directory, and no setting of whoever runs the tests."""
    for name in ("AV1LAB_RUNS", "AV1LAB_DATASETS", "AV1LAB_READONLY", "AV1LAB_EXECUTOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    return tmp_path


@pytest.fixture
def lab(here, tiny, trained) -> Path:
    """A working directory with two finished runs on data/photos, which is tiny, and what else the README names."""
    Path("data/photos").symlink_to(tiny)
    shutil.copytree(trained.runs_dir, "runs", ignore=shutil.ignore_patterns(".lab"))
    pictures(here / "PHOTOS_OR_FOLDERS")
    clips()
    blocks_of_others()
    return here


@pytest.fixture
def studied(here) -> Path:
    """A working directory with the demo runs and the photographs."""
    Path("data/photos").symlink_to(ROOT / "data" / "photos")
    open_demo(Path("runs"))
    return here


def filled(words: list[str], trained) -> list[str]:
    """A command with what stands in for its placeholders."""
    runs = iter((trained.stage2, trained.stage1))
    words = [STAND_INS.get(word, word).replace("=RUN", f"={trained.stage1}") for word in words]
    return [next(runs) if word == "RUN" else word for word in words]


def parsed(words: list[str]) -> None:
    """Fail if a command of the core does not take these options."""
    try:
        make_parser().parse_args(words[len(CORE) :])
    except SystemExit:
        pytest.fail(f"{' '.join(words)} is refused")


def carry_out(block: list[list[str]], trained) -> None:
    """Run the commands of a block that are the core's."""
    for words in block:
        if words[: len(CORE)] != CORE:
            assert words[0] in NOT_OURS, f"nothing tests {' '.join(words)}"
        elif any(part in " ".join(words) for part in ONLY_PARSED):
            parsed(words)
        else:
            assert main(filled(words, trained)[len(CORE) :]) == 0, " ".join(words)


def of_studies(block: list[list[str]]) -> bool:
    return not OF_STUDIES.isdisjoint(word for words in block for word in words)


def titles(blocks: list[list[list[str]]]) -> list[str]:
    return [" ".join(block[0]) for block in blocks]


ON_STUDIES = [block for block in shell_blocks() if of_studies(block)]
REBUILD = [block for block in shell_blocks() if "rebuilt" in block[0]]
ON_TWO_RUNS = [block for block in shell_blocks() if block not in ON_STUDIES + REBUILD]


@pytest.mark.parametrize("block", ON_TWO_RUNS, ids=titles(ON_TWO_RUNS))
def test_commands(block, lab, trained):
    carry_out(block, trained)


@pytest.mark.parametrize("block", ON_STUDIES, ids=titles(ON_STUDIES))
def test_commands_of_studies(block, studied, trained):
    carry_out(block, trained)


@pytest.mark.parametrize("block", REBUILD, ids=titles(REBUILD))
def test_the_photographs_are_rebuilt_alike(block, here, trained, capsys):
    pictures(here / "PHOTOS_OR_FOLDERS")
    carry_out([[word.replace("rebuilt", "data/photos") for word in block[0]]], trained)
    carry_out(block, trained)
    assert "Equal" in capsys.readouterr().out


@pytest.mark.parametrize("program", python_blocks(), ids=lambda program: program.splitlines()[0])
def test_programs(program, lab, trained):
    known = {"pixels": np.zeros((3, 16, 16), np.uint16)}
    exec(program.replace("RUN", trained.stage2), known)
    assert "maps" not in known or known["maps"].shape == (3, 16, 16)


@pytest.mark.parametrize("words", inline_commands(), ids=" ".join)
def test_commands_in_sentences(words):
    if words[: len(CORE)] != CORE:
        program = Path(importlib.util.find_spec(words[2]).origin).read_text()
        assert all(f'"{word}"' in program for word in words if word.startswith("--"))
    elif "…" in words:
        assert tuple(words[len(CORE) : words.index("…")]) in commands()
    else:
        parsed(words)


def test_pictures_and_files_that_are_named_exist():
    for path in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / path).is_file(), path
