from av1core.runs.launcher import Launcher
from av1core.runs.workers.base import Elsewhere
from av1core.training.spec import parse_spec
from tests.synthetic import stage2_values


def test_the_queue_says_its_order_and_what_each_waits_for(runs, tiny, spec_values):
    assert runs("queue").out == "Nothing waits.\n"
    launcher = Launcher(runs.folder, workers=Elsewhere())
    first = launcher.submit(parse_spec(spec_values))
    second = launcher.submit(parse_spec(stage2_values(tiny, first.id)))
    (queue,) = runs("queue", "--json").rows
    assert [(row["run"], row["place"]) for row in queue["runs"]] == [(first.id, 1), (second.id, 2)]
    assert queue["runs"][0]["blocked_by"] == "" and first.id in queue["runs"][1]["blocked_by"] and not queue["paused"]
    code, text, _ = runs("move", second.id, "1")
    assert code == 0 and launcher.waiting().runs == [second.id, first.id]
    lines = text.splitlines()
    assert lines[0].split()[:2] == ["1", second.id] and f"Waits for the Stage-1 run {first.id}" in lines[0]
    code, _, error = runs("move", "no-such-run", "1")
    assert code == 2 and "no-such-run" in error


def test_pause_and_resume_the_queue(runs, spec_values):
    Launcher(runs.folder, workers=Elsewhere()).submit(parse_spec(spec_values))
    assert "paused" in runs("queue", "--pause").out and runs("queue", "--json").rows[0]["paused"]
    assert "paused" not in runs("queue", "--resume").out and not runs("queue", "--json").rows[0]["paused"]
    assert runs("queue", "--pause", "--resume").code == 2
