import pytest
import timm
import torch
from torch import nn

from av1core.errors import SpecError
from av1core.models.backbone import Backbone
from av1core.models.geometry import geometry
from tests.models.trained import trained

NAMES = ["resnet10t", "resnet18", "resnet18d", "resnet26d"]


@pytest.mark.parametrize("gates", [(True, True), (False, False)])
@pytest.mark.parametrize("stem", ["imagenet", "keep"])
def test_blocks_become_finite_features_and_every_parameter_learns(gates, stem):
    backbone = Backbone("resnet10t", *gates, stem)
    features = backbone(torch.rand(4, 1, 16, 16))
    assert features.shape == (4, backbone.features)
    features.square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in backbone.parameters())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("side", [8, 16, 64])
def test_every_backbone_takes_every_block_size(name, side):
    backbone = Backbone(name).eval()
    with torch.no_grad():
        features = backbone(torch.rand(2, 1, side, side))
    assert features.shape == (2, backbone.features) and features.isfinite().all()


@pytest.mark.parametrize("name", ["resnet18", "resnet26d"])
def test_without_gates_it_is_the_network_of_timm_bit_for_bit(name):
    net = timm.create_model(name, in_chans=1, num_classes=0).eval()
    backbone = trained(Backbone(name, False, False)).eval()
    net.load_state_dict(backbone.state_dict())
    x = torch.rand(2, 1, 32, 32)
    with torch.no_grad():
        assert torch.equal(backbone(x), net.forward_features(x).mean((2, 3)))


@pytest.mark.parametrize("name", ["resnet10t", "resnet18", "resnetrs50", "resnetaa34d"])
def test_a_stem_that_keeps_the_size(name):
    entries = geometry(Backbone(name, stem="keep"), 16)
    assert [(entry.height, entry.width) for entry in entries] == [(16, 16), (16, 16), (8, 8), (4, 4), (2, 2)]


@pytest.mark.parametrize("name", ["resnet10t", "resnet18"])
def test_the_stem_changes_no_name(name):
    assert Backbone(name, stem="keep").state_dict().keys() == Backbone(name).state_dict().keys()


@pytest.mark.parametrize("name", ["no_such_net", "vit_tiny_patch16_224", "someone/resnet18", "hf-hub:x/y"])
def test_a_model_that_is_no_resnet_of_timm_is_an_error_that_names_the_field(name):
    with pytest.raises(SpecError, match=r"backbone\.name"):
        Backbone(name)


def test_adapters_apply_after_their_layer_or_around_its_blocks():
    backbone = Backbone("resnet10t").eval()
    x = torch.rand(2, 1, 16, 16)

    class Around(nn.Module):
        def forward(self, block: nn.Module, h: torch.Tensor) -> torch.Tensor:
            return block(h).softmax(1)

    with torch.no_grad():
        plain = backbone(x)
        assert torch.equal(backbone(x, {"layer3": nn.Identity()}), plain)
        assert not torch.equal(backbone(x, {"layer3": nn.Softmax(1)}), plain)
        assert not torch.equal(backbone(x, {"layer3": nn.ModuleList([Around()])}), plain)
