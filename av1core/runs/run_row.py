"""The row of a run in the index: what its spec, provenance, status and annotations say in one place."""

import hashlib
import json
from dataclasses import dataclass, replace
from math import prod

from av1core.errors import LabError
from av1core.runs.folder import RunFolder
from av1core.runs.imported import Imported
from av1core.runs.records import DAMAGED, IMPORTED, MEASURED, UNKNOWN, Provenance, Status, digest
from av1core.training.spec import RunSpec


@dataclass(frozen=True)
class RunRow:
    """One row of `runs`. Times are Unix seconds; a run whose files are damaged has state `damaged` and a message.

    name, tags, note and baseline are as annotations.json has them; without it the name is the spec's.
    spec_hash is `RunSpec.hash`; recipe is `RunSpec.experiment`, which its seeds share. validation tells the blocks that
    a run validates on, and experiment the seeds of one recipe on the same ones, such as "1a2b3c4d-5e6f".
    epoch_blocks are the training blocks drawn an epoch, samples_per_second training blocks a second; F1 lies in [0, 1].
    weights: whether there are those of the best epoch. What provenance.json says is NULL before training has started.
    An imported run has no seed and no spec_hash, and in `spec` only the settings that are known.
    """

    run: str
    name: str = ""
    origin: str = MEASURED
    stage: str = ""
    dataset: str = ""
    dataset_fingerprint: str | None = None
    stage1_run: str | None = None
    seed: int | None = None
    spec_hash: str | None = None
    recipe: str = ""
    validation: str | None = None
    experiment: str = ""
    reduction: int | None = None
    batchnorm: str | None = None
    state: str = DAMAGED
    message: str = ""
    created: float | None = None
    started: float | None = None
    ended: float | None = None
    epoch: int = 0
    epochs: int = 0
    step: int = 0
    steps: int = 0
    samples_per_second: float | None = None
    stopped_early: bool | None = False
    reevaluated_val_f1: float | None = None
    trainable_parameters: int | None = None
    train_blocks: int | None = None
    epoch_blocks: int | None = None
    val_blocks: int | None = None
    device: str | None = None
    split: str | None = None
    weights: bool = False
    tags: tuple[str, ...] = ()
    note: str = ""
    baseline: bool = False
    spec: str = ""


def read_run(folder: RunFolder) -> tuple[RunRow, Status | None]:
    """A run's row and the status that it shows, None if it cannot be read."""
    try:
        if imported := folder.imported():
            status = folder.status()
            return _annotated(folder, _imported_row(folder, imported, status)), status
        spec, status = folder.spec(), folder.status()
        return _annotated(folder, _measured_row(folder, spec, status, folder.provenance())), status
    except (LabError, RecursionError) as error:
        return _annotated(folder, damaged_row(folder.id, str(error))), None


def damaged_row(run: str, message: str) -> RunRow:
    """The row of a run whose files say nothing that can be used; message: what is wrong, with the file's name."""
    return RunRow(run=run, name=run, message=message)


def _annotated(folder: RunFolder, row: RunRow) -> RunRow:
    try:
        said = folder.annotations()
    except LabError as error:
        # What people said of a run is not worth its results.
        return replace(row, message=f"{row.message} {error}".strip())
    return replace(row, name=said.name or row.name, tags=said.tags, note=said.note, baseline=said.baseline)


def experiment_key(recipe: str, validation: str | None) -> str:
    """What names an experiment in links and tables; `recipe` and `validation` as of a row."""
    return f"{recipe[:8]}-{(validation or '0000')[:4]}"


def _measured_row(folder: RunFolder, spec: RunSpec, status: Status, provenance: Provenance | None) -> RunRow:
    # Before a run begins, only what it shall validate on is known.
    validation = provenance.validation_mark if provenance else digest(spec.dataset, spec.split)
    return RunRow(
        run=folder.id,
        name=spec.name,
        stage=spec.stage,
        dataset=spec.dataset,
        dataset_fingerprint=provenance and provenance.dataset_fingerprint,
        stage1_run=spec.stage1_run,
        seed=spec.seed,
        spec_hash=spec.hash,
        recipe=spec.experiment,
        validation=validation,
        experiment=experiment_key(spec.experiment, validation),
        reduction=spec.adapter and spec.adapter.reduction,
        batchnorm=spec.adapter and spec.adapter.batchnorm,
        state=status.state,
        message=status.message,
        created=status.created,
        started=status.started,
        ended=status.ended,
        epoch=status.epoch,
        epochs=status.epochs,
        step=status.step,
        steps=status.steps,
        samples_per_second=status.samples_per_second,
        stopped_early=status.stopped_early,
        reevaluated_val_f1=status.reevaluated_val_f1,
        trainable_parameters=provenance and provenance.trainable_parameters,
        train_blocks=provenance and provenance.train_blocks,
        epoch_blocks=provenance and prod(spec.drawn(provenance.train_blocks)),
        val_blocks=provenance and provenance.val_blocks,
        device=provenance and provenance.device,
        split=provenance and provenance.split,
        weights=folder.best_file.exists(),
        spec=spec.model_dump_json(),
    )


def _imported_row(folder: RunFolder, imported: Imported, status: Status) -> RunRow:
    # Two imported runs may differ in settings that nobody knows: each is an experiment of its own.
    recipe = hashlib.sha256(folder.id.encode()).hexdigest()[:12]
    said = UNKNOWN not in (imported.dataset, imported.split)
    validation = digest(imported.dataset, imported.split) if said else None
    return RunRow(
        run=folder.id,
        name=imported.name,
        origin=IMPORTED,
        stage=imported.stage,
        dataset=imported.dataset,
        recipe=recipe,
        validation=validation,
        experiment=experiment_key(recipe, validation),
        reduction=imported.reduction,
        state=status.state,
        message=status.message,
        created=status.created,
        epoch=status.epoch,
        epochs=status.epochs,
        stopped_early=imported.stopped_early,
        trainable_parameters=imported.trainable_parameters,
        split=imported.split,
        spec=json.dumps(imported.settings()),
    )
