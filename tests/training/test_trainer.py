from dataclasses import replace

import pytest
import torch

from av1core.dataset.blocks import stage_blocks
from av1core.dataset.folder import Dataset
from av1core.errors import Cancelled, RunError
from av1core.models.stage import to_input
from av1core.partition import STAGES
from av1core.runs.checkpoint import build_model
from av1core.runs.execute import to_device
from av1core.training.augment import Batch
from av1core.training.record import EpochRecord
from av1core.training.spec import BackboneSpec, RunSpec, parse_spec, with_overrides
from av1core.training.trainer import Trainer, evaluate

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


def untimed(records: list[EpochRecord]) -> list[EpochRecord]:
    return [replace(record, seconds=0, samples_per_second=0) for record in records]


def stage2(spec_values) -> dict:
    return {k: v for k, v in spec_values.items() if k != "backbone"} | {"stage": "stage2", "stage1_run": "x"}


def test_the_same_spec_gives_the_same_history_whatever_else_draws_random_numbers(sides, spec_values):
    spec = parse_spec(spec_values | {"dropout": 0.3})
    first = list(trainer(sides, spec).epochs())
    torch.manual_seed(1234)
    disturbed = trainer(sides, spec, on_step=lambda step: torch.rand(3))
    assert untimed(list(disturbed.epochs())) == untimed(first)
    other = list(trainer(sides, parse_spec(spec_values | {"dropout": 0.3, "seed": 1})).epochs())
    assert untimed(other) != untimed(first)


@pytest.mark.parametrize("augmentation", [{}, EVERYTHING], ids=["plain", "augmented"])
@pytest.mark.parametrize("stage", ["stage1", "stage2"])
def test_resumed_equals_undisturbed(sides, spec_values, stage, augmentation, tmp_path):
    values = spec_values if stage == "stage1" else stage2(spec_values) | {"adapter": {"batchnorm": "train"}}
    settings = {"epochs": 4, "dropout": 0.3, "schedule": {"patience": 0}, "augmentation": augmentation}
    spec = parse_spec(values | settings)
    whole = list(trainer(sides, spec).epochs())
    broken = trainer(sides, spec)
    records = [next(iterator) for iterator in [broken.epochs()] for _ in range(2)]
    torch.save(broken.state_dict(), tmp_path / "last.pt")
    resumed = trainer(sides, spec)
    resumed.load_state_dict(torch.load(tmp_path / "last.pt", weights_only=True))
    assert untimed([*records, *resumed.epochs()]) == untimed(whole)


def test_without_augmentation_a_run_is_that_of_plain_batches(sides, spec_values):
    spec = parse_spec(spec_values | {"dropout": 0.3})
    plain = trainer(sides, spec)
    plain.augment = lambda pixels, labels, generator: Batch(to_input(pixels), labels)
    history = untimed(list(plain.epochs()))
    assert untimed(list(trainer(sides, spec).epochs())) == history
    augmented = parse_spec(spec_values | {"dropout": 0.3, "augmentation": {"transposition": True}})
    assert untimed(list(trainer(sides, augmented).epochs())) != history


def test_evaluation_is_never_augmented(sides, spec_values):
    learner = trainer(sides, parse_spec(spec_values | {"epochs": 1, "augmentation": EVERYTHING}))
    record = next(learner.epochs())
    for measured, blocks in (
        ((record.val_f1, record.val_loss), learner.val),
        ((record.train_f1_clean, record.train_loss_clean), learner.clean),
    ):
        scores, _ = evaluate(learner.model, learner.loss, blocks)
        assert measured == (scores.f1, scores.loss)


def test_learns_the_patterns(sides, spec_values):
    settings = {"epochs": 20, "epoch_blocks": 256, "optimiser": {"head_lr": 1e-2}}
    learner = trainer(sides, parse_spec(spec_values | settings))
    assert any(record.val_f1 > 0.9 for record in learner.epochs())


def test_the_best_epoch_is_that_of_the_highest_validation_f1(sides, spec_values):
    learner = trainer(sides, parse_spec(spec_values | {"epochs": 5}))
    records = list(learner.epochs())
    best = max(records, key=lambda record: record.val_f1)
    assert (learner.best_epoch, learner.best_f1) == (best.epoch, best.val_f1)


def test_records_are_what_an_evaluation_of_the_model_gives(sides, spec_values):
    learner = trainer(sides, parse_spec(spec_values | {"epochs": 1}))
    record = next(learner.epochs())
    scores, probabilities = evaluate(learner.model, learner.loss, learner.val)
    assert (record.val_f1, record.val_loss) == (scores.f1, scores.loss)
    assert torch.equal(probabilities, learner.val_probabilities)
    assert len(learner.clean) == min(len(learner.val), len(learner.train))


def test_cancel_stops_within_a_batch(sides, spec_values):
    steps = []
    learner = trainer(sides, parse_spec(spec_values), on_step=steps.append, cancelled=lambda: len(steps) == 1)
    with pytest.raises(Cancelled):
        list(learner.epochs())
    assert len(steps) == 1


def test_a_loss_that_is_no_number_ends_the_run_and_says_what_to_change(sides, spec_values):
    learner = trainer(sides, parse_spec(with_overrides(spec_values, {"optimiser.backbone_lr": 1e30})))
    with pytest.raises(RunError, match=r"epoch \d.*learning rates"):
        list(learner.epochs())


def test_stops_early_and_lowers_the_rate_on_a_plateau(sides, spec_values):
    # Rates too small to learn with: F1 soon stops rising.
    frozen = {"backbone_lr": 1e-6, "head_lr": 1e-6, "weight_decay": 0}
    schedule = {"patience": 0, "early_stopping": 3}
    spec = parse_spec(spec_values | {"epochs": 50, "epoch_blocks": 32, "optimiser": frozen, "schedule": schedule})
    learner = trainer(sides, spec)
    records = list(learner.epochs())
    assert learner.stopped_early
    assert len(records) == learner.best_epoch + 3
    assert records[-1].learning_rates["head"] < records[0].learning_rates["head"]
