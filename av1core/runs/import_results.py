"""Takes over runs that the thesis's scripts trained: their result folders become run folders without weights.

RESULTS/stage2_adapter/   NAME_history.pt, and where there are any NAME_metrics.json and NAME_model_best.pt
"""

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from av1core.dataset.imports.pickles import load_pt
from av1core.errors import DatasetError, RunError
from av1core.partition import STAGES
from av1core.runs.folder import RunFolder
from av1core.runs.hidden import hidden
from av1core.runs.imported import Imported, SourceFile
from av1core.runs.records import UNKNOWN, Status
from av1core.runs.thesis_results import History, check_metrics, number, read_history, read_metrics
from av1core.storage import file_sha256, write_bytes_atomically, write_json_atomically

_HISTORY, _METRICS, _WEIGHTS = "history.pt", "metrics.json", "model_best.pt"

_STAGE_WORDS = {
    "stage1": r"stage[-_ ]?1",
    "stage2": r"stage[-_ ]?2",
    "stage3_rect": r"stage[-_ ]?3.*rect",
    "stage3_ab": r"stage[-_ ]?3.*(?<![a-z])ab(?![a-z])",
}


@dataclass(frozen=True)
class ImportResult:
    """A run of the results and its folder; `new` is False if it was there already."""

    run: str
    path: Path
    new: bool
    record: Imported
    epochs: int


def import_results(
    results: Path,
    runs_dir: Path,
    *,
    name: str | None = None,
    stage: str | None = None,
    dataset: str = UNKNOWN,
    split: str = UNKNOWN,
    progress: Callable[[str], None] = lambda file: None,
) -> list[ImportResult]:
    """Import every run below `results`, a folder of stage folders or one of these.

    name: of the run, if there is one only; else the folder that holds the stage folders names it, with the stage.
    stage: where no name tells it. dataset, split: what the runs were validated on, which their files do not say; Δ is
    given only between runs that agree in both. progress is called with each file before it is read.

    A run that is there already, by its history's SHA-256, is left alone. Raises RunError that names the file, and then
    nothing is imported.
    """
    groups = _find(Path(results))
    if name is not None and len(groups) > 1:
        raise RunError(f"{results} holds {len(groups)} runs, and they cannot share the name {name!r}; name one folder.")
    found = [_read(files, name, stage, dataset, split, progress) for files in groups]
    with _drafts(Path(runs_dir)) as write:
        return [write(record, history) for record, history in found]


def _find(results: Path) -> list[tuple[Path, Path | None, Path | None]]:
    """Each history with its metrics and its weights."""
    try:
        folders = [results, *sorted(path for path in results.iterdir() if path.is_dir())]
        histories = {folder: sorted(folder.glob(f"*{_HISTORY}")) for folder in folders}
    except OSError as error:
        raise RunError(f"{results}: the folder of results cannot be read ({error.strerror}).") from error
    if not any(histories.values()):
        raise RunError(
            f"{results} holds no *_{_HISTORY}, nor does a folder in it such as stage1 or stage2_adapter. "
            "Name the folder of results that the training script wrote."
        )
    return [
        (file, _beside(file, _METRICS, len(inside)), _beside(file, _WEIGHTS, len(inside)))
        for inside in histories.values()
        for file in inside
    ]


def _beside(history: Path, ending: str, histories: int) -> Path | None:
    """The file of the history's own name, or the only one of its kind in the folder of a single history."""
    same_name = history.with_name(history.name.removesuffix(_HISTORY) + ending)
    others = sorted(history.parent.glob(f"*{ending}"))
    if same_name in others:
        return same_name
    if histories == 1 and len(others) > 1:
        names = ", ".join(file.name for file in others)
        raise RunError(f"{history}: which of {names} belongs to it? Leave one, or name it {same_name.name}.")
    return others[0] if histories == 1 and others else None


