from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import linear, normalize

from av1core.dataset.blocks import stage_blocks
from av1core.dataset.folder import Dataset
from av1core.errors import Cancelled, RunError
from av1core.models.initialise import SeededDropout, initialise
from av1core.models.stage import to_input
from av1core.partition import STAGES
from av1core.runs.checkpoint import build_model
from av1core.training.augment import Batch
from av1core.training.blocks import to_device
from av1core.training.evaluation import evaluate
from av1core.training.loop import epochs
from av1core.training.metrics import expected_calibration_error
from av1core.training.spec import RunSpec, parse_spec, with_overrides
from av1core.training.spec_parts import BackboneSpec
from av1core.training.trainer import Step, Trainer
from tests.training.learners import learner, untimed

CPU = torch.device("cpu")
EVERYTHING = {
    "flips": True,
    "transposition": True,
    "mixup_alpha": 0.4,
    "cutmix_alpha": 1.0,
    "randaugment_operations": 2,
}


@pytest.fixture(scope="module")
def sides(tiny):
    dataset = Dataset.open(tiny)
    return {
        stage: [to_device(stage_blocks(dataset, STAGES[stage], side), CPU) for side in ("train", "val")]
        for stage in ("stage1", "stage2")
    }


def trainer(sides, spec: RunSpec, **callbacks) -> Trainer:
    model = build_model(spec, BackboneSpec(name="resnet10t"), CPU)
    return Trainer(model, spec, *sides[spec.stage], **callbacks)


def stage2(spec_values) -> dict:
    return {k: v for k, v in spec_values.items() if k != "backbone"} | {"stage": "stage2", "stage1_run": "x"}


def test_the_same_spec_gives_the_same_history_whatever_else_draws_random_numbers(sides, spec_values):
    spec = parse_spec(spec_values | {"dropout": 0.3})
    first = list(epochs(trainer(sides, spec)))
    torch.manual_seed(1234)
    disturbed = trainer(sides, spec, on_step=lambda step: torch.rand(3))
    assert untimed(list(epochs(disturbed))) == untimed(first)
    other = list(epochs(trainer(sides, parse_spec(spec_values | {"dropout": 0.3, "seed": 1}))))
    assert untimed(other) != untimed(first)


@pytest.mark.parametrize("augmentation", [{}, EVERYTHING], ids=["plain", "augmented"])
@pytest.mark.parametrize("stage", ["stage1", "stage2"])
def test_resumed_equals_undisturbed(sides, spec_values, stage, augmentation, tmp_path):
    values = spec_values if stage == "stage1" else stage2(spec_values) | {"adapter": {"batchnorm": "train"}}
    schedule = {"patience": 0} if stage == "stage1" else {"name": "cosine", "warmup_epochs": 1}
    settings = {"epochs": 4, "dropout": 0.3, "schedule": schedule, "augmentation": augmentation}
    spec = parse_spec(values | settings)
    whole = list(epochs(trainer(sides, spec)))
    broken = trainer(sides, spec)
    records = [next(iterator) for iterator in [epochs(broken)] for _ in range(2)]
    torch.save(broken.state_dict(), tmp_path / "last.pt")
    resumed = trainer(sides, spec)
    resumed.load_state_dict(torch.load(tmp_path / "last.pt", weights_only=True))
    assert untimed([*records, *epochs(resumed)]) == untimed(whole)


@pytest.mark.parametrize("values", [{"stage": "stage1"}, {}], ids=["stage1", "stage2"])
def test_a_resume_point_of_another_form_of_the_model_is_refused(tiny, values):
    plain, fast = (learner(tiny, values | {"epochs": 1}, fast=fast) for fast in (False, True))
    next(epochs(plain))
    with pytest.raises(RunError, match="resume point"):
        fast.load_state_dict(plain.state_dict())


def test_without_augmentation_a_run_is_that_of_plain_batches(sides, spec_values):
    spec = parse_spec(spec_values | {"dropout": 0.3})
    plain = trainer(sides, spec)
    plain.augment = lambda pixels, labels, generator: Batch(to_input(pixels), labels)
    history = untimed(list(epochs(plain)))
    assert untimed(list(epochs(trainer(sides, spec)))) == history
    augmented = parse_spec(spec_values | {"dropout": 0.3, "augmentation": {"transposition": True}})
    assert untimed(list(epochs(trainer(sides, augmented)))) != history


