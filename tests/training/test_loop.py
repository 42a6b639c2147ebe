from collections.abc import Iterable

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from av1core.errors import Cancelled, LabError, RunError
from av1core.models.stage import to_input
from av1core.training import loop
from av1core.training.evaluation import evaluate
from av1core.training.loop import Outcome, epochs, in_groups, train_together
from av1core.training.trainer import Trainer
from tests.training.learners import learner, untimed

RATES = {"backbone_lr": 1e-3, "adapter_lr": 1e-3, "head_lr": 1e-3}
SIZES = {"epochs": 3, "batch_size": 32, "epoch_blocks": 96, "optimiser": RATES}
MIRRORS = {"augmentation": {"flips": True, "transposition": True}}

OWN = [
    {"seed": 0},
    {"seed": 1, "loss": {"name": "cross_entropy", "smoothing": 0.1}, "epochs": 2},
    {"seed": 2, "loss": {"name": "poly"}, "sampling": "natural"},
    {"seed": 3, "optimiser": {"adapter_lr": 1e-2, "weight_decay": 0.1}, "schedule": {"name": "cosine"}},
    {"seed": 4, "loss": {"name": "asymmetric"}, "dropout": 0, "epochs": 4},
    # At such rates nothing is learnt, and it stops early.
    {"seed": 5, "optimiser": {"adapter_lr": 1e-9, "head_lr": 1e-9}, "schedule": {"early_stopping": 1}, "epochs": 4},
]
"""What runs that train together may each have of their own."""

SHARED = {
    "thesis": {},
    "one adapter": {"adapter": {"layers": ["layer4"]}},
    "head only": {"adapter": {"scheme": "none"}},
    "qindex": {"qindex_input": True},
}


def record_all(trainers: Iterable[Trainer]) -> dict[Trainer, list[Outcome]]:
    """What each gives when they train together, records without their times."""
    found: dict[Trainer, list[Outcome]] = {}
    for trainer, outcome in train_together(list(trainers)):
        found.setdefault(trainer, []).extend([outcome] if isinstance(outcome, LabError) else untimed([outcome]))
    return found


def alone(tiny, values: dict) -> list[Outcome]:
    return untimed(epochs(learner(tiny, values)))


@pytest.mark.parametrize("augmentation", [{}, MIRRORS], ids=["plain", "mirrors"])
@pytest.mark.parametrize(
    "adapter",
    [{}, {"scheme": "none"}, {"scheme": "conv_parallel"}, {"unfrozen": ["layer4"]}],
    ids=lambda adapter: str(adapter) if adapter else "thesis",
)
def test_kept_features_give_the_records_of_those_computed_in_each_step(tiny, adapter, augmentation):
    # Its labels change with the mirrors.
    values = SIZES | {"stage": "stage3_ab", "adapter": adapter} | augmentation
    kept, anew = (learner(tiny, values, keep=keep) for keep in (True, False))
    assert untimed(epochs(kept)) == untimed(epochs(anew))
    assert len(kept.kept.train.maps) == (8 if augmentation else 1) and len(kept.kept.val.maps) == 1
    assert anew.kept.train is None and anew.kept.val is None


@pytest.mark.parametrize("augmentation", [{}, MIRRORS], ids=["plain", "mirrors"])
@pytest.mark.parametrize(
    "values",
    [
        {"stage": "stage1"},
        {},
        {"adapter": {"batchnorm": "train"}},
        {"adapter": {"scheme": "residual_parallel", "unfrozen": ["layer4"]}},
    ],
    ids=["stage1", "thesis", "BatchNorm in train mode", "residual_parallel"],
)
def test_the_fast_form_has_the_history_of_the_plain_one(tiny, values, augmentation):
    fast, plain = (epochs(learner(tiny, SIZES | values | augmentation, fast=fast)) for fast in (True, False))
    for ours, theirs in zip(fast, plain, strict=True):
        assert ours.train_loss == pytest.approx(theirs.train_loss, rel=1e-3)
        assert ours.train_loss_clean == pytest.approx(theirs.train_loss_clean, rel=1e-3)
        assert ours.val_loss == pytest.approx(theirs.val_loss, rel=1e-3)


