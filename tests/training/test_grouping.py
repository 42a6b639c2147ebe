import subprocess
import sys
from pathlib import Path

import pytest

from av1core.training.grouping import together_key
from av1core.training.spec import parse_spec, with_overrides

BASE = {"stage": "stage2", "stage1_run": "a-run", "dataset": "data/photos"}


def key(**overrides) -> str | None:
    return together_key(parse_spec(with_overrides(BASE, overrides)))


OWN = [
    {"name": "Another"},
    {"seed": 7},
    {"epochs": 3},
    {"loss.name": "poly", "loss.beta": 0.5},
    {"loss.gamma": 3.0},
    {"optimiser.adapter_lr": 1e-4, "optimiser.head_lr": 1e-5, "optimiser.weight_decay": 0.5},
    {"schedule.name": "cosine", "schedule.early_stopping": 3},
    {"sampling": "natural"},
    {"dropout": 0.5},
]

SHARED = [
    {"adapter.reduction": 2},
    {"adapter.layers": ["layer4"]},
    {"adapter.scheme": "none"},
    {"dataset": "data/others"},
    {"split": "block"},
    {"stage": "stage3_ab"},
    {"stage1_run": "another-run"},
    {"batch_size": 64},
    {"epoch_blocks": 1000},
    {"precision": "bfloat16"},
    {"qindex_input": True},
    {"loss.name": "arcface"},
]

ALONE = [
    {"adapter.batchnorm": "train"},
    {"adapter.unfrozen": ["layer4"]},
    *({"adapter.scheme": f"{place}_{order}"} for place in ("conv", "residual") for order in ("parallel", "sequential")),
    {"augmentation.flips": True},
    {"augmentation.transposition": True},
    {"augmentation.mixup_alpha": 0.4},
    {"augmentation.cutmix_alpha": 1.0},
    {"augmentation.randaugment_operations": 2},
]


@pytest.mark.parametrize("overrides", OWN, ids=str)
def test_runs_that_differ_in_what_is_each_ones_own_train_together(overrides):
    assert key(**overrides) == key() is not None


@pytest.mark.parametrize("overrides", SHARED, ids=str)
def test_runs_that_differ_in_what_they_share_do_not(overrides):
    assert None is not key(**overrides) != key()


@pytest.mark.parametrize("overrides", ALONE, ids=str)
def test_runs_whose_features_change_train_alone(overrides):
    assert key(**overrides) is None


def test_stage1_trains_alone():
    assert together_key(parse_spec({})) is None


def test_angular_margins_train_together_if_their_heads_have_one_scale():
    margins = [key(**{"loss.name": "arcface", "loss.margin": margin}) for margin in (0.1, 0.5)]
    assert margins[0] == margins[1] is not None
    assert margins[0] != key(**{"loss.name": "arcface", "loss.scale": 32.0})
    # The scale is none of the other losses'.
    assert key(**{"loss.scale": 32.0}) == key()


def test_it_needs_no_torch():
    code = "import sys, av1core.training.grouping; sys.exit('torch' in sys.modules)"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, timeout=60).returncode == 0
