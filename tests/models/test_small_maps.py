import copy
from itertools import product

import pytest
import torch
from torch import Tensor, nn

from av1core.models.small_maps import MatrixConv2d, folded, full_axis, met_taps, use_matrix, use_ordinary

# (C_in, C_out, kernel, stride, padding, groups, map height and width): what 16×16 blocks meet in a ResNet, and
# neighbours of it.
SHAPES = [
    (6, 8, 3, 1, 1, 1, (1, 1)),
    (6, 8, 3, 2, 1, 1, (1, 1)),
    (6, 8, 3, 2, 1, 1, (2, 2)),
    (6, 8, 3, 1, 1, 1, (2, 2)),
    (6, 8, 3, 1, 1, 1, (1, 2)),
    (6, 8, 3, 2, 1, 1, (2, 1)),
    (6, 8, 1, 1, 0, 1, (1, 1)),
    (6, 8, 1, 2, 0, 1, (2, 2)),
    (6, 8, 1, 2, 0, 1, (1, 1)),
    (6, 8, 2, 2, 0, 1, (3, 3)),
    (2, 1, 7, 1, 3, 1, (1, 1)),
    (2, 1, 7, 1, 3, 1, (2, 2)),
    (2, 1, 7, 1, 3, 1, (4, 4)),
    (6, 6, 3, 1, 1, 6, (1, 1)),
    (6, 6, 3, 2, 1, 6, (2, 2)),
    (8, 2, 3, 1, 1, 2, (1, 1)),
    (8, 2, 3, 2, 1, 2, (2, 2)),
]

WITHOUT = [
    (1, 8, 7, 2, 3, 1, (16, 16)),
    (6, 8, 3, 1, 1, 1, (4, 4)),
    (6, 8, 3, 2, 1, 1, (4, 4)),
    (6, 8, 3, 2, 1, 1, (3, 3)),
    (6, 8, 3, 1, 1, 1, (2, 3)),
    (6, 8, 1, 1, 0, 1, (2, 2)),
    (6, 6, 3, 1, 1, 6, (2, 2)),
    (6, 8, 3, 1, 1, 2, (1, 1)),
]
"""Where some output position does not see all that is used, or where several groups have several outputs."""

every_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)
with_and_without_bias = pytest.mark.parametrize("bias", [False, True], ids=["plain", "bias"])


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def convolution(shape: tuple, bias: bool = False) -> nn.Conv2d:
    inside, outside, kernel, stride, padding, groups, _ = shape
    made = nn.Conv2d(inside, outside, kernel, stride, padding, groups=groups, bias=bias, dtype=torch.float64)
    for parameter in made.parameters():
        nn.init.normal_(parameter, generator=seeded())
    return made


def batch_norm(channels: int) -> nn.BatchNorm2d:
    """In eval mode, with nothing as at its start."""
    norm = nn.BatchNorm2d(channels, dtype=torch.float64).eval()
    for tensor in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
        nn.init.uniform_(tensor, 0.5, 1.5, generator=seeded())
    return norm


def both(shape: tuple, bias: bool, frozen: bool = False) -> tuple[nn.Conv2d, MatrixConv2d]:
    """An ordinary convolution and its matrix form."""
    plain = convolution(shape, bias).requires_grad_(not frozen)
    matrix = copy.deepcopy(plain)
    assert use_matrix(matrix, shape[-1])
    return plain, matrix


def maps(shape: tuple, count: int = 5) -> Tensor:
    return torch.randn(count, shape[0], *shape[-1], dtype=torch.float64, generator=seeded())


def run(module: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """The output, and the gradient of the input; those of the parameters are left on them."""
    x = x.clone().requires_grad_()
    module.zero_grad(set_to_none=True)
    output = module(x)
    (output * torch.randn(output.shape, dtype=output.dtype, generator=seeded())).sum().backward()
    return output.detach(), x.grad


def live(shape: tuple) -> Tensor:
    """Whether each tap of the kernel ever meets data: (K, K)."""
    _, _, kernel, stride, padding, _, size = shape
    mask = torch.zeros(kernel, kernel, dtype=torch.bool)
    for row, col in product(*(met_taps(side, kernel, stride, padding) for side in size)):
        mask[row, col] = True
    return mask


def close(ours, theirs) -> None:
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


@every_shape
@with_and_without_bias
def test_outputs_and_gradients_are_those_of_the_ordinary_convolution(shape, bias):
    plain, matrix = both(shape, bias)
    close(run(matrix, maps(shape)), run(plain, maps(shape)))
    # A step along the gradient shows it under the ordinary names and in the ordinary shape.
    for model in (plain, matrix):
        torch.optim.SGD(model.parameters(), lr=1).step()
    close(matrix.state_dict(), plain.state_dict())


@every_shape
@with_and_without_bias
def test_a_frozen_one_gives_the_same_outputs_and_gradients_of_its_input(shape, bias):
    plain, matrix = both(shape, bias, frozen=True)
    close(run(matrix, maps(shape)), run(plain, maps(shape)))
    assert not any(parameter.requires_grad for parameter in matrix.parameters())
    close(matrix.state_dict(), plain.state_dict())


@every_shape
@with_and_without_bias
def test_a_frozen_one_does_the_work_of_the_batch_norm_that_is_folded_in(shape, bias):
    plain = convolution(shape, bias).requires_grad_(False)
    norm = batch_norm(plain.out_channels).requires_grad_(False)
    matrix = copy.deepcopy(plain)
    assert use_matrix(matrix, shape[-1], norm)
    close(run(matrix, maps(shape)), run(nn.Sequential(plain, norm), maps(shape)))
    close(matrix.state_dict(), plain.state_dict())


@with_and_without_bias
def test_folding_scales_the_weight_and_shifts_the_output(bias):
    plain, norm = convolution(WITHOUT[0], bias), batch_norm(8)
    scale, shift = folded(plain, norm)
    x = maps(WITHOUT[0])
    weight = plain.weight * scale[:, None, None, None]
    close(nn.functional.conv2d(x, weight, shift, plain.stride, plain.padding), norm(plain(x)))
    assert folded(plain, None) == (None, plain.bias)


@every_shape
def test_the_live_taps_alone_are_parameters_and_get_gradients(shape):
    plain, matrix = both(shape, bias=False)
    run(plain, maps(shape))
    run(matrix, maps(shape))
    mask = live(shape)
    assert not plain.weight.grad[..., ~mask].any()
    assert matrix.weight.numel() == plain.weight[..., mask].numel()
    assert matrix.weight.grad.abs().min() > 0


@every_shape
def test_training_moves_live_taps_as_the_ordinary_convolution_does_and_leaves_dead_ones_as_they_were(shape):
    plain, matrix = both(shape, bias=True)
    before = plain.weight.detach().clone()
    for model in (plain, matrix):
        optimiser = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.1)
        for _ in range(3):
            run(model, maps(shape))
            optimiser.step()
    mask, weight = live(shape), matrix.state_dict()["weight"]
    close(weight[..., mask], plain.weight[..., mask].detach())
    assert (weight[..., mask] != before[..., mask]).all()
    assert torch.equal(weight[..., ~mask], before[..., ~mask])


