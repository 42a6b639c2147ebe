import math

import pytest
import torch

from av1core.training.schedule import Schedule

BASE = (1e-3, 1e-4)


def optimiser() -> torch.optim.Optimizer:
    return torch.optim.AdamW([{"params": [torch.zeros(1, requires_grad=True)], "lr": rate} for rate in BASE])


def rates(groups: torch.optim.Optimizer) -> list[float]:
    return [group["lr"] for group in groups.param_groups]


def factors(schedule: Schedule, f1s) -> list[float]:
    """The factor on the rates in each epoch; every group has the same."""
    seen = []
    for f1 in f1s:
        now = [rate / base for rate, base in zip(rates(schedule.optimiser), BASE, strict=True)]
        assert now[0] == pytest.approx(now[1], rel=1e-12)
        seen.append(now[0])
        schedule.step(f1)
    return seen


@pytest.mark.parametrize("warmup", [0, 1, 4, 9])
def test_cosine_after_warm_up_against_the_formula(warmup):
    schedule = Schedule(optimiser(), "cosine", epochs=10, warmup_epochs=warmup)
    rise = [epoch / (warmup + 1) for epoch in range(1, warmup + 1)]
    left = 10 - warmup
    fall = [0.5 + 0.5 * math.cos(math.pi * k / left) for k in range(left)]
    assert factors(schedule, [0.5] * 10) == pytest.approx(rise + fall)
    assert rates(schedule.optimiser) == pytest.approx([0, 0], abs=1e-12)


def test_a_warm_up_longer_than_the_run_only_rises():
    for name in ("plateau", "cosine"):
        schedule = Schedule(optimiser(), name, epochs=3, warmup_epochs=5)
        assert factors(schedule, [0.5] * 3) == pytest.approx([1 / 6, 2 / 6, 3 / 6])


@pytest.mark.parametrize("warmup", [0, 1, 3])
def test_a_plateau_counts_from_the_end_of_the_warm_up(warmup):
    schedule = Schedule(optimiser(), "plateau", epochs=100, warmup_epochs=warmup, factor=0.5, patience=1)
    # The warm-up's F1 would be the best, if it counted.
    seen = factors(schedule, [0.9] * warmup + [0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.7, 0.7])
    assert seen[:warmup] == pytest.approx([epoch / (warmup + 1) for epoch in range(1, warmup + 1)])
    assert seen[warmup:] == [1, 1, 1, 1, 0.5, 0.5, 0.25, 0.25]


def test_plateau_without_warm_up_is_torchs():
    ours, theirs = optimiser(), optimiser()
    schedule = Schedule(ours, "plateau", epochs=50, factor=0.3, patience=2)
    reference = torch.optim.lr_scheduler.ReduceLROnPlateau(theirs, mode="max", factor=0.3, patience=2)
    generator = torch.Generator().manual_seed(0)
    for _ in range(50):
        assert rates(ours) == rates(theirs)
        f1 = torch.rand((), generator=generator).item()
        schedule.step(f1)
        reference.step(f1)
    assert rates(ours)[0] < BASE[0]


@pytest.mark.parametrize("name", ["plateau", "cosine"])
@pytest.mark.parametrize("stop", [1, 2, 3, 6])
def test_restored_goes_on_as_undisturbed(name, stop):
    settings = {"name": name, "epochs": 10, "warmup_epochs": 2, "patience": 1}
    f1s = [0.5, 0.6, 0.4, 0.4, 0.4, 0.7, 0.3, 0.3, 0.3, 0.3]
    whole = Schedule(optimiser(), **settings)
    expected = factors(whole, f1s)
    first = Schedule(optimiser(), **settings)
    seen = factors(first, f1s[:stop])
    second = Schedule(optimiser(), **settings)
    second.optimiser.load_state_dict(first.optimiser.state_dict())
    second.load_state_dict(first.state_dict())
    assert seen + factors(second, f1s[stop:]) == expected
    assert rates(second.optimiser) == rates(whole.optimiser)
