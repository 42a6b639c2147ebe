import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from av1core.dataset.draft import FramesRead, draft_folder, open_draft
from av1core.errors import Cancelled, DatasetError, MediaError
from av1core.media.tree import Nodes

ROOT = Path(__file__).parents[2]
NODES = Nodes(*(np.array([0, 16], np.int32) for _ in range(4)))
READ = FramesRead((0, 5), 72, 100, "ab", ("00", "11"))


def stopped(out, work=lambda draft: None, plan=None):
    with pytest.raises(Cancelled), open_draft(out, plan or {"a": 1}) as draft:
        work(draft)
        raise Cancelled("stop")


def test_what_was_kept_is_found_again(tmp_path):
    def work(draft):
        draft.note_frames("clip", READ)
        draft.write_labels(1, 0, 80, NODES)

    stopped(tmp_path / "a", work)
    with open_draft(tmp_path / "a", {"a": 1}) as draft:
        assert draft.frames_read("clip") == READ and draft.frames_read("other") is None
        assert draft.has_labels(1, 0, 80) and not draft.has_labels(1, 0, 128)
        ((source, frame, qindex, columns),) = draft.labels()
    assert (source, frame, qindex) == (1, 0, 80)
    assert columns.tolist() == [[0, 16]] * 4


def test_frames_are_written_whole_or_not_at_all(tmp_path):
    def frames():
        yield np.zeros((8, 8), np.uint16)
        raise MediaError("the second frame is damaged")

    def work(draft):
        draft.write_frames("whole", [np.ones((8, 8), np.uint16)], pixels=64)
        with pytest.raises(MediaError):
            draft.write_frames("torn", frames(), pixels=128)

    stopped(tmp_path / "a", work)
    with open_draft(tmp_path / "a", {"a": 1}) as draft:
        draft.finish(tmp_path / "a")
    assert [str(path.relative_to(tmp_path / "a")) for path in (tmp_path / "a").rglob("*.tif")] == ["frames/whole.tif"]


def test_labels_come_in_the_order_of_numbers(tmp_path):
    with open_draft(tmp_path / "a", {}) as draft:
        for key in ((10, 0, 80), (2, 11, 80), (2, 3, 220), (2, 3, 80)):
            draft.write_labels(*key, NODES)
        assert [key for *key, _ in draft.labels()] == [[2, 3, 80], [2, 3, 220], [2, 11, 80], [10, 0, 80]]


def test_an_error_leaves_nothing_until_there_are_labels(tmp_path):
    for labels, left in ((False, False), (True, True)):
        with pytest.raises(ValueError), open_draft(tmp_path / "a", {}) as draft:
            draft.note_frames("clip", READ)
            if labels:
                draft.write_labels(0, 0, 80, NODES)
            raise ValueError
        assert draft_folder(tmp_path / "a").exists() == left


def test_another_plan_is_refused_unless_restarted(tmp_path):
    stopped(tmp_path / "a", lambda draft: draft.note_frames("clip", READ))
    with pytest.raises(DatasetError, match=r"differ in b\)"), open_draft(tmp_path / "a", {"a": 1, "b": 2}):
        pass
    with open_draft(tmp_path / "a", {"a": 1, "b": 2}, restart=True) as draft:
        assert draft.frames_read("clip") is None


def test_two_processes_do_not_build_the_same(tmp_path):
    code = (
        "from pathlib import Path; from av1core.dataset.draft import open_draft\n"
        f"with open_draft(Path({str(tmp_path / 'a')!r}), {{}}): pass"
    )
    with open_draft(tmp_path / "a", {}):
        other = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert "is being built by another process" in other.stderr


def test_what_is_there_is_not_overwritten(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").touch()
    with pytest.raises(DatasetError, match="already exists"), open_draft(tmp_path / "a", {}):
        pass
    assert not draft_folder(tmp_path / "a").exists()


def test_finishing_leaves_only_the_dataset(tmp_path):
    with open_draft(tmp_path / "a", {}) as draft:
        (draft.folder / "uploads").mkdir()
        (draft.folder / "uploads" / "x.png").touch()
        draft.note_frames("clip", READ)
        for name in ("dataset.json", "blocks.parquet"):
            (draft.folder / name).touch()
        draft.finish(tmp_path / "a")
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["blocks.parquet", "dataset.json", "frames"]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
