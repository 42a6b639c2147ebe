import inspect
import time
from dataclasses import replace
from pathlib import Path

import pytest

from av1core.access import Access
from av1core.dataset import jobs as jobs_module
from av1core.dataset.draft import draft_folder, open_draft
from av1core.dataset.folder import Dataset
from av1core.dataset.jobs import BuildRequest, Builds, Job, Jobs
from av1core.errors import AccessError, DatasetError, LabError
from av1core.translation import Words
from tests.media.hostile import BOMBS, SCRIPT, polyglot

LOOKING = {"jobs", "unfinished"}
"""What a session that may change nothing can ask of `Jobs`."""

LOOKING_ONLY = Access("look only")


def opened(root: Path) -> Jobs:
    """The builds of a new process, as a session that may change them has them."""
    return Jobs(Builds(root), Access())


def ended(job):
    deadline = time.monotonic() + 60
    while job.state == "running" and time.monotonic() < deadline:
        time.sleep(0.01)
    return job


def request(jobs, pictures, name="mine", **settings):
    return jobs.new_request(name, **{"inputs": str(pictures), "qindexes": (220,), "speed": 8, **settings})


def test_a_folder_becomes_a_dataset_with_its_credit(pictures, tmp_path):
    jobs = opened(tmp_path)
    job = ended(jobs.start(request(jobs, pictures, author="A. Uthor", licence="CC0")))
    assert (job.state, job.message) == ("finished", "")
    assert job.progress.done == job.progress.total == 4
    sources = Dataset.open(tmp_path / "mine").sources
    assert {(source.author, source.licence) for source in sources} == {("A. Uthor", "CC0")}
    assert jobs.unfinished() == []


def test_uploads_are_built_and_leave_no_trace(pictures, tmp_path):
    jobs = opened(tmp_path)
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
    jobs = opened(tmp_path)
    job = jobs.start(request(jobs, pictures, qindexes=(80, 128, 172, 220), speed=1))
    while job.progress is None or job.progress.doing != "encoding":
        time.sleep(0.005)
    jobs.stop(job)
    assert ended(job).state == "stopped" and "kept" in job.message
    again = opened(tmp_path)
    (left,) = again.unfinished()
    assert left == job.request
    with pytest.raises(DatasetError, match="unfinished build of mine"):
        request(again, pictures)
    assert ended(again.start(left)).state == "finished"
    assert again.unfinished() == []


def test_a_discarded_build_is_gone(pictures, tmp_path):
    jobs = opened(tmp_path)
    job = jobs.start(request(jobs, pictures, speed=0))
    jobs.stop(job)
    ended(job)
    jobs.discard(job.request)
    assert not list(tmp_path.iterdir()) and jobs.jobs == ()


def test_a_failure_says_why(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "broken.png").write_bytes(b"no picture")
    jobs = opened(tmp_path / "out")
    job = ended(jobs.start(request(jobs, tmp_path / "in")))
    assert job.state == "failed" and "broken.png" in job.message
    assert (
        Words("pt_BR").tell(job.message).startswith(f"Não é possível ler {tmp_path / 'in' / 'broken.png'} como imagem")
    )
    assert not list((tmp_path / "out").iterdir())


def test_one_build_at_a_time(pictures, tmp_path):
    jobs = opened(tmp_path)
    job = jobs.start(request(jobs, pictures, speed=0))
    with pytest.raises(DatasetError, match="mine is being built"):
        jobs.start(request(jobs, pictures, name="other"))
    jobs.stop(job)
    ended(job)


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "x" * 99])
def test_a_name_cannot_leave_the_root(pictures, tmp_path, name):
    with pytest.raises(DatasetError, match="no name"):
        request(opened(tmp_path), pictures, name=name)


@pytest.mark.parametrize(
    "name", ["con", "a\\b", "a\0b", "a\u202eb", "é" * 41, "a ", "..", "/etc/a", "<b>", "mine.", "-a"]
)
def test_a_name_is_one_of_every_system(pictures, tmp_path, name):
    with pytest.raises(DatasetError, match="no name"):
        request(opened(tmp_path), pictures, name=name)
    assert not list(tmp_path.iterdir())


def changing() -> list[str]:
    """The public methods of `Jobs` that are not known to look only."""
    return [name for name in vars(Jobs) if not name.startswith("_") and name not in LOOKING]


def test_there_are_the_changing_calls_that_are_known():
    assert set(changing()) == {"new_request", "upload", "start", "stop", "discard"}
    assert set(vars(Jobs)) >= LOOKING


@pytest.mark.parametrize("name", changing())
def test_no_call_changes_anything_without_access(pictures, tmp_path, name):
    """Each is called as a page would, where it would do something for a session with access."""
    builds = Builds(tmp_path)
    allowed = Jobs(builds, Access())
    waiting = request(allowed, pictures, name="waiting")
    draft_folder(Path(waiting.out)).mkdir()
    job = Job(waiting)
    known = {
        "name": "new", "request": waiting, "job": job, "files": [("a.png", polyglot())],
        "settings": {"inputs": None, "qindexes": (220,)},
    }  # fmt: skip
    call = getattr(Jobs(builds, LOOKING_ONLY), name)
    arguments = {key: known[key] for key in inspect.signature(call).parameters}
    arguments |= arguments.pop("settings", {})
    with pytest.raises(AccessError, match="look only"):
        call(**arguments)
    assert [path.name for path in tmp_path.iterdir()] == [".waiting.partial"]
    assert not any(draft_folder(Path(waiting.out)).iterdir()) and not job.stopping and builds.jobs == []


