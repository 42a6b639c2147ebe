"""What a run's numbers rest on, in words, from its folder."""

from av1core.partition import STAGES
from av1core.runs.folder import RunFolder
from av1core.runs.imported import Imported
from av1core.runs.records import Provenance

DIGITS = 12
"""Hexadecimal digits that are shown of a digest."""


def grounds(folder: RunFolder) -> dict[str, str]:
    """Sentences by what they are about, such as "Data" and "Software". Raises RunError if a file is damaged."""
    if imported := folder.imported():
        return _of_imported(imported)
    spec, provenance = folder.spec(), folder.provenance()
    said = {"Spec": f"{STAGES[spec.stage].title}, seed {spec.seed}; hash of all settings but the name: {spec.hash}."}
    if spec.stage1_run:
        said["Backbone"] = f"Frozen, from the run {spec.stage1_run}."
    if provenance is None:
        return said | {"Data": f"{spec.dataset}. Training has not begun, so nothing more is recorded."}
    if provenance.stage1_weights_sha256:
        said["Backbone"] += f" Its weights have the SHA-256 {_short(provenance.stage1_weights_sha256)}."
    return said | _of_provenance(provenance)


def _of_provenance(provenance: Provenance) -> dict[str, str]:
    validation = f"; validation: {', '.join(provenance.val_sources)}" if provenance.val_sources else ""
    versions = ", ".join(f"{name} {version}" for name, version in provenance.versions.items())
    commit = f"; commit {_short(provenance.git_commit)}" if provenance.git_commit else ""
    said = {
        "Data": f"{provenance.dataset_name}, fingerprint {_short(provenance.dataset_fingerprint)}: "
        f"{provenance.train_blocks:,} training and {provenance.val_blocks:,} validation blocks.",
        "Split": f"By {provenance.split}{validation}.",
        "Parameters": f"{provenance.trainable_parameters:,} of {provenance.total_parameters:,} were trained.",
        "Software": f"{versions}{commit}.",
        "Machine": f"{provenance.device}, {provenance.threads} CPU thread{'' if provenance.threads == 1 else 's'}.",
    }
    if pixels := provenance.inputs:
        said["Pixels"] = (
            f"Of the training blocks, as the network sees them: {pixels.minimum:.3f} to {pixels.maximum:.3f}, "
            f"mean {pixels.mean:.3f}, standard deviation {pixels.standard_deviation:.3f}."
        )
    return said


def _of_imported(imported: Imported) -> dict[str, str]:
    files = ", ".join(f"{file.name} (SHA-256 {_short(file.sha256)})" for file in imported.files)
    said = {
        "Origin": "Trained elsewhere; only its history was taken over, without weights or predictions.",
        "Files": f"{files}.",
        "Data": f"{imported.dataset}, split: {imported.split}.",
    }
    if imported.trainable_parameters is not None:
        said["Parameters"] = f"{imported.trainable_parameters:,} were trained."
    if imported.percent:
        said["Units"] = f"{', '.join(imported.percent)} were in percent."
    if imported.left_out:
        said["Left out"] = f"Of the history: {', '.join(imported.left_out)}."
    return said


def _short(digest: str) -> str:
    return f"{digest[:DIGITS]}…" if len(digest) > DIGITS else digest
