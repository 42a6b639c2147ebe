import time
from pathlib import Path

import pytest

from av1core.dataset.draft import draft_folder
from av1core.dataset.folder import Dataset
from av1core.dataset.jobs import Jobs
from av1core.errors import DatasetError


def ended(job):
    deadline = time.monotonic() + 60
    while job.state == "running" and time.monotonic() < deadline:
        time.sleep(0.01)
    return job


def request(jobs, pictures, name="mine", **settings):
    return jobs.new_request(name, **{"inputs": str(pictures), "qindexes": (220,), "speed": 8, **settings})


def test_a_folder_becomes_a_dataset_with_its_credit(pictures, tmp_path):
    jobs = Jobs(tmp_path)
    job = ended(jobs.start(request(jobs, pictures, author="A. Uthor", licence="CC0")))
    assert (job.state, job.message) == ("finished", "")
    assert job.progress.done == job.progress.total == 4
    sources = Dataset.open(tmp_path / "mine").sources
    assert {(source.author, source.licence) for source in sources} == {("A. Uthor", "CC0")}
    assert jobs.unfinished() == []


def test_uploads_are_built_and_leave_no_trace(pictures, tmp_path):
    jobs = Jobs(tmp_path)
    wanted = request(jobs, pictures, inputs=None)
    names = ["../../evil.png", "/etc/other.png", ".hidden.png"]
    files = [(name, path.read_bytes()) for name, path in zip(names, sorted(pictures.iterdir()), strict=False)]
    jobs.upload(wanted, files)
    uploads = draft_folder(Path(wanted.out)) / "uploads"
    assert sorted(path.name for path in uploads.iterdir()) == ["evil.png", "hidden.png", "other.png"]
    assert ended(jobs.start(wanted)).state == "finished"
    assert {source.name for source in Dataset.open(tmp_path / "mine").sources} == {"evil", "hidden", "other"}
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_stopped_build_goes_on_in_another_process_of_the_dashboard(pictures, tmp_path):
    jobs = Jobs(tmp_path)
    job = jobs.start(request(jobs, pictures, qindexes=(80, 128, 172, 220), speed=1))
    while job.progress is None or job.progress.doing != "encoding":
        time.sleep(0.005)
    job.stop()
    assert ended(job).state == "stopped" and "kept" in job.message
    again = Jobs(tmp_path)
    (left,) = again.unfinished()
    assert left == job.request
    with pytest.raises(DatasetError, match="unfinished build of mine"):
        request(again, pictures)
    assert ended(again.start(left)).state == "finished"
    assert again.unfinished() == []


def test_a_discarded_build_is_gone(pictures, tmp_path):
    jobs = Jobs(tmp_path)
    job = jobs.start(request(jobs, pictures, speed=0))
    job.stop()
    ended(job)
    jobs.discard(job.request)
    assert not list(tmp_path.iterdir()) and jobs.jobs == []


def test_a_failure_says_why(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "broken.png").write_bytes(b"no picture")
    jobs = Jobs(tmp_path / "out")
    job = ended(jobs.start(request(jobs, tmp_path / "in")))
    assert job.state == "failed" and "broken.png" in job.message
    assert not list((tmp_path / "out").iterdir())


def test_one_build_at_a_time(pictures, tmp_path):
    jobs = Jobs(tmp_path)
    job = jobs.start(request(jobs, pictures, speed=0))
    with pytest.raises(DatasetError, match="mine is being built"):
        jobs.start(request(jobs, pictures, name="other"))
    job.stop()
    ended(job)


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "x" * 99])
def test_a_name_cannot_leave_the_root(pictures, tmp_path, name):
    with pytest.raises(DatasetError, match="no name"):
        request(Jobs(tmp_path), pictures, name=name)
