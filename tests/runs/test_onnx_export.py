from importlib.util import find_spec

import pytest
import torch
from torch import nn

from av1core.errors import RunError
from av1core.runs import onnx_export
from av1core.runs.onnx_export import TOLERANCE, require_packages, write_onnx


class TwoInputs(nn.Module):
    """Stands for a stage model whose head is given the qindex."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1, stride=16)
        self.head = nn.Linear(5, 3)

    def forward(self, x, qindex):
        return self.head(torch.cat([self.conv(x).flatten(1), qindex.float().unsqueeze(1) / 255], 1))


@pytest.fixture
def inputs():
    return torch.rand(7, 1, 16, 16), torch.arange(7)


def test_a_second_input_is_named_and_any_batch_is_taken(tmp_path, inputs):
    import onnxruntime

    model = TwoInputs()
    with torch.no_grad():
        expected = model.eval()(*inputs)
    check = write_onnx(model, inputs, tmp_path / "model.onnx", {"classes": "A,B,C"})
    assert check.blocks == 7 and check.difference < 1e-6
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    assert session.get_modelmeta().custom_metadata_map["classes"] == "A,B,C"
    for size in (1, 2, 7):
        given = {"luma": inputs[0][:size].numpy(), "qindex": inputs[1][:size].numpy()}
        (logits,) = session.run(["logits"], given)
        assert torch.allclose(torch.from_numpy(logits), expected[:size], atol=TOLERANCE)


def test_the_file_holds_standard_operators_only(tmp_path, inputs):
    import onnx

    write_onnx(TwoInputs(), inputs, tmp_path / "model.onnx", {})
    model = onnx.load(tmp_path / "model.onnx")
    onnx.checker.check_model(model)
    assert {node.domain for node in model.graph.node} == {""} and not model.functions
    assert "Conv" in {node.op_type for node in model.graph.node}
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_logits_that_differ_are_refused(tmp_path, inputs, monkeypatch):
    monkeypatch.setattr(onnx_export, "_difference", lambda *_: float("nan"))
    with pytest.raises(RunError, match="differ from torch's by up to nan"):
        write_onnx(TwoInputs(), inputs, tmp_path / "model.onnx", {})


def test_missing_packages_are_named_with_the_command_that_installs_them(monkeypatch):
    require_packages()
    monkeypatch.setattr(onnx_export, "find_spec", lambda name: None if name == "onnxscript" else find_spec(name))
    with pytest.raises(RunError, match=r"pip install onnxscript$"):
        require_packages()