def test_evaluation_is_never_augmented(sides, spec_values):
    learner = trainer(sides, parse_spec(spec_values | {"epochs": 1, "augmentation": EVERYTHING}))
    record = next(epochs(learner))
    for measured, blocks in (
        ((record.val_f1, record.val_loss), learner.val),
        ((record.train_f1_clean, record.train_loss_clean), learner.train[learner.clean_rows]),
    ):
        scores, _ = evaluate(learner.model, learner.loss, blocks)
        assert measured == (scores.f1, scores.loss)


def test_learns_the_patterns(sides, spec_values):
    settings = {"epochs": 20, "epoch_blocks": 256, "optimiser": {"head_lr": 1e-2}}
    learner = trainer(sides, parse_spec(spec_values | settings))
    assert any(record.val_f1 > 0.9 for record in epochs(learner))


class Perceptron(torch.nn.Module):
    """As much of a stage model as a trainer needs, with one hidden layer. scale: of a cosine head; None is linear."""

    def __init__(self, classes: int, scale: float | None):
        super().__init__()
        self.hidden = torch.nn.Linear(256, 64)
        self.head = torch.nn.Linear(64, classes)
        self.dropout = SeededDropout(0.0)
        self.scale = scale
        initialise(self, torch.Generator().manual_seed(0))

    def forward(self, x, qindex):
        features = self.hidden(x.flatten(1)).tanh()
        if self.scale is None:
            return self.head(features)
        return self.scale * linear(normalize(features), normalize(self.head.weight))

    fixed = ()

    def features(self, x):
        return x

    def finish(self, features, qindex):
        return self(features, qindex)

    def trainable(self):
        return {"head": list(self.parameters())}


@pytest.mark.parametrize("loss", ["cross_entropy", "focal", "poly", "poly_focal", "asymmetric", "arcface"])
def test_every_loss_can_learn_32_blocks_by_heart(sides, spec_values, loss):
    blocks = sides["stage2"][0][:32]
    settings = {"epochs": 300, "epoch_blocks": 32, "sampling": "natural", "optimiser": {"head_lr": 3e-3}}
    schedule = {"patience": 300, "early_stopping": 300}
    spec = parse_spec(stage2(spec_values) | settings | {"loss": {"name": loss}, "schedule": schedule})
    model = Perceptron(3, spec.loss.scale if loss == "arcface" else None)
    learner = Trainer(model, spec, blocks, blocks)
    assert next(epochs(learner)).val_f1 < 0.9
    assert any(record.val_f1 == 1 for record in epochs(learner))


@pytest.mark.parametrize("batchnorm", [None, "eval", "train"], ids=["stage1", "stage2-eval", "stage2-train"])
def test_a_stage_model_can_learn_32_blocks_by_heart(sides, spec_values, batchnorm):
    """A later stage does so with its adapters alone, on a frozen backbone of random weights."""
    values = spec_values if batchnorm is None else stage2(spec_values) | {"adapter": {"batchnorm": batchnorm}}
    rates = {"backbone_lr": 1e-3, "adapter_lr": 1e-2, "head_lr": 1e-2}
    settings = {"epochs": 300, "epoch_blocks": 32, "batch_size": 16, "sampling": "natural", "dropout": 0}
    schedule = {"patience": 300, "early_stopping": 300}
    spec = parse_spec(values | settings | {"optimiser": rates, "schedule": schedule})
    blocks = sides[spec.stage][0][:32]
    learner = Trainer(build_model(spec, BackboneSpec(name="resnet10t"), CPU), spec, blocks, blocks)
    assert next(epochs(learner)).val_f1 < 0.9
    assert any(record.val_f1 == 1 for record in epochs(learner))


def test_the_best_epoch_is_that_of_the_highest_validation_f1(sides, spec_values):
    learner = trainer(sides, parse_spec(spec_values | {"epochs": 5}))
    records = list(epochs(learner))
    best = max(records, key=lambda record: record.val_f1)
    assert (learner.best_epoch, learner.best_f1) == (best.epoch, best.val_f1)


