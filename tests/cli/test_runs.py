import shutil

from av1core.runs.annotations import Annotations
from av1core.runs.folder import RunFolder
from av1core.runs.import_results import import_results
from tests.runs.test_index import make_run
from tests.runs.thesis_files import write_results


def test_runs_alone_lists_as_it_always_did_wherever_its_options_stand(runs):
    folder = make_run(runs.folder, [0.25, 0.5], name="A")
    listed = runs("--json").rows
    assert [(row["run"], row["best_epoch"], row["val_f1"]) for row in listed] == [(folder.id, 2, 0.5)]
    for arguments in (["list", "--json"], ["--json", "list"]):
        assert runs(*arguments).rows == listed
    assert runs.run("--runs", str(runs.folder), "list", "--json").rows == listed
    code, text, _ = runs()
    assert code == 0 and folder.id in text and "50.00%" in text and "1 of 1 runs" in text


def test_filters_narrow_the_list(runs):
    a = make_run(runs.folder, [0.5], state="failed")
    b = make_run(runs.folder, [0.5], stage="stage2")
    b.write_annotations(Annotations(tags=("losses", "x")))

    def found(*filters: str) -> set[str]:
        return {row["run"] for row in runs("list", "--json", *filters).rows}

    assert found("--stage", "stage2") == found("--tag", "losses") == found("--state", "finished") == {b.id}
    assert found("--state", "finished", "--state", "failed") == {a.id, b.id}
    assert found("--stage", "stage1", "--tag", "x") == set()
    assert "1 of 2 runs" in runs("list", "--tag", "x").out
    code, _, error = runs("list", "--stage", "stage9")
    assert code == 2 and "invalid choice: 'stage9'" in error


def test_a_hostile_name_moves_no_cursor_and_breaks_no_line(runs):
    folder = make_run(runs.folder, [0.5], name="a\x1b[31m\nb\r<b>")
    folder.write_annotations(Annotations(tags=("\x07",), note="x\x1b[0m\ny"))
    for arguments in ([], ["show", folder.id]):
        text = runs(*arguments).out
        assert not set(text) & set("\x1b\r\x07") and "a [31m b <b>" in text


def test_show_says_all_there_is_of_a_run(runs, trained):
    shutil.copytree(trained.runs_dir, runs.folder)
    folder = RunFolder(runs.folder / trained.stage2)
    folder.write_annotations(Annotations("Mine", ("x", "y"), "A note.", True))
    (shown,) = runs("show", folder.id, "--json").rows
    assert shown["spec"] == folder.spec().model_dump(mode="json")
    assert shown["status"]["state"] == "finished" and shown["annotations"]["name"] == "Mine"
    assert shown["provenance"]["dataset_fingerprint"] == folder.provenance().dataset_fingerprint
    assert shown["best"]["val_f1"] == max(record["val_f1"] for record in folder.history()) and not shown["imported"]
    _, text, _ = runs("show", folder.id)
    for part in ("Mine", "x, y", "the baseline of Stage 2", "A note.", trained.stage1, "adapter.reduction = 4"):
        assert part in text


def test_show_of_an_imported_run_and_of_none(runs, tmp_path):
    (result,) = import_results(write_results(tmp_path / "exp03"), runs.folder)
    (shown,) = runs("show", result.run, "--json").rows
    assert shown["spec"] is None and shown["imported"]["name"] == "exp03, Stage 2"
    assert "Trained elsewhere" in runs("show", result.run).out
    code, text, error = runs("show", "../runs")
    assert code == 2 and not text and error.startswith("error: There is no run")


def test_an_empty_folder_says_what_to_do(runs):
    assert "python -m av1core train" in runs().out
    assert runs("--json") == (0, "", "")