def _read(
    files: tuple[Path, Path | None, Path | None],
    name: str | None,
    stage: str | None,
    dataset: str,
    split: str,
    progress: Callable[[str], None],
) -> tuple[Imported, History]:
    history_file, metrics_file, weights_file = files
    folder = history_file.absolute().parent
    root = folder.parent if _named_stage(folder.name) else folder
    stage = stage or _named_stage(folder.name) or _named_stage(history_file.name)
    if stage is None:
        raise RunError(f"{history_file}: neither the folder nor the file says its stage; name it with --stage.")
    progress(str(history_file))
    history, metrics = read_history(history_file), {}
    if metrics_file:
        progress(str(metrics_file))
        metrics = read_metrics(metrics_file)
        check_metrics(metrics_file, metrics, history)
    weights_parameters = None
    if weights_file:
        progress(str(weights_file))
        weights_parameters = _parameters(weights_file)
    count = partial(_count, metrics_file, metrics)
    early, loss = metrics.get("early_stopped"), metrics.get("loss_type")
    record = Imported(
        name=_text(name or f"{root.name}, {STAGES[stage].title}")[-80:],
        stage=stage,
        dataset=dataset,
        split=split,
        best_epoch=history.best["epoch"],
        best_val_f1=history.best["val_f1"],
        stopped_early=early if isinstance(early, bool) else None,
        reduction=count("adapter_reduction"),
        loss_type=loss if isinstance(loss, str) else None,
        total_parameters=count("total_params"),
        trainable_parameters=count("trainable_params"),
        weights_parameters=weights_parameters,
        percent=history.percent,
        left_out=history.left_out,
        files=tuple(_source(file, root) for file in files if file),
        metrics=metrics,
    )
    return record, history


def _named_stage(name: str) -> str | None:
    return next((stage for stage in STAGES if re.search(_STAGE_WORDS[stage], name.lower())), None)


def _count(file: Path | None, metrics: dict[str, Any], name: str) -> int | None:
    value = number(file, metrics, name) if file else None
    if value is not None and (value < 1 or value != int(value) or value >= 2**63):
        raise RunError(f"{file}: {name} is {value:g} where a whole number from 1 is expected.")
    return None if value is None else int(value)


def _parameters(file: Path) -> int | None:
    """Parameters of a state dict, or of the one inside a checkpoint. It is read so that a hostile file is named."""
    import torch

    try:
        content = load_pt(file)
    except DatasetError as error:
        raise RunError(f"{error} Only the history is needed: take the weights away to import without them.") from error
    for key in ("model_state_dict", "state_dict", "model"):
        if isinstance(content.get(key), dict):
            content = content[key]
            break
    # Running statistics and counters are no parameters.
    statistics = ("running_mean", "running_var", "num_batches_tracked")
    tensors = [
        value for key, value in content.items() if isinstance(value, torch.Tensor) and not str(key).endswith(statistics)
    ]
    return sum(tensor.numel() for tensor in tensors) or None


def _source(file: Path, root: Path) -> SourceFile:
    try:
        return SourceFile(_text(file.absolute().relative_to(root)), file_sha256(file), file.stat().st_size)
    except OSError as error:
        raise RunError(f"{file}: cannot be read ({error.strerror}).") from error


@contextmanager
def _drafts(runs_dir: Path) -> Iterator[Callable[[Imported, History], ImportResult]]:
    """Write run folders under hidden names; they take their own at the end, all of them, or vanish after an error."""
    drafts: dict[Path, Path] = {}
    done: list[Path] = []

    def write(record: Imported, history: History) -> ImportResult:
        # The name of a run comes from its history, so that the folder itself shows that it is there.
        run = f"imported-{record.stage}-{record.files[0].sha256[:12]}"
        path, new = runs_dir / run, True
        if path.exists() or path in drafts:
            new = False
        else:
            drafts[path] = hidden(path)
            _write(drafts[path], record, history)
        return ImportResult(run, path, new, record, len(history.records))

    try:
        yield write
        for path, draft in drafts.items():
            draft.rename(path)
            done.append(path)
    except BaseException as error:
        for path in (*drafts.values(), *done):
            shutil.rmtree(path, ignore_errors=True)
        if isinstance(error, OSError):
            raise RunError(f"{runs_dir}: the run folder cannot be written ({error.strerror}).") from error
        raise


def _write(path: Path, record: Imported, history: History) -> None:
    path.mkdir(parents=True)
    folder = RunFolder(path)
    write_json_atomically(folder.imported_file, asdict(record))
    lines = "".join(json.dumps(line, allow_nan=False) + "\n" for line in history.records)
    write_bytes_atomically(folder.history_file, lines.encode())
    now, epochs = time.time(), len(history.records)
    folder.write_status(
        Status(
            state="finished",
            created=now,
            heartbeat=now,
            epoch=epochs,
            epochs=epochs,
            best_epoch=record.best_epoch,
            best_val_f1=record.best_val_f1,
            stopped_early=bool(record.stopped_early),
        )
    )
    folder.log(f"imported from {', '.join(file.name for file in record.files)}")


def _text(value: Any) -> str:
    return str(value).encode(errors="replace").decode()
