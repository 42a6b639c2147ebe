"""What a spec needs before it can train, checked without torch, so that a page can say so at once."""

from collections.abc import Sequence
from pathlib import Path

from av1core.dataset.folder import Dataset
from av1core.errors import RunError
from av1core.partition import STAGES
from av1core.runs.folder import RunFolder
from av1core.runs.records import LIVE
from av1core.training.spec import RunSpec
from av1core.translation import message

WEIGHT_SUFFIXES = (".safetensors", ".pth", ".pt", ".bin")
"""How the name of a file of pretrained weights may end."""


def check_all(runs_dir: Path, specs: Sequence[RunSpec]) -> None:
    """`check` each spec, and raise what it raises; those that rest on the same files once."""
    # Most runs of a sweep do.
    for spec in {_files(spec): spec for spec in specs}.values():
        check(runs_dir, spec)


def _files(spec: RunSpec) -> tuple[str | None, ...]:
    return spec.stage, spec.dataset, spec.stage1_run, spec.backbone and spec.backbone.pretrained


def check(runs_dir: Path, spec: RunSpec) -> None:
    """Raise the LabError that a run of this spec would meet before its first epoch, as far as files tell.

    DatasetError of its dataset, RunError of its Stage-1 run or its file of pretrained weights.
    """
    Dataset.open(spec.dataset)
    if spec.backbone is None:
        folder = _stage1_run(runs_dir, spec)
        if folder.status().state not in LIVE:  # else the run waits for it in the queue
            _require_finished(folder)
    elif spec.backbone.pretrained not in ("", "timm"):
        _check_weights(spec.backbone.pretrained)


def stage1_folder(runs_dir: Path, spec: RunSpec) -> RunFolder:
    """The Stage-1 run that a later stage starts from. Raises RunError that says what is missing."""
    folder = _stage1_run(runs_dir, spec)
    _require_finished(folder)
    return folder


def _stage1_run(runs_dir: Path, spec: RunSpec) -> RunFolder:
    if spec.stage1_run is None:
        raise RunError(
            message(
                "stage1_run: {title} starts from the backbone of a finished Stage-1 run. Train Stage 1 "
                "first, then choose it.",
                title=STAGES[spec.stage].title,
            )
        )
    folder = RunFolder.open(runs_dir, spec.stage1_run)
    stage = folder.spec().stage
    if stage != "stage1":
        raise RunError(message("stage1_run: {id} is a {stage} run; choose a Stage-1 run.", id=folder.id, stage=stage))
    return folder


def _require_finished(folder: RunFolder) -> None:
    state = folder.status().state
    if state != "finished" or not folder.best_file.is_file():
        raise RunError(
            message(
                "stage1_run: {id} has no finished Stage-1 checkpoint (its state is {state}). Wait for it, "
                "resume it, or choose another Stage-1 run.",
                id=folder.id,
                state=state,
            )
        )


def _check_weights(source: str) -> None:
    choices = message(
        "Give the path of a {suffixes} file, timm for its own weights, or leave it empty.",
        suffixes=", ".join(WEIGHT_SUFFIXES),
    )
    if not source.lower().endswith(WEIGHT_SUFFIXES):
        raise RunError(
            message(
                "backbone.pretrained: {source} is not a file of weights by its name. {choices}",
                source=source,
                choices=choices,
            )
        )
    try:
        with open(source, "rb") as file:
            file.read(1)
    except FileNotFoundError:
        raise RunError(
            message("backbone.pretrained: there is no file {source}. {choices}", source=source, choices=choices)
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RunError(
            message(
                "backbone.pretrained: {source} cannot be read ({reason}). {choices}",
                source=source,
                reason=reason,
                choices=choices,
            )
        ) from error
