import shutil
import time
from dataclasses import replace

import pytest

from av1core.access import Access
from av1core.errors import AccessError, DatasetError, RunError
from av1core.runs.annotations import Annotations
from av1core.runs.folder import RunFolder
from av1core.runs.launcher import Launcher
from av1core.runs.records import LIVE, RESUMABLE
from av1core.runs.workers.base import Elsewhere
from av1core.training.spec import parse_spec
from tests.runs.test_execute import untimed
from tests.synthetic import stage2_values

ENDLESS = {"epochs": 5000, "schedule": {"early_stopping": 5000}}


def with_state(folder: RunFolder, state: str) -> RunFolder:
    folder.write_status(replace(folder.status(), state=state))
    return folder


def wait_for(folder: RunFolder, *states: str, seconds: float = 60) -> str:
    deadline = time.time() + seconds
    while (state := folder.status().state) not in states:
        assert time.time() < deadline, f"still {state}: {folder.status().message}"
        time.sleep(0.02)
    return state


def test_runs_train_one_after_another_and_a_stage2_run_starts_from_stage1(tiny, spec_values, tmp_path):
    launcher = Launcher(tmp_path)
    first, second = (launcher.submit(parse_spec(spec_values | {"seed": seed})) for seed in (0, 1))
    assert wait_for(first, "finished", "failed") == "finished"
    assert wait_for(second, "finished", "failed") == "finished"
    assert second.status().started >= first.status().ended
    third = launcher.submit(parse_spec(stage2_values(tiny, first.id)))
    assert wait_for(third, "finished", "failed") == "finished"


def test_waiting_runs_on_one_backbone_train_side_by_side(tiny, trained, spec_values, tmp_path):
    runs_dir = shutil.copytree(trained.runs_dir, tmp_path / "runs")
    launcher = Launcher(runs_dir)
    endless = parse_spec(spec_values | {"name": "First"} | ENDLESS)
    first = launcher.submit(endless)
    wait_for(first, "running")
    values = stage2_values(tiny, trained.stage1) | {"name": "Side by side"}
    changes = ({"seed": 1}, {"loss": {"name": "poly"}}, {"adapter": {"reduction": 2}})
    runs = [launcher.submit(parse_spec(values | change)) for change in changes]
    launcher.cancel(first.id)
    assert [wait_for(run, "finished", "failed") for run in runs] == ["finished"] * 3
    one, two, other = (run.status() for run in runs)
    assert two.started < one.ended and one.started < two.ended
    assert other.started >= max(one.ended, two.ended)


def test_cancel_a_running_and_a_queued_run_then_resume(spec_values, tmp_path):
    launcher = Launcher(tmp_path)
    endless = parse_spec(spec_values | ENDLESS)
    running, queued = launcher.submit(endless), launcher.submit(parse_spec(spec_values))
    wait_for(running, "running")
    launcher.cancel(queued.id)
    assert queued.status().state == "cancelled"
    with pytest.raises(RunError, match="running"):
        launcher.resume(running.id)
    launcher.cancel(running.id)
    assert wait_for(running, "cancelled", "finished") == "cancelled"
    launcher.resume(queued.id)
    assert wait_for(queued, "finished", "failed") == "finished"
    with pytest.raises(RunError, match="finished"):
        launcher.resume(queued.id)


def test_what_cannot_start_is_an_error_and_leaves_nothing(tiny, trained, spec_values, tmp_path):
    launcher = Launcher(tmp_path)
    with pytest.raises(DatasetError, match="nowhere"):
        launcher.submit(parse_spec(spec_values | {"dataset": str(tmp_path / "nowhere")}))
    for stage1_run in (None, "no-such-run"):
        with pytest.raises(RunError, match=r"Stage-1 run|no run"):
            launcher.submit(parse_spec(stage2_values(tiny, "") | {"stage1_run": stage1_run}))
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("state", RESUMABLE)
def test_stage2_needs_a_stage1_run_that_finishes_by_itself(tiny, spec_values, tmp_path, state):
    stage1 = with_state(RunFolder.create(tmp_path, parse_spec(spec_values)), state)
    with pytest.raises(RunError, match=f"no finished Stage-1 checkpoint.*{state}"):
        Launcher(tmp_path).submit(parse_spec(stage2_values(tiny, stage1.id)))


def test_stage2_needs_a_stage1_run_and_no_other(tiny, trained):
    with pytest.raises(RunError, match="stage2 run"):
        Launcher(trained.runs_dir).submit(parse_spec(stage2_values(tiny, trained.stage2)))


