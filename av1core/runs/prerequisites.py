"""What a spec needs before it can train, checked without torch, so that a page can say so at once."""

from pathlib import Path

from av1core.dataset.folder import Dataset
from av1core.errors import RunError
from av1core.runs.folder import RunFolder
from av1core.training.spec import RunSpec


def check(runs_dir: Path, spec: RunSpec) -> None:
    """Raise the LabError that a run of this spec would meet before its first epoch, as far as files tell."""
    Dataset.open(spec.dataset)
    if spec.stage != "stage1":
        stage1_folder(runs_dir, spec)


def stage1_folder(runs_dir: Path, spec: RunSpec) -> RunFolder:
    """The Stage-1 run that a later stage starts from. Raises RunError that says what is missing."""
    if spec.stage1_run is None:
        raise RunError(
            "stage1_run: Stage 2 freezes the backbone of a finished Stage-1 run. Train Stage 1 first, then choose it."
        )
    folder = RunFolder.open(runs_dir, spec.stage1_run)
    stage = folder.spec().stage
    if stage != "stage1":
        raise RunError(f"stage1_run: {spec.stage1_run} is a {stage} run; choose a Stage-1 run.")
    state = folder.status().state
    if state != "finished" or not folder.best_file.is_file():
        raise RunError(
            f"stage1_run: {spec.stage1_run} has no finished Stage-1 checkpoint (its state is {state}). "
            "Wait for it, resume it, or choose another Stage-1 run."
        )
    return folder