def ordinary(plain: Trainer) -> list[tuple[float, float]]:
    """Training and validation loss of each epoch by torch's own loader; of the trainer it takes what it begins with."""
    model, loss, spec = plain.model, plain.loss, plain.spec
    groups = [
        {"params": parameters, "lr": getattr(spec.optimiser, f"{name}_lr")}
        for name, parameters in model.trainable().items()
    ]
    optimiser = torch.optim.AdamW(groups, weight_decay=spec.optimiser.weight_decay)
    train, val = (TensorDataset(to_input(side.pixels), side.labels) for side in (plain.train, plain.val))
    found = []
    for _ in range(spec.epochs):
        losses = []
        model.train()
        for inputs, labels in DataLoader(train, batch_sampler=plain.draw_epoch().tolist()):
            value = loss(model(inputs), labels).mean()
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            losses.append(value.item())
        model.eval()
        with torch.no_grad():
            of_val = [(loss(model(inputs), labels)).sum() for inputs, labels in DataLoader(val, batch_size=50)]
        found.append((sum(losses) / len(losses), float(sum(of_val)) / len(val)))
    return found


@pytest.mark.parametrize("stage", ["stage1", "stage2"])
def test_it_reaches_the_losses_of_an_ordinary_loop_with_a_loader(tiny, stage):
    values = SIZES | {"stage": stage}
    expected = ordinary(learner(tiny, values, fast=False))
    found = [(record.train_loss, record.val_loss) for record in epochs(learner(tiny, values))]
    assert len(found) == 3 and found[0] != found[2]
    for ours, theirs in zip(found, expected, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-3)


@pytest.mark.parametrize("shared", SHARED.values(), ids=SHARED)
def test_runs_together_have_the_records_that_each_has_alone(tiny, shared):
    recipes = [SIZES | shared | own for own in OWN]
    together = [learner(tiny, values) for values in recipes]
    found = record_all(together)
    records = [found[trainer] for trainer in together]
    assert records == [alone(tiny, values) for values in recipes]
    assert [len(own) for own in records[:5]] == [3, 2, 3, 3, 4] and len(records[5]) < 4
    assert [trainer.stopped_early for trainer in together] == [False] * 5 + [True]
    assert len({own[1].val_loss for own in records}) == len(OWN)


@pytest.mark.parametrize("keep", [True, False], ids=["kept", "computed anew"])
def test_runs_together_mirror_their_blocks_as_each_does_alone(tiny, keep):
    recipes = [SIZES | MIRRORS | {"stage": "stage3_ab"} | own for own in OWN[:3]]
    together = [learner(tiny, values, keep=keep) for values in recipes]
    found = record_all(together)
    assert [found[trainer] for trainer in together] == [alone(tiny, values) for values in recipes]


def test_runs_with_an_angular_margin_stand_together(tiny):
    recipes = [
        SIZES | {"seed": seed, "loss": {"name": "arcface", "margin": margin}} for seed, margin in ((0, 0.3), (1, 0))
    ]
    together = [learner(tiny, values) for values in recipes]
    found = record_all(together)
    assert [found[trainer] for trainer in together] == [alone(tiny, values) for values in recipes]


def test_a_run_that_is_cancelled_leaves_and_the_others_go_on_as_alone(tiny):
    recipes = [SIZES | own for own in OWN[:3]]
    steps = []
    together = [learner(tiny, recipes[0]), None, learner(tiny, recipes[2])]
    # In the second of the three steps of the second epoch.
    together[1] = learner(tiny, recipes[1], on_step=steps.append, cancelled=lambda: len(steps) == 4)
    found = record_all(together)
    assert found[together[0]] == alone(tiny, recipes[0]) and found[together[2]] == alone(tiny, recipes[2])
    *records, error = found[together[1]]
    assert records == alone(tiny, recipes[1])[:1] and isinstance(error, Cancelled)
    assert [(step.epoch, step.step, step.steps) for step in steps] == [(1, 1, 3), (1, 2, 3), (1, 3, 3), (2, 1, 3)]


@pytest.mark.parametrize("place", [0, 2])
def test_a_run_that_is_cancelled_before_its_first_step_gives_its_error_alone(tiny, place):
    recipes = [SIZES | own for own in OWN[:3]]
    together = [learner(tiny, values, cancelled=lambda at=at: at == place) for at, values in enumerate(recipes)]
    found = record_all(together)
    for at, trainer in enumerate(together):
        if at == place:
            (error,) = found[trainer]
            assert isinstance(error, Cancelled)
        else:
            assert found[trainer] == alone(tiny, recipes[at])


def test_when_all_are_cancelled_all_say_so(tiny):
    together = [learner(tiny, SIZES | own, cancelled=lambda: True) for own in OWN[:2]]
    found = record_all(together)
    assert all(isinstance(found[trainer][0], Cancelled) and len(found[trainer]) == 1 for trainer in together)


