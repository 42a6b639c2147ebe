"""Runs of the four stages as one hierarchy, on every validation block rather than on those of each stage's own classes.

A stage without a run is stood in for by a reference, and the result says so: the stages that have one can be judged
before the others are trained, and the same hierarchy of references alone is what the runs have to beat.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from av1core.analysis.hierarchy import LOGISTIC, TYPES, Evaluation, chain, greedy, to_natural_mix
from av1core.analysis.predictions import load_predictions
from av1core.analysis.references import MOST_FITTED, block_features, drawn, fit_logistic
from av1core.dataset.blocks import gather_pixels, stage_blocks
from av1core.dataset.folder import Dataset
from av1core.dataset.record import Split
from av1core.dataset.split import side_mask
from av1core.errors import DatasetError, RunError
from av1core.partition import OUTSIDE, STAGES, Stage
from av1core.runs.folder import RunFolder
from av1core.translation import message


@dataclass(frozen=True, eq=False)
class StageProbabilities:
    """What one stage says of the N blocks of `hierarchy_rows`, whether or not they are due to reach it.

    source: a run's id, or FREQUENCIES or LOGISTIC. trained: float64 (N, classes), as the source gives them. natural:
    the same for the class shares of the training side, where the source was trained on equally many blocks a class.
    """

    source: str
    trained: np.ndarray
    natural: np.ndarray


def stage_probabilities(
    dataset: Dataset, split: Split, stage: Stage, source: RunFolder | str, seed: int = 0
) -> StageProbabilities:
    """The probabilities of a run with weights, or of FREQUENCIES or LOGISTIC fitted on the training side, on the CPU.

    A run counts as trained on equally many blocks a class if it was sampled so; a loss that weighs the classes too, or
    is focal, is not allowed for. seed: of the training blocks drawn for a regression. RunError if a run is not of the
    stage or did not validate on the blocks of this dataset and split: it may then have trained on some of these; also
    as `load_predictions` and `run_probabilities`. DatasetError as `hierarchy_rows` and, for LOGISTIC, `stage_blocks`.
    """
    rows = hierarchy_rows(dataset, split)
    qindex = dataset.blocks.qindex[rows]
    shares = _frequencies(dataset, stage, split)
    if isinstance(source, RunFolder):
        stored = _own_predictions(source, stage, dataset, rows)
        if len(stored) < len(rows):
            trained = run_probabilities(source, gather_pixels(dataset, rows), qindex)
        else:
            trained = stored / stored.sum(1, keepdims=True)
        balanced = source.spec().sampling == "class_balanced"
    elif source == LOGISTIC:
        train = drawn(stage_blocks(dataset, stage, "train", split), MOST_FITTED, seed)
        model = fit_logistic(block_features(train.pixels, train.qindex), train.labels)
        trained = model.predict_proba(block_features(gather_pixels(dataset, rows), qindex))
        balanced = True
    else:
        trained, balanced = np.tile(shares, (len(rows), 1)), False
    name = source.id if isinstance(source, RunFolder) else source
    return StageProbabilities(name, trained, to_natural_mix(trained, shares) if balanced else trained)


def evaluate_hierarchy(
    dataset: Dataset, split: Split, stages: Mapping[str, StageProbabilities], natural_mix: bool = False
) -> Evaluation:
    """The four stages, by name, as one classifier. DatasetError as `hierarchy_rows`.

    natural_mix: whether the types' probabilities are of the natural class mix; those of LOGISTIC always are. Decisions
    down the tree are always as trained.
    """
    blocks, rows = dataset.blocks, hierarchy_rows(dataset, split)
    chosen = [stages[name] for name in STAGES]
    return Evaluation(
        rows=rows,
        labels=blocks.partition[rows].astype(np.int64),
        qindex=blocks.qindex[rows],
        probabilities=chain(
            *(each.natural if natural_mix or each.source == LOGISTIC else each.trained for each in chosen)
        ),
        greedy=greedy(*(each.trained for each in chosen)),
        left_out=int((side_mask(dataset, "val", split) & dataset.model_blocks).sum()) - len(rows),
    )


def stage_sources(run: pd.Series, table: pd.DataFrame) -> dict[str, str]:
    """What decides each stage around one run, by stage, for comparing runs of its stage: ids of runs, or LOGISTIC.

    The run decides its own stage, its backbone's run Stage 1, and another stage the run pinned as its baseline, if that
    was trained on the same dataset and split, else LOGISTIC. run: one row of `table`, the `results` of all stages.
    """
    beside = table[(table["dataset"] == run["dataset"]) & (table["split"] == run["split"])]
    pinned = beside[beside["baseline"]].drop_duplicates("stage").set_index("stage")["run"]
    sources = {stage: pinned.get(stage, LOGISTIC) for stage in STAGES}
    if run["stage1_run"] in set(beside["run"]):
        sources["stage1"] = run["stage1_run"]
    return sources | {run["stage"]: run["run"]}


def hierarchy_rows(dataset: Dataset, split: Split) -> np.ndarray:
    """Rows of the block table, int64 (N,): whole 16×16 validation blocks of a type that the hierarchy decides between.

    DatasetError if there are none.
    """
    val = side_mask(dataset, "val", split) & dataset.model_blocks
    rows = np.flatnonzero(val & (dataset.blocks.partition < len(TYPES)))
    if not len(rows):
        raise DatasetError(
            message("The val side of the dataset {name} has no block that the hierarchy decides on.", name=dataset.name)
        )
    return rows


def run_probabilities(folder: RunFolder, pixels: np.ndarray, qindex: np.ndarray) -> np.ndarray:
    """A run's class probabilities at its best epoch, in eval mode on the CPU: float64 (N, classes).

    pixels: uint16 (N, 16, 16), values 0–1023. qindex: int16 (N,). RunError if it has no readable weights.
    """
    import torch

    from av1core.models.fast_forms import to_inference
    from av1core.models.inference import class_probabilities
    from av1core.runs.checkpoint import load_best
    from av1core.runs.workers.base import worker_threads

    model = to_inference(load_best(folder), pixels.shape[-1])
    threads = torch.get_num_threads()
    torch.set_num_threads(worker_threads())  # beside a run that trains, more threads wait for each other
    try:
        return class_probabilities(model, pixels, qindex)
    finally:
        torch.set_num_threads(threads)


def _own_predictions(folder: RunFolder, stage: Stage, dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    """What the run stored for the blocks of `rows` that its stage sees, in their order: float64 (blocks, classes)."""
    predictions = load_predictions(folder, dataset)
    if predictions.stage != stage:
        own = predictions.stage.title
        raise RunError(
            message("{run} is a run of {own} and cannot decide {stage}.", run=folder.id, own=own, stage=stage.title)
        )
    due = rows[stage.labels(dataset.blocks.partition[rows]) != OUTSIDE]
    order = np.argsort(predictions.block)
    if not np.array_equal(predictions.block[order], due):
        raise RunError(
            message(
                "{run} did not validate on the validation blocks of this split of {name}. Choose runs of one split, or "
                "train it anew.",
                run=folder.id,
                name=dataset.name,
            )
        )
    return predictions.probabilities[order].astype(np.float64)


def _frequencies(dataset: Dataset, stage: Stage, split: Split) -> np.ndarray:
    """Shares of the stage's classes among its training blocks, float64 (classes,); equal shares if there are none."""
    train = dataset.blocks.partition[side_mask(dataset, "train", split) & dataset.model_blocks]
    labels = stage.labels(train)
    counts = np.bincount(labels[labels != OUTSIDE], minlength=len(stage.classes))
    return counts / counts.sum() if counts.sum() else np.full(len(counts), 1 / len(counts))
