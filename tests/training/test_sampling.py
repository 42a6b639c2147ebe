import torch

from av1core.training.sampling import Sampler

LABELS = torch.tensor([0] * 900 + [1] * 90 + [2] * 10)


def drawn(kind: str, blocks: int, seed: int = 0) -> torch.Tensor:
    return Sampler(LABELS, 3, kind).epoch(blocks, torch.Generator().manual_seed(seed))


def test_class_balanced_draws_classes_alike_and_reaches_every_block():
    indices = drawn("class_balanced", 30_000)
    shares = torch.bincount(LABELS[indices]) / len(indices)
    assert (shares - 1 / 3).abs().max() < 0.02
    assert len(indices.unique()) == len(LABELS)


def test_natural_sees_each_block_once_a_round():
    assert drawn("natural", len(LABELS)).sort().values.tolist() == list(range(len(LABELS)))
    counts = torch.bincount(drawn("natural", 2500), minlength=len(LABELS))
    assert counts.min() == 2 and counts.max() == 3


def test_same_seed_same_draw():
    for kind in ("natural", "class_balanced"):
        assert torch.equal(drawn(kind, 500, seed=4), drawn(kind, 500, seed=4))
        assert not torch.equal(drawn(kind, 500, seed=4), drawn(kind, 500, seed=5))