def test_sessions_of_a_process_see_the_same_builds(pictures, tmp_path):
    builds = Builds(tmp_path)
    job = Jobs(builds, Access()).start(request(Jobs(builds, Access()), pictures, speed=0))
    looking = Jobs(builds, LOOKING_ONLY)
    assert looking.jobs == (job,)
    Jobs(builds, Access()).stop(job)
    assert looking.jobs[0].stopping and ended(job).state in ("stopped", "finished")


def test_a_refused_upload_leaves_nothing_and_the_name_is_free(tmp_path):
    jobs = opened(tmp_path)
    wanted = request(jobs, None, inputs=None)
    for files in ([("bomb.png", BOMBS["grey.png"])], [("a.png", polyglot()), ("../a.png", polyglot())], []):
        with pytest.raises(LabError):
            jobs.upload(wanted, files)
        assert not list(tmp_path.iterdir())
    jobs.upload(request(jobs, None, inputs=None), [("a.png", polyglot())])


def test_a_disk_that_is_full_leaves_nothing_and_is_said(tmp_path, monkeypatch):
    def full(files, folder):
        (folder.parent / "half.png").write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(jobs_module, "keep_uploads", full)
    jobs = opened(tmp_path)
    with pytest.raises(DatasetError, match="mine cannot be created: No space left on device"):
        jobs.upload(request(jobs, None, inputs=None), [("a.png", polyglot())])
    assert not list(tmp_path.iterdir())


def test_uploads_never_join_those_of_another_build(tmp_path):
    jobs = opened(tmp_path)
    wanted = request(jobs, None, inputs=None)
    jobs.upload(wanted, [("a.png", polyglot())])
    with pytest.raises(DatasetError, match="unfinished build of mine"):
        jobs.upload(wanted, [("b.png", polyglot())])
    uploads = draft_folder(Path(wanted.out)) / "uploads"
    assert [path.name for path in uploads.iterdir()] == ["a.png"]


def test_uploads_that_wait_for_another_build_are_not_lost(pictures, tmp_path):
    jobs = opened(tmp_path)
    job = jobs.start(request(jobs, pictures, name="first", speed=0))
    wanted = request(jobs, None, name="second", inputs=None)
    jobs.upload(wanted, [("a.png", polyglot())])
    with pytest.raises(DatasetError, match="first is being built"):
        jobs.start(wanted)
    assert wanted in jobs.unfinished()
    jobs.stop(job)
    ended(job)
    assert ended(jobs.start(wanted)).state == "finished"


def test_uploads_that_did_not_arrive_are_not_built_from(tmp_path):
    jobs = opened(tmp_path)
    wanted = request(jobs, None, inputs=None)
    with pytest.raises(DatasetError, match="did not all arrive"):
        jobs.start(wanted)
    assert jobs.jobs == ()


def test_of_a_polyglot_only_the_pixels_remain(tmp_path):
    jobs = opened(tmp_path / "datasets")
    wanted = request(jobs, None, inputs=None)
    jobs.upload(wanted, [("<script>alert(1)</script>.png", polyglot())])
    assert ended(jobs.start(wanted)).state == "finished"
    files = [path for path in (tmp_path / "datasets").rglob("*") if path.is_file()]
    assert files and not any(SCRIPT in path.read_bytes() or b"<" in path.name.encode() for path in files)


def test_a_truncated_upload_fails_by_name_and_leaves_nothing(tmp_path):
    jobs = opened(tmp_path)
    wanted = request(jobs, None, inputs=None)
    jobs.upload(wanted, [("whole.png", polyglot()), ("cut.png", polyglot()[:200])])
    job = ended(jobs.start(wanted))
    assert job.state == "failed" and "cut.png cannot be read as a picture" in job.message
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "out", ["{root}/../outside", "{root}/a/b", "/outside", "{root}/..", "{root}/.hidden", "outside", ""]
)
@pytest.mark.parametrize("call", ["upload", "start", "discard"])
def test_a_request_from_elsewhere_cannot_leave_the_root(tmp_path, out, call):
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    place = draft_folder(tmp_path / "outside")
    place.mkdir()
    foreign = BuildRequest(out.format(root=root), str(tmp_path), (220,))
    files = [[("a.png", polyglot())]] if call == "upload" else []
    before = set(tmp_path.rglob("*"))
    with pytest.raises(DatasetError):
        getattr(opened(root), call)(foreign, *files)
    assert set(tmp_path.rglob("*")) == before


def test_a_request_file_speaks_of_the_draft_that_it_lies_in(tmp_path):
    jobs = opened(tmp_path)
    wanted = request(jobs, None, inputs=None)
    jobs.upload(wanted, [("a.png", polyglot())])
    file = draft_folder(Path(wanted.out)) / "request.json"
    file.write_text(file.read_text().replace(wanted.out, "/elsewhere/other"))
    assert jobs.unfinished() == [wanted]
    for damaged in ("", "[]", "{}", '{"inputs": 1}'):
        file.write_text(damaged)
        assert jobs.unfinished() == []


def test_what_another_process_builds_is_not_discarded(pictures, tmp_path):
    jobs = opened(tmp_path)
    wanted = request(jobs, pictures)
    with open_draft(Path(wanted.out), {}) as draft:
        with pytest.raises(DatasetError, match="is being built"):
            jobs.discard(wanted)
        assert draft.folder.is_dir()
    jobs.discard(replace(wanted, inputs=None))
    assert not list(tmp_path.iterdir())
