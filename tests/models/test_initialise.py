import torch
from torch import nn

from av1core.models.initialise import SeededDropout, initialise


def test_weights_follow_the_generator_and_nothing_else():
    def drawn(seed: int, noise: int) -> list[torch.Tensor]:
        torch.manual_seed(noise)
        net = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Linear(3, 2))
        initialise(net, torch.Generator().manual_seed(seed))
        return list(net.state_dict().values())

    assert all(torch.equal(a, b) for a, b in zip(drawn(1, 5), drawn(1, 6), strict=True))
    assert not torch.equal(drawn(1, 5)[0], drawn(2, 5)[0])


def test_dropout_follows_its_generator_and_keeps_the_mean():
    dropout = SeededDropout(0.25)
    x = torch.ones(200_000)
    dropout.generator = torch.Generator().manual_seed(3)
    first = dropout(x)
    torch.manual_seed(99)
    dropout.generator = torch.Generator().manual_seed(3)
    assert torch.equal(first, dropout(x))
    assert abs(first.mean().item() - 1) < 0.01
    assert set(first.unique().tolist()) == {0.0, (x[0] / 0.75).item()}


def test_dropout_is_the_identity_in_eval_mode():
    x = torch.randn(10)
    assert SeededDropout(0.5).eval()(x) is x
