import pytest
import torch

from av1core.errors import SpecError
from av1core.models.backbone import LAYERS, Backbone
from av1core.models.geometry import LayerGeometry, backbone_geometry, geometry
from tests.models.trained import adapted


def test_resnet18_at_16_by_16():
    """By hand: 3×3 kernels keep 4 of 9 taps from 2×2 to 1×1 with stride 2, and 1 of 9 from 1×1."""
    layer3 = 128 * 256 * 4 + 3 * 256 * 256 + 128 * 256
    layer4 = 256 * 512 + 3 * 512 * 512 + 256 * 512
    assert geometry(Backbone("resnet18"), 16) == (
        LayerGeometry("stem", 8, 8, 64 * 49, 64 * 49),
        LayerGeometry("layer1", 4, 4, 4 * 64 * 64 * 9, 4 * 64 * 64 * 9),
        LayerGeometry("layer2", 2, 2, 64 * 128 * 10 + 3 * 128 * 128 * 9, 64 * 128 * 10 + 3 * 128 * 128 * 9),
        LayerGeometry("layer3", 1, 1, 128 * 256 * 10 + 3 * 256 * 256 * 9, layer3),
        LayerGeometry("layer4", 1, 1, 256 * 512 * 10 + 3 * 512 * 512 * 9, layer4),
    )


@pytest.mark.parametrize("name", ["resnet10t", "resnet18", "resnet18d", "resnet26d"])
def test_a_stem_that_keeps_the_size_keeps_every_weight_alive(name):
    entries = geometry(Backbone(name, stem="keep"), 16)
    assert [(entry.height, entry.width) for entry in entries] == [(16, 16), (16, 16), (8, 8), (4, 4), (2, 2)]
    assert all(entry.live_weights == entry.weights for entry in entries)


def test_live_weights_are_those_that_have_a_gradient():
    backbone = adapted("none", unfrozen=LAYERS).backbone.eval()
    backbone(torch.rand(16, 1, 16, 16)).square().sum().backward()
    for entry in geometry(backbone, 16)[1:]:
        kernels = [p.grad for p in getattr(backbone, entry.layer).parameters() if p.ndim == 4]
        # A tap is live for all channels or for none; single gradients may vanish by ReLU.
        live = sum(int(grad.abs().sum((0, 1)).count_nonzero()) * grad.shape[0] * grad.shape[1] for grad in kernels)
        assert entry.live_weights == live


@pytest.mark.parametrize("stem", ["imagenet", "keep"])
@pytest.mark.parametrize("name", ["resnet10t", "resnext50_32x4d", "resnetrs50"])
def test_a_backbone_that_nobody_built_has_the_geometry_of_one(name, stem):
    state = torch.get_rng_state()
    entries = backbone_geometry(name, stem, 16)
    assert torch.equal(torch.get_rng_state(), state)
    assert entries == geometry(Backbone(name, stem=stem), 16)
    assert [entry.spatial for entry in entries] == [True, True, True, stem == "keep", stem == "keep"]


@pytest.mark.parametrize("name", ["no_such_net", "resnetblur18", "resnetaa34d"])
def test_a_backbone_that_cannot_be_is_an_error_that_names_the_field(name):
    with pytest.raises(SpecError, match=r"^backbone\.name: .*Try"):
        backbone_geometry(name, "imagenet", 16)


def test_a_model_has_the_geometry_of_its_backbone_and_is_left_alone():
    model = adapted("conv_parallel", qindex_input=True).double()
    model.train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    assert geometry(model, 16) == geometry(Backbone("resnet10t"), 16)
    assert [module.training for module in model.modules()] == modes
    assert not any(module._forward_hooks for module in model.modules())
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