def test_a_run_whose_loss_is_no_number_leaves_and_the_others_go_on_as_alone(tiny):
    recipes = [SIZES | own for own in OWN[:3]]
    recipes[1] |= {"optimiser": {"adapter_lr": 1e30}}
    together = [learner(tiny, values) for values in recipes]
    found = record_all(together)
    (error,) = found[together[1]]
    assert isinstance(error, RunError) and "learning rates" in str(error)
    assert found[together[0]] == alone(tiny, recipes[0]) and found[together[2]] == alone(tiny, recipes[2])


def test_resumed_together_equals_undisturbed(tiny):
    recipes = [SIZES | own for own in OWN[:4]]
    whole = [alone(tiny, values) for values in recipes]
    broken = [learner(tiny, values) for values in recipes]
    outcomes = train_together(broken)
    first = {}
    for _ in broken:
        trainer, outcome = next(outcomes)
        first[trainer] = untimed([outcome])
    resumed = [learner(tiny, values) for values in recipes]
    for old, new in zip(broken, resumed, strict=True):
        new.load_state_dict(old.state_dict())
    found = record_all(resumed)
    assert [first[old] + found[new] for old, new in zip(broken, resumed, strict=True)] == whole


def test_groups_share_a_backbone_and_its_features_and_are_as_many_as_asked_for(tiny, monkeypatch):
    together = [
        learner(tiny, SIZES | {"seed": seed, "loss": {"name": name}}) for seed in range(3) for name in ("poly", "focal")
    ]
    groups = in_groups(together, 2)
    assert sorted(map(len, groups)) == [3, 3]
    assert {id(trainer) for group in groups for trainer in group} == {id(trainer) for trainer in together}
    assert [{trainer.spec.loss.name for trainer in group} for group in groups] == [{"focal"}, {"poly"}]
    assert len({id(trainer.model.backbone) for trainer in together}) == len({id(t.kept) for t in together}) == 1
    assert list(map(len, in_groups(together, 1))) == [6]
    assert list(map(len, in_groups(together[:1], 4))) == [1]
    assert list(map(len, in_groups(together[:2], 4))) == [1, 1]
    assert in_groups([], 2) == []
    monkeypatch.setattr(loop, "MOST_ON_CPU", 2)
    assert list(map(len, in_groups(together, 1))) == [2, 2, 2]


def test_runs_that_cannot_stand_side_by_side_are_groups_of_one(tiny):
    for values in ({"adapter": {"scheme": "conv_parallel"}}, {"adapter": {"batchnorm": "train"}}):
        together = [learner(tiny, SIZES | values | {"seed": seed}) for seed in range(3)]
        assert in_groups(together, 1) == [[trainer] for trainer in together]
    together = [learner(tiny, SIZES | {"seed": seed}, stem="keep") for seed in range(3)]
    assert in_groups(together, 1) == [[trainer] for trainer in together]


def test_evaluation_has_no_part_in_how_a_model_is_computed(tiny):
    """Side by side, in the plain form, and of kept features."""
    fast, plain = (learner(tiny, SIZES, fast=fast) for fast in (True, False))
    record = next(epochs(fast))
    plain.model.load_state_dict(fast.model.state_dict())
    ours, our_probabilities = evaluate(fast.model, fast.loss, fast.val)
    theirs, probabilities = evaluate(plain.model, plain.loss, plain.val)
    assert (ours.loss, ours.f1) == (record.val_loss, record.val_f1)
    assert torch.equal(our_probabilities, fast.val_probabilities)
    assert ours.loss == pytest.approx(theirs.loss, rel=1e-5) and ours.confusion == theirs.confusion
    torch.testing.assert_close(our_probabilities, probabilities, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("values", [{"stage": "stage1"}, {}, {"adapter": {"batchnorm": "train"}}], ids=str)
def test_in_bfloat16_a_run_is_another_one_that_learns_as_well(tiny, values):
    rates = {"backbone_lr": 3e-4, "adapter_lr": 3e-3, "head_lr": 1e-2}
    settings = {"epochs": 8, "batch_size": 16, "epoch_blocks": 256, "optimiser": rates}
    found = {}
    for precision in ("float32", "bfloat16"):
        trainer = learner(tiny, settings | values | {"precision": precision})
        found[precision] = list(epochs(trainer))
        assert {tensor.dtype for tensor in trainer.model.state_dict().values()} == {torch.float32, torch.int64}
        assert trainer.val_probabilities.dtype == torch.float32
    exact, rounded = found["float32"], found["bfloat16"]
    assert [record.train_loss for record in rounded] != [record.train_loss for record in exact]
    assert rounded[0].train_loss == pytest.approx(exact[0].train_loss, rel=0.1)
    assert max(record.val_f1 for record in exact) > 0.95 and max(record.val_f1 for record in rounded) > 0.9
