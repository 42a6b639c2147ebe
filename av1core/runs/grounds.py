"""What a run's numbers rest on, in words, from its folder."""

from av1core.dataset.record import SPLITS
from av1core.partition import STAGES
from av1core.runs.folder import RunFolder
from av1core.runs.imported import Imported
from av1core.runs.records import Provenance
from av1core.translation import ENGLISH, Words

DIGITS = 12
"""Hexadecimal digits that are shown of a digest."""


def grounds(folder: RunFolder, words: Words = ENGLISH) -> dict[str, str]:
    """Sentences by what they are about, such as "Data" and "Software". Raises RunError if a file is damaged."""
    if imported := folder.imported():
        return _of_imported(imported, words)
    spec, provenance = folder.spec(), folder.provenance()
    said = {
        words.tell("Spec"): words.tell(
            "{stage}, seed {seed}; hash of all settings but the name: {hash}.",
            stage=STAGES[spec.stage].title, seed=spec.seed, hash=spec.hash,
        )
    }  # fmt: skip
    if spec.stage1_run:
        frozen = words.tell("Frozen, from the run {run}.", run=spec.stage1_run)
        if provenance and provenance.stage1_weights_sha256:
            digest = _short(provenance.stage1_weights_sha256)
            frozen += " " + words.tell("Its weights have the SHA-256 {digest}.", digest=digest)
        said[words.tell("Backbone")] = frozen
    if provenance is None:
        untrained = words.tell("{dataset}. Training has not begun, so nothing more is recorded.", dataset=spec.dataset)
        return said | {words.tell("Data"): untrained}
    return said | _of_provenance(provenance, words)


def _of_provenance(provenance: Provenance, words: Words) -> dict[str, str]:
    split = words.tell(SPLITS.get(provenance.split, provenance.split)).capitalize()
    versions = ", ".join(f"{name} {version}" for name, version in provenance.versions.items())
    said = {
        words.tell("Data"): words.tell(
            "{name}, fingerprint {fingerprint}: {train:,} training and {val:,} validation blocks.",
            name=provenance.dataset_name, fingerprint=_short(provenance.dataset_fingerprint),
            train=provenance.train_blocks, val=provenance.val_blocks,
        ),
        words.tell("Split"): words.tell(
            "{split}; validation: {sources}.", split=split, sources=", ".join(provenance.val_sources)
        )
        if provenance.val_sources
        else f"{split}.",
        words.tell("Parameters"): words.tell(
            "{trainable:,} of {total:,} were trained.",
            trainable=provenance.trainable_parameters, total=provenance.total_parameters,
        ),
        words.tell("Software"): words.tell(
            "{versions}; commit {commit}.", versions=versions, commit=_short(provenance.git_commit)
        )
        if provenance.git_commit
        else f"{versions}.",
        words.tell("Machine"): words.plural(
            "{device}, {count} CPU thread.", "{device}, {count} CPU threads.",
            provenance.threads, device=provenance.device,
        ),
    }  # fmt: skip
    if pixels := provenance.inputs:
        said[words.tell("Pixels")] = words.tell(
            "Of the training blocks, as the network sees them: {minimum:.3f} to {maximum:.3f}, mean {mean:.3f}, "
            "standard deviation {deviation:.3f}.",
            minimum=pixels.minimum, maximum=pixels.maximum, mean=pixels.mean, deviation=pixels.standard_deviation,
        )  # fmt: skip
    return said


def _of_imported(imported: Imported, words: Words) -> dict[str, str]:
    files = ", ".join(f"{file.name} (SHA-256 {_short(file.sha256)})" for file in imported.files)
    said = {
        words.tell("Origin"): words.tell(
            "Trained elsewhere; only its history was taken over, without weights or predictions."
        ),
        words.tell("Files"): f"{files}.",
        words.tell("Data"): words.tell(
            "{dataset}, split: {split}.", dataset=words.tell(imported.dataset), split=words.tell(imported.split)
        ),
    }
    if imported.trainable_parameters is not None:
        said[words.tell("Parameters")] = words.tell("{count:,} were trained.", count=imported.trainable_parameters)
    if imported.percent:
        said[words.tell("Units")] = words.tell("{things} were in percent.", things=", ".join(imported.percent))
    if imported.left_out:
        said[words.tell("Left out")] = words.tell("Of the history: {things}.", things=", ".join(imported.left_out))
    return said


def _short(digest: str) -> str:
    return digest[:DIGITS]
