import pytest
import torch

from av1core.models.adapter import ConvAdapter
from av1core.models.schemes import make_adapters
from tests.models.trained import BLOCK_SCHEMES, SCHEMES, adapted

THESIS = ["alpha", "down.weight", "bn.weight", "bn.bias", "depthwise.weight", "up.weight"]
PAPER = ["alpha", "down.weight", "up.weight"]
HEAD = ["head.weight", "head.bias"]


def trainable_names(model) -> list[str]:
    return [name for name, parameter in model.named_parameters() if parameter.requires_grad]


def test_exact_trainable_names_of_the_thesis_scheme():
    expected = [f"adapters.{layer}.{name}" for layer in ("layer3", "layer4") for name in THESIS]
    assert trainable_names(adapted("thesis")) == [*expected, *HEAD]


@pytest.mark.parametrize("scheme", BLOCK_SCHEMES)
def test_exact_trainable_names_of_the_papers_schemes(scheme):
    expected = [f"adapters.{place}.{name}" for place in ("layer1.0", "layer1.1", "layer4.0") for name in PAPER]
    model = adapted(scheme, "resnet18", layers=("layer4", "layer1"))
    assert [name for name in trainable_names(model) if ".layer4.1." not in name] == [*expected, *HEAD]
    assert sum(".layer4.1." in name for name in trainable_names(model)) == len(PAPER)


def test_without_a_scheme_only_the_head_trains():
    assert trainable_names(adapted("none")) == HEAD


@pytest.mark.parametrize(("reduction", "thesis"), [(4, 166_000), (2, 332_000)])
def test_adapters_of_resnet18_have_the_thesis_size(reduction, thesis):
    adapters = adapted("thesis", "resnet18", reduction=reduction).trainable()["adapter"]
    assert round(sum(p.numel() for p in adapters), -3) == thesis


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_backbones_names_are_those_without_adapters(scheme):
    names = {name for name in adapted("none").state_dict() if name.startswith("backbone.")}
    model = adapted(scheme)
    assert {name for name in model.state_dict() if name.startswith("backbone.")} == names
    assert set(model.backbone_state()) == names


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", ["resnet10t", "resnet26d"])
def test_an_adapted_model_begins_near_the_frozen_one(scheme, name):
    model = adapted(scheme, name).eval()
    x = torch.rand(8, 1, 16, 16)
    with torch.no_grad():
        frozen = model.backbone(x)
        moved = (model.backbone(x, model.adapters) - frozen).norm() / frozen.norm()
    assert 0 < moved < 0.02


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("batchnorm", ["train", "eval"])
def test_every_trainable_parameter_gets_a_finite_gradient_and_no_other_does(scheme, batchnorm):
    model = adapted(scheme, batchnorm=batchnorm)
    model(torch.rand(8, 1, 16, 16)).square().mean().backward()
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad.isfinite().all() and parameter.grad.any(), name
        else:
            assert parameter.grad is None, name


def test_only_the_named_layers_are_adapted():
    backbone = adapted("none").backbone
    assert list(make_adapters(backbone, "thesis", ("layer2",), 4)) == ["layer2"]
    assert isinstance(make_adapters(backbone, "thesis", ("layer2",), 4)["layer2"], ConvAdapter)
    assert list(make_adapters(backbone, "conv_parallel", ("layer4", "layer1"), 4)) == ["layer1", "layer4"]
