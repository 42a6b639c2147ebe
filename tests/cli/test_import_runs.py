import json

from av1core.__main__ import main
from tests.runs.thesis_files import adapter_history, loss_history, loss_metrics, write_results


def test_import_tells_what_it_found_and_lists_it(tmp_path, capsys):
    history = adapter_history()
    percent = history | {name: [100 * value for value in history[name]] for name in ("train_f1", "val_f1")}
    results = write_results(tmp_path / "exp03", percent)
    write_results(results, loss_history(), loss_metrics(), "stage1")
    common = ["--runs", str(tmp_path / "runs")]
    assert main(["import", str(results), *common]) == 0
    output = capsys.readouterr()
    stage1, stage2 = output.out.splitlines()
    assert stage1.startswith("exp03, Stage 1: 6 epochs, best val macro-F1 57.49% at epoch 3. ")
    assert stage2.startswith("exp03, Stage 2: 6 epochs, best val macro-F1 58.00% at epoch 3; F1 were in percent. ")
    assert output.err.count("reading ") == 6

    assert main(["import", str(results), *common]) == 0
    assert capsys.readouterr().out.count("is there already, from the same history.") == 2
    assert main(["runs", "--json", *common]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sorted((row["stage"], row["best_epoch"]) for row in rows) == [("stage1", 3), ("stage2", 3)]
    assert main(["runs", *common]) == 0
    lines = capsys.readouterr().out.splitlines()
    (line,) = [line for line in lines if "exp03, Stage 2" in line]
    assert line.split("imported")[-1].split() == ["stage2", "–", "finished", "3", "58.00%"]


def test_what_the_user_tells_is_recorded(tmp_path, capsys):
    results = write_results(tmp_path / "a")
    told = ["--name", "Thesis", "--dataset", "UVG", "--split", "block", "--json"]
    assert main(["import", str(results), "--runs", str(tmp_path / "runs"), *told]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["name"], facts["dataset"], facts["split"], facts["new"]) == ("Thesis", "UVG", "block", True)
    assert (tmp_path / "runs" / facts["run"] / "imported.json").is_file()


def test_a_folder_without_results_is_one_clear_line(tmp_path, capsys):
    assert main(["import", str(tmp_path), "--runs", str(tmp_path / "runs")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and "history.pt" in error and "Traceback" not in error
    assert not (tmp_path / "runs").exists()


def test_an_imported_run_can_neither_be_resumed_nor_exported(tmp_path, capsys):
    common = ["--runs", str(tmp_path / "runs")]
    main(["import", str(write_results(tmp_path / "a")), *common, "--json"])
    run = json.loads(capsys.readouterr().out)["run"]
    for command in (["train", "--resume", run], ["export", run, "--out", str(tmp_path / "out")]):
        assert main([*command, *common]) == 2
        assert "was imported" in capsys.readouterr().err
