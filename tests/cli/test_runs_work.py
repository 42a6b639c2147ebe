import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from av1core.runs.folder import RunFolder
from av1core.runs.launcher import Launcher
from av1core.runs.workers.base import Elsewhere
from av1core.training.spec import parse_spec
from tests.runs.test_launcher import ENDLESS, wait_for
from tests.synthetic import stage2_values

ROOT = Path(__file__).parents[2]


def test_what_waits_is_trained_until_nothing_is_left_that_can_start(runs, tiny, spec_values):
    launcher = Launcher(runs.folder, workers=Elsewhere())
    stage1 = launcher.submit(parse_spec(spec_values))
    stage2 = launcher.submit(parse_spec(stage2_values(tiny, stage1.id)))
    said = runs("work", "--until-empty", "--json")
    assert said.code == 0, said.err
    assert {row["run"]: row["state"] for row in said.rows} == {stage1.id: "finished", stage2.id: "finished"}
    assert f"{stage2.id} finished, best val macro-F1 {stage2.status().best_val_f1:.2%}" in said.err


def test_a_run_that_cannot_start_is_left_and_said(runs, tiny, spec_values):
    launcher = Launcher(runs.folder, workers=Elsewhere())
    stage1 = launcher.submit(parse_spec(spec_values))
    stage2 = launcher.submit(parse_spec(stage2_values(tiny, stage1.id)))
    launcher.cancel(stage1.id)
    code, _, error = runs("work", "--until-empty")
    assert code == 1 and f"{stage2.id} Waits for the Stage-1 run" in error and stage2.status().state == "queued"


def test_nothing_waits_is_no_error(runs):
    assert runs("work", "--until-empty").code == 0


def test_ctrl_c_interrupts_what_trains_and_leaves_the_rest_in_the_queue(tmp_path, spec_values):
    launcher = Launcher(tmp_path, workers=Elsewhere())
    running = launcher.submit(parse_spec(spec_values | ENDLESS))
    waiting = launcher.submit(parse_spec(spec_values))
    command = [sys.executable, "-m", "av1core", "runs", "work", "--runs", str(tmp_path)]
    # A job in the background of a shell ignores the signal, and so would what it starts.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, preexec_fn=heed)
    deadline = time.time() + 120
    while not list(running.history()):
        assert time.time() < deadline and process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130 and "can be resumed" in error and "Traceback" not in error
    assert wait_for(RunFolder(running.path), "interrupted", seconds=1) == "interrupted"
    assert running.stored_status().state == "interrupted" and waiting.status().state == "queued"
