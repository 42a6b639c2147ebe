import pytest
import torch
import torch.nn.functional as F
from torch import nn

from av1core.models.max_pool import RepeatableMaxPool2d, _MaxPool

SIZES = [(8, 8), (7, 5), (1, 1), (2, 2)]
WINDOWS = [(3, 2, 1), (2, 2, 0), (3, 1, 1)]
FITTING = [(size, *of) for size in SIZES for of in WINDOWS if min(size) + 2 * of[2] >= of[0]]


@pytest.mark.parametrize(("size", "kernel", "stride", "padding"), FITTING)
def test_outputs_and_gradients_are_torchs_with_equal_values_too(size, kernel, stride, padding):
    draws = torch.Generator().manual_seed(0)
    x = torch.randint(0, 3, (2, 3, *size), generator=draws).double()  # most windows hold their maximum more than once
    inputs = [x.clone().requires_grad_() for _ in range(2)]
    outputs = [F.max_pool2d(inputs[0], kernel, stride, padding), _MaxPool.apply(inputs[1], kernel, stride, padding)]
    assert torch.equal(*outputs)
    weight = torch.rand(outputs[0].shape, generator=draws, dtype=torch.float64)
    gradients = [torch.autograd.grad((out * weight).sum(), of)[0] for out, of in zip(outputs, inputs, strict=True)]
    torch.testing.assert_close(*gradients)


def test_it_is_an_ordinary_one_on_a_cpu():
    pool = RepeatableMaxPool2d(3, 2, 1)
    assert isinstance(pool, nn.MaxPool2d) and not pool.state_dict()
    x = torch.rand(1, 2, 8, 8, requires_grad=True)
    assert torch.equal(pool(x), F.max_pool2d(x, 3, 2, 1)) and "MaxPool2D" in type(pool(x).grad_fn).__name__
