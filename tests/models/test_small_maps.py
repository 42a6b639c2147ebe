import pytest
import torch
from torch import nn

from av1core.models.backbone import Backbone
from av1core.models.small_maps import SmallMapConv2d, live_taps, met_taps, restore_convolutions, use_small_maps

# (C_in, C_out, kernel, stride, padding, groups, map side): what 16×16 blocks meet in a ResNet, and their neighbours.
SHAPES = [
    (6, 8, 3, 1, 1, 1, 1),
    (6, 8, 3, 2, 1, 1, 1),
    (6, 8, 3, 2, 1, 1, 2),
    (6, 8, 3, 1, 1, 1, 2),
    (6, 8, 1, 1, 0, 1, 1),
    (6, 8, 1, 2, 0, 1, 2),
    (6, 8, 1, 2, 0, 1, 1),
    (2, 1, 7, 1, 3, 1, 1),
    (1, 8, 7, 2, 3, 1, 16),
    (6, 6, 3, 1, 1, 6, 1),
    (6, 6, 3, 2, 1, 6, 2),
    (6, 8, 3, 1, 1, 2, 1),
    (8, 2, 3, 1, 1, 2, 1),
    (8, 2, 3, 2, 1, 2, 2),
    (6, 8, 3, 2, 1, 1, 4),
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("bias", [False, True])
def test_output_and_gradients_equal_the_ordinary_convolution(shape, bias):
    inside, outside, kernel, stride, padding, groups, side = shape
    generator = torch.Generator().manual_seed(0)
    plain = nn.Conv2d(inside, outside, kernel, stride, padding, groups=groups, bias=bias).double()
    fast = use_small_maps(nn.Sequential(nn.Conv2d(inside, outside, kernel, stride, padding, groups=groups, bias=bias)))
    fast = fast.double()
    assert isinstance(fast[0], SmallMapConv2d)
    fast[0].load_state_dict(plain.state_dict())
    x = torch.randn(5, inside, side, side, dtype=torch.float64, generator=generator)
    outputs, gradients = [], []
    for model in (plain, fast):
        inputs = x.clone().requires_grad_()
        output = model(inputs)
        (output * torch.arange(output.numel(), dtype=torch.float64).view_as(output)).sum().backward()
        outputs.append(output)
        gradients.append([inputs.grad, *(p.grad for p in model.parameters())])
    torch.testing.assert_close(outputs[1], outputs[0], rtol=1e-12, atol=1e-12)
    for ours, theirs in zip(gradients[1], gradients[0], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


def test_live_taps_are_those_that_meet_data():
    assert live_taps(1, 3, 1, 1) == slice(1, 2)
    assert live_taps(2, 3, 2, 1) == slice(1, 3)
    assert live_taps(2, 3, 1, 1) is None
    # One output, but a stride that leaves the last pixel out.
    assert live_taps(2, 1, 2, 0) is None


def test_met_taps_are_all_but_those_that_only_meet_padding():
    assert met_taps(1, 3, 1, 1) == [1]
    assert met_taps(2, 3, 2, 1) == [1, 2]
    assert met_taps(2, 3, 1, 1) == [0, 1, 2]
    assert met_taps(2, 7, 1, 3) == [2, 3, 4]
    assert met_taps(16, 7, 2, 3) == [0, 1, 2, 3, 4, 5, 6]


def test_taking_it_back_leaves_an_ordinary_model_with_the_same_weights():
    model = Backbone("resnet10t")
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    use_small_maps(model)
    assert any(isinstance(module, SmallMapConv2d) for module in model.modules())
    restore_convolutions(model)
    assert not any(isinstance(module, SmallMapConv2d) for module in model.modules())
    after = model.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