def test_records_are_what_an_evaluation_of_the_model_gives(sides, spec_values):
    learner = trainer(sides, parse_spec(spec_values | {"epochs": 1}))
    record = next(epochs(learner))
    scores, probabilities = evaluate(learner.model, learner.loss, learner.val)
    assert (record.val_f1, record.val_loss) == (scores.f1, scores.loss)
    assert record.val_confusion == scores.confusion
    assert np.sum(record.val_confusion) == len(learner.val)
    assert record.val_ece == expected_calibration_error(probabilities, learner.val.labels)
    assert torch.equal(probabilities, learner.val_probabilities)
    assert len(learner.clean_rows) == min(len(learner.val), len(learner.train))


def test_cancel_stops_within_a_batch(sides, spec_values):
    steps = []
    learner = trainer(sides, parse_spec(spec_values), on_step=steps.append, cancelled=lambda: len(steps) == 1)
    with pytest.raises(Cancelled):
        list(epochs(learner))
    assert len(steps) == 1


def test_a_loss_that_is_no_number_ends_the_run_and_says_what_to_change(sides, spec_values):
    learner = trainer(sides, parse_spec(with_overrides(spec_values, {"optimiser.backbone_lr": 1e30})))
    with pytest.raises(RunError, match=r"epoch \d.*learning rates"):
        list(epochs(learner))


def test_a_validation_loss_that_is_no_number_ends_the_run_after_the_epochs_before_it(sides, spec_values):
    def poison(step: Step) -> None:
        if (step.epoch, step.step) == (2, step.steps):
            # The last batch has been learnt from: only the evaluations see it.
            torch.nn.init.constant_(learner.model.head.weight, float("nan"))

    learner = trainer(sides, parse_spec(spec_values | {"epochs": 3}), on_step=poison)
    records = []
    with pytest.raises(RunError, match=r"validation loss became nan in epoch 2.*learning rates"):
        for record in epochs(learner):
            records.append(record)
    assert [record.epoch for record in records] == [1]


def test_each_epoch_records_the_rates_that_it_used(sides, spec_values):
    schedule = {"name": "cosine", "warmup_epochs": 1}
    spec = parse_spec(spec_values | {"epochs": 3, "epoch_blocks": 32, "schedule": schedule})
    learner = trainer(sides, spec)
    for record, factor in zip(epochs(learner), (0.5, 1.0, 0.5), strict=True):
        assert record.learning_rates == {"backbone": pytest.approx(3e-4 * factor), "head": pytest.approx(1e-4 * factor)}


@pytest.mark.parametrize("augmentation", [{}, {"mixup_alpha": 1.0, "flips": True}], ids=["plain", "mixed"])
def test_the_model_is_given_each_blocks_own_qindex(sides, spec_values, augmentation):
    # The qindex of each block is its number, so that what a batch holds can be told.
    train, val = (replace(side, qindex=torch.arange(len(side)).short()) for side in sides["stage1"])
    settings = {"epochs": 1, "sampling": "natural", "augmentation": augmentation, "qindex_input": True}
    spec = parse_spec(spec_values | settings)
    learner = Trainer(build_model(spec, BackboneSpec(name="resnet10t"), CPU), spec, train, val)
    augment, before, seen = learner.augment, [], []
    learner.augment = lambda pixels, *rest: (before.append(pixels), augment(pixels, *rest))[1]
    finish = learner.model.finish
    learner.model.finish = lambda *inputs: (seen.append(inputs), finish(*inputs))[1]
    next(epochs(learner))
    *batches, (clean, clean_qindex), (inputs, qindex) = seen
    assert torch.equal(inputs, to_input(val.pixels)) and torch.equal(qindex, val.qindex)
    assert torch.equal(clean, to_input(train.pixels[clean_qindex.long()]))
    assert len(torch.cat(before).unique(dim=0)) == 64
    for (_, qindex), pixels in zip(batches, before, strict=True):
        assert torch.equal(pixels, train.pixels[qindex.long()])


def test_stops_early_and_lowers_the_rate_on_a_plateau(sides, spec_values):
    # Rates too small to learn with: F1 soon stops rising.
    frozen = {"backbone_lr": 1e-6, "head_lr": 1e-6, "weight_decay": 0}
    schedule = {"patience": 0, "early_stopping": 3}
    spec = parse_spec(spec_values | {"epochs": 50, "epoch_blocks": 32, "optimiser": frozen, "schedule": schedule})
    learner = trainer(sides, spec)
    records = list(epochs(learner))
    assert learner.stopped_early
    assert len(records) == learner.best_epoch + 3
    assert records[-1].learning_rates["head"] < records[0].learning_rates["head"]