def test_a_stage2_run_waits_for_its_stage1_run_and_lets_others_pass(tiny, spec_values, tmp_path):
    launcher = Launcher(tmp_path)
    launcher.pause_queue()
    stage1 = launcher.submit(parse_spec(spec_values))
    stage2 = launcher.submit(parse_spec(stage2_values(tiny, stage1.id)))
    other = launcher.submit(parse_spec(spec_values | {"seed": 1, "epochs": 1}))
    assert "which is queued" in launcher.blocked_by(stage2.id)
    launcher.move(stage2.id, 0)
    launcher.move(stage1.id, 99)
    assert launcher.waiting().runs == [stage2.id, other.id, stage1.id]
    launcher.resume_queue()
    ends = launcher.wait([stage1.id, stage2.id, other.id])
    assert {status.state for status in ends.values()} == {"finished"}
    assert other.status().ended <= stage1.status().started
    assert stage1.status().ended <= stage2.status().started


def test_a_run_whose_stage1_run_was_cancelled_says_what_it_waits_for_and_goes_on_with_it(tiny, spec_values, tmp_path):
    launcher = Launcher(tmp_path)
    launcher.pause_queue()
    stage1 = launcher.submit(parse_spec(spec_values))
    stage2 = launcher.submit(parse_spec(stage2_values(tiny, stage1.id)))
    launcher.cancel(stage1.id)
    with pytest.raises(RunError, match=f"{stage2.id} waits"):
        launcher.delete(stage1.id)
    launcher.resume_queue()
    assert launcher.wait([stage2.id])[stage2.id].state == "queued"
    assert "which is cancelled; resume that run" in launcher.blocked_by(stage2.id)
    launcher.resume(stage1.id)
    assert launcher.wait([stage2.id])[stage2.id].state == "finished"


def test_pause_and_resume_a_running_run(spec_values, tmp_path):
    launcher = Launcher(tmp_path)
    run = launcher.submit(parse_spec(spec_values | ENDLESS))
    wait_for(run, "running")
    launcher.pause(run.id)
    assert wait_for(run, "paused", "finished") == "paused"
    with pytest.raises(RunError, match="is paused; only a run that waits or trains can be cancelled"):
        launcher.cancel(run.id)
    launcher.resume(run.id)
    wait_for(run, "running")
    launcher.cancel(run.id)
    assert wait_for(run, "cancelled", "finished") == "cancelled"


def test_a_retry_is_a_new_run_of_the_same_spec(trained, tmp_path):
    runs_dir = shutil.copytree(trained.runs_dir, tmp_path / "runs")
    launcher = Launcher(runs_dir)
    old = with_state(RunFolder(runs_dir / trained.stage1), "failed")
    new = launcher.retry(old.id)
    assert new.id != old.id and new.spec() == old.spec()
    assert wait_for(new, "finished", "failed") == "finished"
    assert untimed(new) == untimed(old) and old.status().state == "failed"


def test_all_or_none_of_a_sweep_are_queued(tiny, spec_values, tmp_path):
    launcher = Launcher(tmp_path, workers=Elsewhere())
    good, bad = parse_spec(spec_values), parse_spec(stage2_values(tiny, "no-such-run"))
    with pytest.raises(RunError, match="no-such-run"):
        launcher.submit_all([good, bad])
    assert not any(tmp_path.iterdir())
    runs = launcher.submit_all([good, good], tags=["a sweep"])
    assert launcher.waiting().runs == [run.id for run in runs]
    assert all(run.annotations().tags == ("a sweep",) for run in runs)


def test_a_run_is_named_tagged_noted_and_pinned(trained, tmp_path):
    runs_dir = shutil.copytree(trained.runs_dir, tmp_path / "runs")
    launcher = Launcher(runs_dir, workers=Elsewhere())
    spec = (runs_dir / trained.stage1 / "spec.json").read_bytes()
    launcher.annotate(trained.stage1, name="Another <b>name</b>", tags=["x", "y"])
    launcher.annotate(trained.stage1, note="Seen.")
    launcher.pin(trained.stage1)
    expected = Annotations("Another <b>name</b>", ("x", "y"), "Seen.", True)
    assert RunFolder(runs_dir / trained.stage1).annotations() == expected
    assert (runs_dir / trained.stage1 / "spec.json").read_bytes() == spec
    for limit in ({"name": "x" * 81}, {"tags": ["x"] * 21}, {"tags": [""]}, {"note": "x" * 20_001}):
        with pytest.raises(RunError, match=next(iter(limit))):
            launcher.annotate(trained.stage1, **limit)
    assert RunFolder(runs_dir / trained.stage1).annotations() == expected


def test_one_run_of_a_stage_is_the_pinned_baseline(trained, tmp_path):
    runs_dir = shutil.copytree(trained.runs_dir, tmp_path / "runs")
    other = RunFolder(shutil.copytree(runs_dir / trained.stage2, runs_dir / "other"))
    launcher = Launcher(runs_dir, workers=Elsewhere())

    def pinned() -> set[str]:
        runs = (trained.stage1, trained.stage2, other.id)
        return {run for run in runs if RunFolder(runs_dir / run).annotations().baseline}

    for run in (trained.stage1, trained.stage2, other.id):
        launcher.pin(run)
    assert pinned() == {trained.stage1, other.id}
    launcher.pin(other.id, pinned=False)
    assert pinned() == {trained.stage1}


