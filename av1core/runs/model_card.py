"""The README.md of an exported model: what it is, what it scored on what, how it was trained, how to load it."""

from typing import Any

from av1core.partition import MODEL_SIZE, STAGES
from av1core.runs.onnx_export import OnnxCheck
from av1core.runs.records import Provenance
from av1core.training.spec import RunSpec, flatten


def model_card(spec: RunSpec, provenance: Provenance, record: dict[str, Any], check: OnnxCheck | None) -> str:
    """Markdown. record: the line of history.jsonl of the epoch whose weights were exported, with F1 in [0, 1].

    check: of ONNX, None where that was not exported.
    """
    stage = STAGES[spec.stage]
    second = " and the block's qindex" if spec.qindex_input else ""
    parts = [
        f"# {spec.name}",
        f"{stage.title} of an AV1 partition hierarchy: luma blocks of {MODEL_SIZE}×{MODEL_SIZE} pixels{second} → "
        f"{', '.join(stage.classes)}, in this order. {provenance.total_parameters:,} parameters, of which "
        f"{provenance.trainable_parameters:,} were trained in this run.",
        f"## Results at epoch {record['epoch']}, the best by validation macro-F1",
        _table(("figure", "measured on", "value"), _results(stage.classes, record)),
        f"Validation side of the dataset {provenance.dataset_name}, split by {provenance.split}: "
        f"{provenance.val_blocks:,} blocks; trained on {provenance.train_blocks:,}. Macro-F1 is the plain mean of the "
        f"classes' F1. The best epoch was chosen on the same validation side, and this is one seed ({spec.seed}): "
        "a difference to another single run can be chance.",
        "## Data",
        _table(("", ""), _data(provenance)),
        "## Load",
        _loading(spec, check),
        "## Settings",
        _table(("setting", "value"), [(f"`{key}`", _cell(value)) for key, value in flatten(spec).items()]),
        "## Trained with",
        _table(("", ""), _origin(provenance)),
    ]
    return "\n\n".join(parts) + "\n"


def _results(classes: tuple[str, ...], record: dict[str, Any]) -> list[tuple[str, str, str]]:
    validation = "validation, eval mode, natural class mix"
    rows = [("macro-F1", validation, f"{record['val_f1']:.2%}")]
    rows += [
        (f"F1 of {name}", validation, f"{value:.2%}")
        for name, value in zip(classes, record["val_f1_per_class"], strict=True)
    ]
    return [
        *rows,
        ("accuracy", validation, f"{record['val_accuracy']:.2%}"),
        ("loss", validation, f"{record['val_loss']:.4f}"),
        ("macro-F1", "training blocks, eval mode, natural class mix", f"{record['train_f1_clean']:.2%}"),
        ("macro-F1", "training blocks as sampled, dropout on, while training", f"{record['train_f1']:.2%}"),
    ]


def _data(provenance: Provenance) -> list[tuple[str, str]]:
    return [
        ("dataset", _cell(provenance.dataset_name)),
        ("fingerprint", f"`{provenance.dataset_fingerprint}`"),
        ("split", f"by {provenance.split}"),
        ("validation sources", _cell(", ".join(provenance.val_sources))),
    ]


def _origin(provenance: Provenance) -> list[tuple[str, str]]:
    rows = [*provenance.versions.items(), ("device", provenance.device), ("git commit", provenance.git_commit or "–")]
    if provenance.stage1_weights_sha256:
        rows.append(("frozen Stage-1 weights", f"SHA-256 {provenance.stage1_weights_sha256}"))
    return [(name, _cell(value)) for name, value in rows]


def _loading(spec: RunSpec, check: OnnxCheck | None) -> str:
    inputs = "luma, qindex" if spec.qindex_input else "luma"
    text = (
        "With the AV1 Partition Lab; `luma` is float32 (N, 1, 16, 16) in [0, 1], 10-bit values divided by 1023:\n\n"
        "    from av1core.runs.export import load_exported\n"
        '    model = load_exported("PATH OF THIS FOLDER")\n'
        f"    logits = model({inputs})\n\n"
        "Without it, `model.safetensors` holds the weights of the whole model under the names of timm's ResNet after "
        "`backbone.`, then `adapters.` and `head.`."
    )
    if check is None:
        return text
    given = '{"luma": luma, "qindex": qindex}' if spec.qindex_input else '{"luma": luma}'
    return text + (
        f" `model.onnx` holds the model as standard operators; its logits differ from torch's by at most "
        f"{check.difference:.1e} on {check.blocks:,} validation blocks:\n\n"
        "    import onnxruntime\n"
        '    session = onnxruntime.InferenceSession("model.onnx")\n'
        f'    (logits,) = session.run(["logits"], {given})'
    )


def _table(titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [titles, tuple("---" for _ in titles), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: Any) -> str:
    """A value that cannot break its table."""
    text = ", ".join(value) if isinstance(value, list) else "" if value is None else str(value)
    return text.replace("|", "\\|").replace("\n", " ") or "–"
