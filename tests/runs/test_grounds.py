import pytest

from av1core.errors import RunError
from av1core.runs.folder import RunFolder
from av1core.runs.grounds import grounds
from av1core.training.spec import parse_spec
from benchmarks.made_up import made_up_import


def test_a_trained_run_rests_on_its_data_split_backbone_and_software(trained):
    folder = RunFolder(trained.runs_dir / trained.stage2)
    provenance, said = folder.provenance(), grounds(folder)
    assert trained.stage1 in said["Backbone"] and provenance.stage1_weights_sha256[:12] in said["Backbone"]
    assert f"{provenance.train_blocks:,} training and {provenance.val_blocks:,} validation" in said["Data"]
    assert said["Split"] == "By source; validation: picture-3."
    assert folder.spec().hash in said["Spec"] and f"torch {provenance.versions['torch']}" in said["Software"]
    assert provenance.device in said["Machine"]


def test_before_training_it_says_so(tmp_path):
    said = grounds(RunFolder.create(tmp_path, parse_spec({"dataset": "some/where"})))
    assert said["Data"].startswith("some/where. Training has not begun") and "Software" not in said


def test_an_imported_run_rests_on_its_files(tmp_path):
    folder = made_up_import(tmp_path, parse_spec({}), epochs=2, created=1e9)
    said = grounds(folder)
    (file,) = folder.imported().files
    assert file.name in said["Files"] and "Trained elsewhere" in said["Origin"]


def test_a_damaged_file_is_named(tmp_path):
    folder = RunFolder.create(tmp_path, parse_spec({}))
    folder.provenance_file.write_text("{")
    with pytest.raises(RunError, match=r"provenance\.json"):
        grounds(folder)
