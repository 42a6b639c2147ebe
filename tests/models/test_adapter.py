import pytest
import torch

from av1core.models.adapter import ConvAdapter
from av1core.models.initialise import initialise


def hand_count(channels: int, gamma: int) -> int:
    hidden = channels // gamma
    return channels * hidden + 2 * hidden + 9 * hidden + hidden * channels + 1


@pytest.mark.parametrize("gamma", [1, 2, 4, 8])
def test_parameter_count(gamma):
    assert sum(p.numel() for p in ConvAdapter(256, gamma).parameters()) == hand_count(256, gamma)


def test_parameter_names():
    names = [name for name, _ in ConvAdapter(8, 2).named_parameters()]
    assert names == ["alpha", "down.weight", "bn.weight", "bn.bias", "depthwise.weight", "up.weight"]


def test_starts_as_near_identity():
    adapter = ConvAdapter(64, 4)
    initialise(adapter, torch.Generator().manual_seed(0))
    h = torch.randn(8, 64, 2, 2)
    assert (adapter(h) - h).abs().max() < 0.05
