import shutil

import pytest

from av1core.errors import LabError, RunError
from av1core.models.pretrained import TIMM
from av1core.partition import STAGES
from av1core.runs.folder import RunFolder
from av1core.runs.launcher import Launcher
from av1core.runs.prerequisites import WEIGHT_SUFFIXES, check, stage1_folder
from av1core.training.spec import RunSpec, parse_spec
from tests.synthetic import stage2_values


def pretrained(values: dict, source: object) -> RunSpec:
    return parse_spec(values | {"backbone": {"name": "resnet10t", "pretrained": str(source)}})


@pytest.mark.parametrize("source", ["", TIMM])
def test_weights_that_are_no_file_are_left_to_the_run(spec_values, tmp_path, source):
    check(tmp_path, pretrained(spec_values, source))


@pytest.mark.parametrize("suffix", [*WEIGHT_SUFFIXES, ".PTH"])
def test_a_file_of_weights_is_enough(spec_values, tmp_path, suffix):
    file = tmp_path / f"weights{suffix}"
    file.write_bytes(b"weights")
    check(tmp_path, pretrained(spec_values, file))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("imagenet", "by its name"),
        ("weights.npz", "by its name"),
        ("absent.pth", r"no file .*absent\.pth"),
        ("folder.pt", r"folder\.pt cannot be read"),
        ("file.pth/weights.pth", "cannot be read"),
        ("a\0b.pth", "cannot be read"),
        ("a" * 300 + ".pth", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_weights_names_the_field_and_creates_nothing(spec_values, tmp_path, source, message):
    files = tmp_path / "files"
    (files / "folder.pt").mkdir(parents=True)
    for name in ("weights.npz", "file.pth"):
        (files / name).touch()
    with pytest.raises(RunError, match=rf"(?s)^backbone\.pretrained: .*{message}.*timm"):
        Launcher(tmp_path / "runs").submit(pretrained(spec_values, files / source))
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "stage1"])
def test_a_later_stage_without_a_stage1_run_is_named(tiny, tmp_path, stage):
    with pytest.raises(RunError, match=rf"^stage1_run: {STAGES[stage].title} .*Train Stage 1 first"):
        check(tmp_path, parse_spec(stage2_values(tiny, "") | {"stage": stage, "stage1_run": None}))


def test_a_finished_stage1_run_is_one_with_its_weights(tiny, trained, tmp_path):
    def found(runs_dir, run: str) -> RunFolder:
        return stage1_folder(runs_dir, parse_spec(stage2_values(tiny, run)))

    assert found(trained.runs_dir, trained.stage1).id == trained.stage1
    with pytest.raises(RunError, match="is a stage2 run"):
        found(trained.runs_dir, trained.stage2)
    broken = RunFolder(shutil.copytree(trained.runs_dir / trained.stage1, tmp_path / "broken"))
    broken.best_file.unlink()
    with pytest.raises(RunError, match="no finished Stage-1 checkpoint"):
        found(tmp_path, "broken")
    broken.spec_file.write_text("{")
    with pytest.raises(LabError, match=r"spec\.json"):
        found(tmp_path, "broken")
