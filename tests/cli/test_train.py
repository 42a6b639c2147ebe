import json
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from av1core.__main__ import main
from av1core.runs.folder import RunFolder
from av1core.training.presets import PRESETS


def sets(values: dict) -> list[str]:
    flat = {"dataset": values["dataset"], "backbone.name": "resnet10t", "batch_size": 32, "epoch_blocks": 64}
    return [argument for key, value in flat.items() for argument in ("--set", f"{key}={value}")]


def test_train_list_and_build_on_it(spec_values, tmp_path, capsys):
    common = ["--runs", str(tmp_path)]
    assert main(["train", "--preset", "stage1", *sets(spec_values), "--set", "epochs=1", "--json", *common]) == 0
    finished = json.loads(capsys.readouterr().out)
    assert finished["state"] == "finished" and finished["reevaluated_val_f1"] == finished["best_val_f1"]

    values = [
        "--set",
        f"dataset={spec_values['dataset']}",
        "--set",
        "epochs=1",
        "--set",
        f"stage1_run={finished['run']}",
    ]
    assert main(["train", "--preset", "exp03", *values, *common]) == 0
    assert "best val macro-F1" in capsys.readouterr().out

    assert main(["runs", "--json", *common]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["name"] for row in rows] == ["Stage 1", "Exp 03"]
    assert rows[0]["val_f1"] == pytest.approx(finished["best_val_f1"], abs=1e-14)


def test_a_spec_file_trains_the_same_as_its_values(spec_values, tmp_path):
    file = tmp_path / "spec.json"
    file.write_text(json.dumps(spec_values | {"epochs": 1}))
    assert main(["train", "--spec", str(file), "--runs", str(tmp_path / "runs")]) == 0
    (folder,) = (tmp_path / "runs").iterdir()
    assert RunFolder(folder).spec().name == "Tiny"


def test_resume_goes_on(spec_values, tmp_path, capsys):
    file = tmp_path / "spec.json"
    file.write_text(json.dumps(spec_values | {"epochs": 1}))
    common = ["--runs", str(tmp_path / "runs")]
    main(["train", "--spec", str(file), *common])
    (path,) = (tmp_path / "runs").iterdir()
    folder = RunFolder(path)
    assert main(["train", "--resume", path.name, *common]) == 2
    assert "finished; only a run that ended early" in capsys.readouterr().err
    folder.write_status(replace(folder.status(), state="running", pid=2**22 + 1))
    assert main(["train", "--resume", path.name, *common]) == 0
    assert [record["epoch"] for record in folder.history()] == [1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--preset", "exp99"], "exp03"),
        (["--preset", "exp03", "--set", "adapter.gamma=2"], "adapter.gamma: unknown key"),
        (["--preset", "exp03", "--set", "nonsense"], "key=value"),
        (["--preset", "exp03", "--set", "dataset=nowhere"], "nowhere"),
        (["--preset", "exp03", "--set", "dataset={tiny}"], "Stage-1 run"),
        (["--spec", "no-such-file.json"], "no-such-file.json"),
        (["--resume", "no-such-run"], "no-such-run"),
    ],
)
def test_bad_input_is_one_clear_line_and_creates_nothing(tiny, tmp_path, capsys, arguments, message):
    arguments = [argument.replace("{tiny}", str(tiny)) for argument in arguments]
    assert main(["train", *arguments, "--runs", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and message in error and "Traceback" not in error
    assert not any(tmp_path.iterdir())


def test_a_truncated_dataset_is_named(tiny, tmp_path, capsys):
    damaged = shutil.copytree(tiny, tmp_path / "damaged")
    data = (damaged / "blocks.parquet").read_bytes()
    (damaged / "blocks.parquet").write_bytes(data[: len(data) // 2])
    arguments = ["train", "--preset", "stage1", "--set", f"dataset={damaged}", "--runs", str(tmp_path / "runs")]
    assert main(arguments) == 2
    assert "blocks.parquet" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_presets_lists_the_thesis_experiments(capsys):
    assert main(["presets", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert list(listed)[:6] == ["stage1", "baseline", "exp02", "exp03", "stage3_rect", "stage3_ab"]
    assert len(listed) == len(PRESETS)


def test_every_command_has_help_without_torch():
    commands = ("train", "runs", "presets", "references", "dataset", "import", "export")
    for command in ([], ["dataset", "build"], ["runs", "work"], *([name] for name in commands)):
        code = f"import sys, av1core.__main__ as m; sys.argv = ['av1core']; m.main({[*command, '--help']!r})"
        done = subprocess.run([sys.executable, "-X", "importtime", "-c", code], capture_output=True, text=True)
        assert done.returncode == 0 and "usage" in done.stdout
        assert "| torch" not in done.stderr