@every_shape
def test_checkpoints_of_both_forms_load_into_each_other(shape):
    plain, matrix = both(shape, bias=True)
    run(matrix, maps(shape))
    torch.optim.SGD(matrix.parameters(), lr=1).step()
    assert {name: tensor.shape for name, tensor in matrix.state_dict().items()} == {
        name: tensor.shape for name, tensor in plain.state_dict().items()
    }
    other = convolution(shape, bias=True)
    other.load_state_dict(matrix.state_dict())
    close(run(other, maps(shape)), run(matrix, maps(shape)))
    state = {name: tensor.clone() for name, tensor in plain.state_dict().items()}
    given = dict(state)
    matrix.load_state_dict(given)
    assert all(given[name] is state[name] for name in state)
    assert all(torch.equal(tensor, state[name]) for name, tensor in matrix.state_dict().items())
    close(run(matrix, maps(shape)), run(plain, maps(shape)))


@every_shape
@pytest.mark.parametrize("frozen", [False, True], ids=["trainable", "frozen"])
def test_taking_it_back_leaves_nothing_of_it(shape, frozen):
    plain, matrix = both(shape, bias=True, frozen=frozen)
    use_ordinary(matrix)
    assert type(matrix) is nn.Conv2d
    assert vars(matrix).keys() == vars(plain).keys() and not list(matrix.buffers())
    assert matrix._non_persistent_buffers_set == set()
    for (name, ours), (other, theirs) in zip(matrix.named_parameters(), plain.named_parameters(), strict=True):
        assert name == other and torch.equal(ours, theirs) and ours.requires_grad == theirs.requires_grad


def test_a_folded_one_is_taken_back_without_the_batch_norm():
    plain = convolution(SHAPES[0]).requires_grad_(False)
    matrix = copy.deepcopy(plain)
    use_matrix(matrix, (1, 1), batch_norm(8))
    use_ordinary(matrix)
    assert torch.equal(matrix.weight, plain.weight) and matrix.bias is None


@pytest.mark.parametrize("shape", WITHOUT, ids=str)
def test_a_convolution_that_has_no_matrix_form_is_left_alone(shape):
    plain = convolution(shape)
    before = copy.deepcopy(plain)
    assert not use_matrix(plain, shape[-1])
    assert type(plain) is nn.Conv2d and vars(plain).keys() == vars(before).keys() and not list(plain.buffers())
    assert torch.equal(plain.weight, before.weight)


def test_maps_of_another_size_are_refused():
    _, matrix = both(SHAPES[0], bias=False)
    with pytest.raises(ValueError, match=r"\(1, 1\).*\(2, 2\)"):
        matrix(torch.zeros(5, 6, 2, 2, dtype=torch.float64))


def test_met_taps_are_all_but_those_that_only_meet_padding():
    assert met_taps(1, 3, 1, 1) == [1]
    assert met_taps(2, 3, 2, 1) == [1, 2]
    assert met_taps(2, 3, 1, 1) == [0, 1, 2]
    assert met_taps(2, 7, 1, 3) == [2, 3, 4]
    assert met_taps(16, 7, 2, 3) == [0, 1, 2, 3, 4, 5, 6]


def test_an_axis_is_full_where_every_output_sees_all_that_is_used():
    assert full_axis(1, 3, 1, 1) == [[1]]
    assert full_axis(2, 3, 2, 1) == [[1, 2]]
    assert full_axis(2, 3, 1, 1) == [[1, 2], [0, 1]]
    # The stride leaves the last position out.
    assert full_axis(2, 1, 2, 0) == [[0]]
    assert full_axis(4, 3, 2, 1) is None
    # Each output sees a position of its own.
    assert full_axis(2, 1, 1, 0) is None
