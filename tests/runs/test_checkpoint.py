from dataclasses import replace

import pytest
import torch

from av1core.errors import RunError
from av1core.models.stage import StageModel
from av1core.runs.checkpoint import build_model, load_best, prepare_model, save_best, save_last
from av1core.runs.folder import RunFolder
from av1core.training.spec import parse_spec
from av1core.training.spec_parts import BackboneSpec
from tests.synthetic import stage1_values, stage2_values

CPU = torch.device("cpu")
ADAPTERS = [
    {"scheme": "thesis"},
    {"scheme": "conv_parallel", "layers": ["layer1", "layer4"], "reduction": 2},
    {"scheme": "conv_sequential", "batchnorm": "train"},
    {"scheme": "residual_parallel", "unfrozen": ["layer4"]},
    {"scheme": "residual_sequential", "unfrozen": ["stem"]},
    {"scheme": "none", "unfrozen": ["stem", "layer1", "layer2", "layer3", "layer4"]},
]
QINDEX = torch.tensor([80, 128, 172, 220], dtype=torch.int16)


@torch.no_grad()
def disturb(model: StageModel) -> None:
    """Move all that a run of this model may move."""
    for tensor in model.own_state().values():
        if tensor.is_floating_point():
            tensor.add_(torch.rand(tensor.shape) * 0.01)


def logits(model: StageModel) -> torch.Tensor:
    x = torch.rand(4, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return model.eval()(x, QINDEX)


@pytest.fixture(scope="module")
def stage1(tiny, tmp_path_factory) -> RunFolder:
    """A finished Stage-1 run whose stem keeps the map's size, of which only the weights matter."""
    values = stage1_values(tiny)
    values["backbone"]["stem"] = "keep"
    folder = RunFolder.create(tmp_path_factory.mktemp("runs"), parse_spec(values))
    model, _ = prepare_model(folder, folder.spec(), CPU)
    disturb(model)
    save_best(folder, model, {})
    folder.write_status(replace(folder.status(), state="finished"))
    return folder


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter["scheme"])
@pytest.mark.parametrize("options", [{}, {"qindex_input": True, "loss": {"name": "arcface"}}], ids=["", "options"])
def test_the_best_weights_come_back_as_the_same_model(stage1, tiny, adapter, options):
    values = stage2_values(tiny, stage1.id) | {"stage": "stage3_ab", "adapter": adapter} | options
    folder = RunFolder.create(stage1.path.parent, parse_spec(values))
    model, digest = prepare_model(folder, folder.spec(), CPU)
    assert digest and model.backbone.conv1[0].stride == (1, 1)
    disturb(model)
    save_best(folder, model, {})
    again = load_best(folder)
    assert torch.equal(logits(again), logits(model))
    assert logits(again).shape == (4, 4)


def test_a_later_stage_begins_with_the_backbone_of_stage1(stage1, tiny):
    folder = RunFolder.create(stage1.path.parent, parse_spec(stage2_values(tiny, stage1.id)))
    model, _ = prepare_model(folder, folder.spec(), CPU)
    expected = load_best(stage1).backbone_state()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in model.backbone_state().items())


def test_pretrained_weights_are_read_when_a_run_begins_and_not_again(tiny, tmp_path):
    file = tmp_path / "weights.pth"
    spec = stage1_values(tiny)
    source = build_model(parse_spec(spec | {"seed": 9}), BackboneSpec(name="resnet10t"), CPU).backbone.state_dict()
    torch.save({name: tensor for name, tensor in source.items() if not name.startswith(("se.", "attention."))}, file)
    spec["backbone"] = {"name": "resnet10t", "pretrained": str(file)}
    folder = RunFolder.create(tmp_path / "runs", parse_spec(spec))
    model, _ = prepare_model(folder, folder.spec(), CPU)
    assert torch.equal(model.backbone.layer1[0].conv1.weight, source["layer1.0.conv1.weight"])
    save_best(folder, model, {})
    save_last(folder, {"epoch": 1})
    file.unlink()
    prepare_model(folder, folder.spec(), CPU)
    assert torch.equal(logits(load_best(folder)), logits(model))


def test_pretrained_weights_that_are_not_there_stop_the_run_before_it_begins(tiny, tmp_path):
    spec = stage1_values(tiny)
    spec["backbone"] = {"name": "resnet10t", "pretrained": str(tmp_path / "absent.pth")}
    folder = RunFolder.create(tmp_path / "runs", parse_spec(spec))
    with pytest.raises(RunError, match=r"backbone\.pretrained: there is no file"):
        prepare_model(folder, folder.spec(), CPU)


def test_without_hard_links_the_backbone_is_copied_whole_or_not_at_all(stage1, tiny, monkeypatch):
    def refuse(*args) -> None:
        raise OSError("not here")

    monkeypatch.setattr("os.link", refuse)
    folder = RunFolder.create(stage1.path.parent, parse_spec(stage2_values(tiny, stage1.id)))
    before = set(folder.path.iterdir())
    with monkeypatch.context() as patch, pytest.raises(OSError, match="not here"):
        patch.setattr("os.replace", refuse)
        prepare_model(folder, folder.spec(), CPU)
    assert set(folder.path.iterdir()) == before
    prepare_model(folder, folder.spec(), CPU)
    assert folder.backbone_file.read_bytes() == stage1.best_file.read_bytes()
