"""A stage model as an ONNX file of standard operators, and the check that it computes what torch does."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from av1core.errors import RunError
from av1core.models.stage import StageModel

PACKAGES = ("onnx", "onnxruntime", "onnxscript")

TOLERANCE = 1e-4
"""Largest difference of a logit that passes: far above rounding in float32, far below what changes a decision."""

INPUTS, OUTPUT = ("luma", "qindex"), "logits"


@dataclass(frozen=True)
class OnnxCheck:
    """The largest absolute difference of a logit between ONNX and torch, over so many validation blocks."""

    difference: float
    blocks: int


def require_packages() -> None:
    """Raises RunError that says what to install."""
    if missing := [name for name in PACKAGES if find_spec(name) is None]:
        raise RunError(f"ONNX needs packages that are missing. Install them: pip install {' '.join(missing)}")


def write_onnx(model: StageModel, inputs: tuple[Tensor, ...], file: Path, metadata: dict[str, str]) -> OnnxCheck:
    """Write the model in eval mode, then compare its logits with torch's on `inputs`.

    inputs: what the model's forward takes, N real blocks each, N ≥ 2: luma (N, 1, S, S) float32 in [0, 1], and qindex
    for a model that takes it. The file takes any N. metadata: texts that are stored in it. Raises RunError if a logit
    differs by TOLERANCE or more.
    """
    model = model.eval().cpu()
    with torch.no_grad():
        expected = model(*inputs).numpy()
    # Two blocks: torch takes an example's size of 1 for a constant. One axis gets the name; the others are found equal.
    batch = ("batch", *(torch.export.Dim.DYNAMIC for _ in inputs[1:]))
    program = torch.onnx.export(
        model,
        tuple(part[:2] for part in inputs),
        input_names=list(INPUTS[: len(inputs)]),
        output_names=[OUTPUT],
        dynamic_shapes=tuple({0: axis} for axis in batch),
        dynamo=True,
        verbose=False,
    )
    program.model.metadata_props.update(metadata)
    program.save(file, external_data=False)
    difference = max(_difference(file, inputs, expected, size) for size in (1, len(expected)))
    if not difference < TOLERANCE:
        raise RunError(
            f"{file.name}: the logits differ from torch's by up to {difference:.2e}, and {TOLERANCE:.0e} is the most "
            "that passes. Nothing was written; export without --onnx, and report this with the run's spec."
        )
    return OnnxCheck(difference, len(expected))


def _difference(file: Path, inputs: tuple[Tensor, ...], expected: np.ndarray, size: int) -> float:
    """Of the first `size` blocks, given at once."""
    import onnxruntime

    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]
    given = {name: part[:size].numpy() for name, part in zip(names, inputs, strict=True)}
    (logits,) = session.run([OUTPUT], given)
    return float(np.abs(logits - expected[:size]).max())
