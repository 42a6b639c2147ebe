import json

from av1core.__main__ import main


def test_export_says_what_it_wrote(trained, tmp_path, capsys):
    arguments = ["export", trained.stage1, "--runs", str(trained.runs_dir)]
    assert main([*arguments, "--out", str(tmp_path / "a")]) == 0
    output = capsys.readouterr()
    assert "README.md, model.safetensors, spec.json;" in output.out and "writing" in output.err
    assert main([*arguments, "--out", str(tmp_path / "a")]) == 2
    assert "already exists" in capsys.readouterr().err


def test_the_check_of_onnx_is_told(trained, tmp_path, capsys):
    arguments = ["export", trained.stage1, "--runs", str(trained.runs_dir), "--out", str(tmp_path / "a")]
    assert main([*arguments, "--onnx", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["onnx_check"]["difference"] < 1e-4 and facts["onnx_check"]["blocks"] > 1
    assert all((tmp_path / "a" / name).is_file() for name in facts["files"])


def test_a_run_that_is_not_there_is_named(tmp_path, capsys):
    assert main(["export", "no-such-run", "--runs", str(tmp_path), "--out", str(tmp_path / "a")]) == 2
    assert "no-such-run" in capsys.readouterr().err
    assert not any(tmp_path.iterdir())
