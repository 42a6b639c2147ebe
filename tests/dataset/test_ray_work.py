import json
import os
import signal
import time
from functools import partial
from itertools import pairwise

import pytest

from av1core.__main__ import main
from av1core.dataset.build import build
from av1core.dataset.encoding import Encoding
from av1core.dataset.ray_work import RayWorkers
from av1core.dataset.sources import collect
from av1core.dataset.work import Piece
from av1core.errors import Cancelled, ClusterError, MediaError
from tests.dataset.test_build import files

pytestmark = pytest.mark.usefixtures("ray_cluster")

ENCODING = Encoding((172, 220), speed=8)


def pieces(count: int, work) -> list[Piece]:
    """Pieces that call work(number). It is a nested function: workers have no tests to import one from."""
    return [Piece(f"piece {number}", 1, partial(work, number)) for number in range(count)]


def workers(count: int | None = None, cancelled=lambda: False) -> RayWorkers:
    return RayWorkers("", count, lambda progress: None, cancelled)


def test_the_dataset_is_that_of_threads_byte_for_byte(pictures, tmp_path):
    steps = {"threads": [], "ray": []}
    made = {}
    for executor, done in steps.items():
        options = {"name": "same", "executor": executor, "progress": done.append}
        made[executor] = build(collect([pictures]), tmp_path / executor, ENCODING, **options)
    assert files(made["ray"].path) == files(made["threads"].path)
    counts = {executor: [(step.doing, step.done, step.total) for step in steps[executor]] for executor in steps}
    assert counts["ray"] == counts["threads"]
    assert {step.what for step in steps["ray"]} == {step.what for step in steps["threads"]}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ray", "threads"]


def test_the_command_prints_its_result_alone(pictures, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    relative = os.path.relpath(pictures)
    options = ["--qindex", "220", "--cpu-used", "8", "--executor", "ray", "--json"]
    assert main(["dataset", "build", relative, "--out", "made", *options]) == 0
    captured = capfd.readouterr()
    assert json.loads(captured.out)["name"] == "made"
    assert all(line.startswith(("reading frames", "encoding")) for line in captured.err.splitlines() if line)


@pytest.mark.parametrize("executor", ["threads", "ray"])
def test_a_broken_picture_is_the_same_error(pictures, tmp_path, executor):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(MediaError, match=r"broken\.png") as caught:
        build(collect([pictures, tmp_path / "broken.png"]), tmp_path / "a", ENCODING, executor=executor)
    assert type(caught.value) is MediaError
    assert [path.name for path in tmp_path.iterdir()] == ["broken.png"]


@pytest.mark.parametrize("stopped_after", [2, 7])
def test_a_stopped_build_goes_on_and_ends_as_if_undisturbed(pictures, tmp_path, stopped_after):
    undisturbed = build(collect([pictures]), tmp_path / "whole" / "a", ENCODING)
    done = []
    with pytest.raises(Cancelled, match="goes on"):
        build(
            collect([pictures]), tmp_path / "a", ENCODING, executor="ray",
            progress=done.append, cancelled=lambda: len(done) >= stopped_after,
        )  # fmt: skip
    assert len(done) == stopped_after
    again = []
    finished = build(collect([pictures]), tmp_path / "a", ENCODING, executor="ray", progress=again.append)
    assert stopped_after <= 12 - len(again) < 12
    assert files(finished.path) == files(undisturbed.path)


def test_what_has_begun_is_finished_and_what_waits_is_dropped(tmp_path):
    def work(number: int):
        (tmp_path / f"begun {number}").touch()
        time.sleep(2)
        (tmp_path / f"ended {number}").touch()

    def begun() -> set[str]:
        return {path.name.removeprefix("begun ") for path in tmp_path.glob("begun*")}

    with pytest.raises(Cancelled):
        workers(cancelled=lambda: len(begun()) >= 2).run("working", pieces(9, work), 0)
    ended = {path.name.removeprefix("ended ") for path in tmp_path.glob("ended*")}
    assert ended == begun() and 2 <= len(ended) < 9


def test_a_piece_whose_process_is_lost_is_done_again(tmp_path):
    def die_once(number: int):
        begun = tmp_path / f"begun {number}"
        if number == 1 and not begun.exists():
            begun.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        (tmp_path / f"ended {number}").touch()

    workers().run("working", pieces(4, die_once), 0)
    assert len(list(tmp_path.glob("ended*"))) == 4


def test_a_piece_that_is_lost_again_and_again_is_named(tmp_path):
    def die(number: int):
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(ClusterError, match=r"^piece 0: .*What is done is kept"):
        workers().run("working", pieces(1, die), 0)


def test_no_more_pieces_are_under_way_than_asked_for(tmp_path):
    def note(number: int):
        start = time.time()
        time.sleep(0.05)
        (tmp_path / str(number)).write_text(f"{start} {time.time()}")

    workers(1).run("working", pieces(6, note), 0)
    spans = sorted(tuple(map(float, file.read_text().split())) for file in tmp_path.iterdir())
    assert len(spans) == 6
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