def test_delete_and_undo(trained, tmp_path):
    runs_dir = shutil.copytree(trained.runs_dir, tmp_path / "runs")
    launcher = Launcher(runs_dir, workers=Elsewhere())
    before = {path.name: path.read_bytes() for path in (runs_dir / trained.stage2).iterdir()}
    launcher.delete(trained.stage2)
    assert not (runs_dir / trained.stage2).exists()
    (deleted,) = launcher.deleted()
    assert (deleted.run, deleted.name) == (trained.stage2, "Tiny 2")
    assert deleted.size == sum(map(len, before.values())) and abs(deleted.deleted - time.time()) < 60
    launcher.restore(trained.stage2)
    assert {path.name: path.read_bytes() for path in (runs_dir / trained.stage2).iterdir()} == before
    assert launcher.deleted() == []
    launcher.delete(trained.stage2)
    assert launcher.empty_trash() == 1 and launcher.deleted() == []
    with pytest.raises(RunError, match="no run"):
        launcher.restore(trained.stage2)


@pytest.mark.parametrize("file", ["status.json", "spec.json"])
def test_a_damaged_run_can_be_deleted_and_taken_back(trained, tmp_path, file):
    runs_dir = shutil.copytree(trained.runs_dir, tmp_path / "runs")
    (runs_dir / trained.stage2 / file).write_text("{")
    launcher = Launcher(runs_dir, workers=Elsewhere())
    launcher.delete(trained.stage2)
    assert not (runs_dir / trained.stage2).exists()
    launcher.restore(trained.stage2)
    assert (runs_dir / trained.stage2 / file).read_text() == "{"


def test_what_goes_on_without_anybodys_doing(tiny, spec_values, tmp_path):
    launcher = Launcher(tmp_path, workers=Elsewhere())
    stage1 = launcher.submit(parse_spec(spec_values))
    stage2 = launcher.submit(parse_spec(stage2_values(tiny, stage1.id)))
    assert launcher.goes_on(stage1.id) and launcher.goes_on(stage2.id)
    launcher.cancel(stage1.id)
    assert not any(launcher.goes_on(run) for run in (stage1.id, stage2.id, "no-such-run"))


@pytest.mark.parametrize("state", LIVE)
def test_a_live_run_is_not_deleted(spec_values, tmp_path, state):
    run = with_state(RunFolder.create(tmp_path, parse_spec(spec_values)), state)
    with pytest.raises(RunError, match=f"is {state}; cancel it first"):
        Launcher(tmp_path, workers=Elsewhere()).delete(run.id)
    assert run.path.is_dir()


CALLS = {
    "submit": lambda launcher, run, spec: launcher.submit(spec),
    "submit_all": lambda launcher, run, spec: launcher.submit_all([spec]),
    "move": lambda launcher, run, spec: launcher.move(run, 0),
    "annotate": lambda launcher, run, spec: launcher.annotate(run, note="x"),
    **dict.fromkeys(("pause_queue", "resume_queue", "empty_trash")),
}
MUTATING = [name for name, method in vars(Launcher).items() if getattr(method, "changes", False)]
LOOKING = {"waiting", "deleted", "status", "wait", "blocked_by", "goes_on"}


def test_every_public_method_changes_nothing_or_asks_first():
    public = {name for name, member in vars(Launcher).items() if callable(member) and not name.startswith("_")}
    assert public - set(MUTATING) == LOOKING


@pytest.mark.parametrize("name", MUTATING)
def test_who_may_only_look_changes_nothing(trained, spec_values, tmp_path, name):
    runs_dir = shutil.copytree(trained.runs_dir, tmp_path / "runs")
    everything = {path: path.stat().st_mtime_ns for path in runs_dir.rglob("*")}
    launcher = Launcher(runs_dir, Access("Only look."), Elsewhere())
    with pytest.raises(AccessError, match="Only look"):
        if (call := CALLS.get(name, lambda launcher, run, spec: getattr(launcher, name)(run))) is None:
            getattr(launcher, name)()
        else:
            call(launcher, trained.stage1, parse_spec(spec_values))
    assert {path: path.stat().st_mtime_ns for path in runs_dir.rglob("*")} == everything


@pytest.mark.parametrize("run", ["..", "../runs", "", ".lab", "a/b", "/etc/passwd"])
def test_no_id_leads_out_of_the_runs_folder(trained, tmp_path, run):
    runs_dir = shutil.copytree(trained.runs_dir, tmp_path / "runs")
    everything = sorted(tmp_path.rglob("*"))
    launcher = Launcher(runs_dir, workers=Elsewhere())
    for name in ("retry", "resume", "cancel", "pause", "annotate", "pin", "delete", "restore"):
        with pytest.raises(RunError):
            getattr(launcher, name)(run)
    assert set(tmp_path.rglob("*")) - set(everything) <= {runs_dir / ".lab", runs_dir / ".lab" / "queue.lock"}
