import pytest
import torch

from av1core.errors import SpecError
from av1core.models.backbone import Backbone


@pytest.mark.parametrize("gates", [(True, True), (False, False)])
def test_blocks_become_finite_features_and_every_parameter_learns(gates):
    backbone = Backbone("resnet10t", *gates)
    features = backbone(torch.rand(4, 1, 16, 16))
    assert features.shape == (4, backbone.features)
    features.square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in backbone.parameters())


@pytest.mark.parametrize("name", ["no_such_net", "vit_tiny_patch16_224"])
def test_a_model_that_is_no_resnet_of_timm_is_an_error_that_names_the_field(name):
    with pytest.raises(SpecError, match=r"backbone\.name"):
        Backbone(name)


def test_adapters_apply_after_their_layer():
    backbone = Backbone("resnet10t").eval()
    x = torch.rand(2, 1, 16, 16)
    with torch.no_grad():
        plain = backbone(x)
        assert torch.equal(backbone(x, {"layer3": torch.nn.Identity()}), plain)
        assert not torch.equal(backbone(x, {"layer3": torch.nn.Softmax(1)}), plain)
