import json
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from av1core.__main__ import main
from av1core.runs.folder import RunFolder
from av1core.runs.launcher import Launcher
from av1core.training.spec import parse_spec
from tests.synthetic import stage1_values

ROOT = Path(__file__).parents[2]


@pytest.fixture
def spec_file(tmp_path, tiny):
    file = tmp_path / "spec.json"
    file.write_text(json.dumps(stage1_values(tiny) | {"epochs": 1}))
    return file


@pytest.fixture
def sweep(tmp_path, spec_file, capsys):
    """Runs the command and returns its exit code, standard output and standard error."""

    def run(*arguments: str):
        code = main(["sweep", "--spec", str(spec_file), "--runs", str(tmp_path / "runs"), *arguments])
        return code, *capsys.readouterr()

    return run


def states(runs_dir: Path) -> list[str]:
    return sorted(RunFolder(file.parent).status().state for file in runs_dir.glob("*/spec.json"))


def test_a_dry_run_shows_every_run_and_creates_nothing(sweep, tmp_path):
    code, out, _ = sweep(
        "--vary", "optimiser.head_lr=1e-4, -1", "--vary", "dropout=0,0.2", "--seeds", "0,3", "--dry-run"
    )
    lines = out.splitlines()
    assert code == 0 and len(lines) == 1 + 8 + 1
    assert lines[0].split() == ["optimiser.head_lr", "dropout", "seed", "at", "most", "status"]
    assert [line.split()[:3] for line in lines[1:3]] == [["0.0001", "0", "0"], ["0.0001", "0.2", "0"]]
    assert (
        sum(line.endswith("  new") for line in lines)
        == sum("  impossible: optimiser.head_lr" in line for line in lines)
        == 4
    )
    assert lines[-1].startswith("Runs to queue: 4.") and "Impossible: 4." in lines[-1]
    assert not (tmp_path / "runs").exists()


def test_json_says_the_same(sweep):
    code, out, err = sweep("--vary", "dropout=0,2", "--dry-run", "--json")
    found = json.loads(out)
    assert code == 0 and found["runs"] == [] and "Runs to queue: 1." in err
    plan = found["plan"]
    assert (plan["new"], plan["duplicates"], plan["impossible"], plan["seconds"]) == (1, 0, 1, None)
    assert [row["changes"] for row in plan["rows"]] == [{"dropout": 0}, {"dropout": 2}]
    assert plan["rows"][0]["spec"]["dropout"] == 0 and "dropout: " in plan["rows"][1]["problem"]


def test_it_trains_what_is_new_and_then_nothing_more(sweep, tmp_path):
    vary = ("--vary", "optimiser.head_lr=1e-4,1e-3")
    code, out, err = sweep(*vary, "--json")
    found = json.loads(out)
    assert code == 0 and [run["state"] for run in found["runs"]] == ["finished"] * 2
    assert "Runs to queue: 2." in err and err.count("finished, best val macro-F1") == 2
    assert states(tmp_path / "runs") == ["finished"] * 2

    code, _, err = sweep(*vary)
    assert code == 0 and "coming already, and skipped: 2." in err
    code, _, err = sweep(*vary, "--dry-run", "--repeat")
    assert code == 0 and len(states(tmp_path / "runs")) == 2
    code, out, _ = sweep("--vary", "optimiser.head_lr=1e-4,1e-3,1e-2", "--dry-run")
    assert "Runs to queue: 1. At most " in out


def test_runs_that_are_only_queued_wait_and_the_same_command_trains_them(sweep, tmp_path):
    code, out, _ = sweep("--seeds", "0-1", "--queue-only", "--json")
    assert code == 0 and [run["state"] for run in json.loads(out)["runs"]] == ["queued"] * 2
    assert states(tmp_path / "runs") == ["queued"] * 2
    code, _, err = sweep("--seeds", "0-1")
    assert code == 0 and "Runs to queue: 0." in err
    assert states(tmp_path / "runs") == ["finished"] * 2


def test_a_run_that_fails_is_exit_code_1(sweep, spec_file):
    values = json.loads(spec_file.read_text())
    spec_file.write_text(json.dumps(values | {"optimiser": {"backbone_lr": 1e30, "head_lr": 1e30}, "epochs": 3}))
    code, _, err = sweep()
    assert code == 1 and "failed: " in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--vary", "adapter.gamma=2"], "adapter.gamma: unknown key"),
        (["--vary", "dropout"], "--vary dropout: write it as key=value"),
        (["--vary", "dropout=0", "--vary", "dropout=0.5"], "given twice"),
        (["--vary", "dropout=0,,1"], "a value is missing"),
        (["--vary", "adapter.reduction=1,2"], "none of the runs is possible. adapter: Stage 1"),
        (["--seeds", "five"], "seeds: 'five'"),
        (["--set", "dataset=nowhere"], "nowhere"),
    ],
)
def test_bad_input_is_one_clear_line_and_creates_nothing(sweep, tmp_path, arguments, message):
    code, _, err = sweep(*arguments)
    assert code == 2 and not (tmp_path / "runs").exists()
    last = err.splitlines()[-1]
    assert last.startswith("error: ") and message in last


def test_ctrl_c_interrupts_the_running_runs_and_leaves_the_others_in_the_queue(tmp_path, spec_file, tiny):
    runs = tmp_path / "runs"
    long = ["--set", "epochs=5000", "--set", "schedule.early_stopping=5000", "--seeds", "0-2"]
    command = [sys.executable, "-m", "av1core", "sweep", "--spec", str(spec_file), "--runs", str(runs), *long]
    # A job in the background of a shell ignores the signal, and so would what it starts.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT, preexec_fn=heed)
    deadline = time.time() + 120
    while not any(runs.glob("*/history.jsonl")):
        assert process.poll() is None and time.time() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "Stopped" in err and "Traceback" not in err
    assert states(runs) == ["interrupted", "queued", "queued"]


def test_what_was_taken_of_anothers_runs_goes_back_into_the_queue(tmp_path, spec_file, sweep, monkeypatch):
    wait = Launcher.wait

    def wait_until_another_trains(launcher, own, progress):
        statuses = wait(launcher, own, progress)
        changes = {"name": "Another's", "epochs": 5000, "schedule": {"early_stopping": 5000}}
        other = launcher.submit(parse_spec(json.loads(spec_file.read_text()) | changes))
        deadline = time.time() + 60
        while other.status().state != "running":
            assert time.time() < deadline
            time.sleep(0.05)
        return statuses

    monkeypatch.setattr(Launcher, "wait", wait_until_another_trains)
    assert sweep()[0] == 0
    assert states(tmp_path / "runs") == ["finished", "queued"]


def test_help_needs_no_torch():
    code = "import sys, av1core.__main__ as m; m.main(['sweep', '--help'])"
    done = subprocess.run([sys.executable, "-X", "importtime", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0 and "usage" in done.stdout and "| torch" not in done.stderr
