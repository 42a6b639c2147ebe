import pytest
import torch

from av1core.training.randaugment import MAGNITUDE_MAX, OPERATIONS, grain, randaugment

DETERMINISTIC = [operation for operation in OPERATIONS if operation is not grain]


def blocks(count: int = 64) -> torch.Tensor:
    """10-bit luma as the network sees it, (count, 1, 16, 16) in [0, 1]."""
    pixels = torch.randint(1024, (count, 1, 16, 16), generator=torch.Generator().manual_seed(0))
    return pixels.float() / 1023


def strengths(count: int) -> torch.Tensor:
    return torch.linspace(-1, 1, count)[:, None, None, None]


@pytest.mark.parametrize("magnitude", [0, 1, MAGNITUDE_MAX])
def test_stays_in_range_and_magnitude_0_is_the_identity(magnitude):
    x = blocks()
    changed = randaugment(x, 3, magnitude, torch.Generator().manual_seed(1))
    assert changed.shape == x.shape and changed.dtype == x.dtype
    assert changed.min() >= 0 and changed.max() <= 1
    assert torch.equal(changed, x) == (magnitude == 0)


def test_each_block_has_its_own_operation_and_some_have_none():
    x = blocks(1).expand(700, -1, -1, -1)
    changed = randaugment(x, 1, 5, torch.Generator().manual_seed(2))
    assert 60 < (changed == x).all((1, 2, 3)).sum() < 140
    deterministic = len(DETERMINISTIC) * 2 - 1
    assert len(changed.unique(dim=0)) > deterministic


def test_the_same_generator_state_changes_blocks_alike():
    first, again, other = (randaugment(blocks(), 2, 5, torch.Generator().manual_seed(seed)) for seed in (3, 3, 4))
    assert torch.equal(first, again) and not torch.equal(first, other)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_strength_0_is_the_identity_and_others_change_the_block(operation):
    x = blocks(3)
    changed = operation(x, strengths(3), torch.ones_like(x))
    assert torch.equal(changed[1], x[1])
    assert not torch.equal(changed[0], x[0]) and not torch.equal(changed[2], x[2])


@pytest.mark.parametrize("operation", DETERMINISTIC)
def test_mirroring_before_or_after_is_the_same(operation):
    x, strength = blocks(8), strengths(8)
    for mirror in (lambda t: t.flip(-1), lambda t: t.flip(-2), lambda t: t.transpose(-2, -1)):
        torch.testing.assert_close(operation(mirror(x), strength, x), mirror(operation(x, strength, x)))


@pytest.mark.parametrize("operation", DETERMINISTIC)
def test_an_edge_stays_where_it_is_and_flat_areas_stay_flat(operation):
    x = torch.full((9, 1, 16, 16), 0.3)
    x[..., 8:] = 0.7
    changed = operation(x, strengths(9), x)
    # A blur reaches one pixel to either side.
    steps = changed.diff(dim=-1).abs()
    assert (steps.flatten(0, 2).argmax(-1) == 7).all()
    assert steps[..., :6].max() < 1e-6 and steps[..., 9:].max() < 1e-6
    assert changed.diff(dim=-2).abs().max() < 1e-6
    assert ((changed[..., 8:].mean((-2, -1)) - changed[..., :8].mean((-2, -1))) > 0.2).all()
