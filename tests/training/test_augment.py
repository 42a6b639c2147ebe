import shutil
from typing import get_args

import numpy as np
import pytest
import torch
from scipy import stats

from av1core.models.stage import to_input
from av1core.partition import LUMA_MAX, OUTSIDE, STAGES, Mirror, Partition
from av1core.runs.execute import execute
from av1core.runs.folder import RunFolder
from av1core.training.augment import Augmenter, Batch, beta, mirrored_pixels, mixed, outside_boxes
from av1core.training.losses import FocalLoss
from av1core.training.spec import parse_spec
from av1core.training.spec_parts import AugmentationSpec
from tests.synthetic import pattern, stage2_values

CPU = torch.device("cpu")
SETTINGS = {
    "flips": {"flips": True},
    "transposition": {"transposition": True},
    "mixup": {"mixup_alpha": 0.4},
    "cutmix": {"cutmix_alpha": 1.0},
    "mixup or cutmix": {"mixup_alpha": 1.0, "cutmix_alpha": 1.0},
    "randaugment": {"randaugment_operations": 2, "randaugment_magnitude": 9},
}
SETTINGS["everything"] = {key: value for settings in SETTINGS.values() for key, value in settings.items()}

every_stage = pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
every_setting = pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def blocks(stage, count: int = 256) -> tuple[torch.Tensor, torch.Tensor]:
    """Pixels int16 (count, 16, 16) and labels of every partition type that the stage sees, in turn."""
    random = np.random.default_rng(0)
    kinds = [kind for kind in Partition if stage.labels(np.array(kind)) != OUTSIDE]
    kinds = np.resize(np.array(kinds), count)
    pixels = np.stack([pattern(Partition(kind), random) for kind in kinds]).astype(np.int16)
    return torch.from_numpy(pixels), torch.from_numpy(stage.labels(kinds)).long()


def augmented(settings: dict, stage, generator: torch.Generator) -> Batch:
    return Augmenter(AugmentationSpec(**settings), stage, CPU)(*blocks(stage), generator)


def same(one: Batch, two: Batch) -> bool:
    return all(
        (a is None and b is None) or torch.equal(a, b)
        for a, b in zip(vars(one).values(), vars(two).values(), strict=True)
    )


@every_stage
def test_all_off_is_the_plain_path_and_draws_nothing(stage):
    generator = seeded()
    batch = augmented({}, stage, generator)
    pixels, labels = blocks(stage)
    assert same(batch, Batch(to_input(pixels), labels))
    assert torch.equal(generator.get_state(), seeded().get_state())


@every_setting
@every_stage
def test_the_same_generator_state_makes_the_same_batch(stage, settings):
    first = augmented(settings, stage, seeded(1))
    assert same(first, augmented(settings, stage, seeded(1)))
    assert not same(first, augmented(settings, stage, seeded(2)))
    assert first.inputs.min() >= 0 and first.inputs.max() <= 1
    assert first.inputs.dtype == torch.float32 and first.labels.dtype == torch.int64


@every_setting
def test_the_stored_blocks_are_never_changed(settings):
    stage = STAGES["stage3_ab"]
    pixels, labels = blocks(stage)
    before = pixels.clone(), labels.clone()
    Augmenter(AugmentationSpec(**settings), stage, CPU)(pixels, labels, seeded())
    assert torch.equal(pixels, before[0]) and torch.equal(labels, before[1])


@pytest.mark.parametrize("mirror", get_args(Mirror))
def test_mirroring_pixels_twice_gives_them_back(mirror):
    pixels, _ = blocks(STAGES["stage2"])
    once = mirrored_pixels(pixels, mirror)
    assert not torch.equal(once, pixels)
    assert torch.equal(mirrored_pixels(once, mirror), pixels)


@every_stage
def test_each_mirror_image_comes_with_its_label_and_about_as_often_as_any_other(stage):
    pixels, labels = blocks(stage, 800)
    batch = Augmenter(AugmentationSpec(flips=True, transposition=True), stage, CPU)(pixels, labels, seeded())
    seen = torch.zeros(len(labels), dtype=torch.int64)
    for number in range(8):
        image, label = pixels, labels
        for bit, mirror in enumerate(get_args(Mirror)):
            if number >> bit & 1:
                image, label = mirrored_pixels(image, mirror), torch.tensor(stage.permutation(mirror))[label]
        here = (to_input(image) == batch.inputs).all((1, 2, 3))
        assert torch.equal(batch.labels[here], label[here])
        assert 60 < here.sum() < 140
        seen += here
    assert (seen == 1).all()


@every_stage
def test_a_variant_names_the_mirrors_of_a_block_and_of_its_label(stage):
    pixels, labels = blocks(stage, 80)
    augmenter = Augmenter(AugmentationSpec(flips=True, transposition=True), stage, CPU)
    variant = torch.arange(80) % 8
    images, mirrored = augmenter.mirror_pixels(pixels, variant), augmenter.mirror_labels(labels, variant)
    for place in range(80):
        image, label = pixels[place], labels[place]
        for bit, mirror in enumerate(get_args(Mirror)):
            if place % 8 >> bit & 1:
                image, label = mirrored_pixels(image, mirror), stage.permutation(mirror)[label]
        assert torch.equal(images[place], image) and mirrored[place] == label
    rows = torch.stack([labels, labels.flip(0)])
    of_rows = augmenter.mirror_labels(rows, torch.stack([variant, variant]))
    assert torch.equal(of_rows[0], mirrored)
    assert torch.equal(of_rows[1], augmenter.mirror_labels(labels.flip(0), variant))


def test_each_mirror_is_drawn_for_half_of_the_blocks_whatever_the_others():
    augmenter = Augmenter(AugmentationSpec(flips=True, transposition=True), STAGES["stage2"], CPU)
    counts = augmenter.draw_variant(8000, seeded()).bincount(minlength=8)
    assert len(counts) == 8 and ((counts - 1000).abs() < 150).all()
    generator = seeded()
    before = generator.get_state()
    nothing = Augmenter(AugmentationSpec(), STAGES["stage2"], CPU)
    assert not nothing.draw_variant(50, generator).any() and torch.equal(generator.get_state(), before)


@pytest.mark.parametrize(
    ("settings", "new"),
    [
        ({}, False),
        ({"flips": True, "transposition": True}, False),
        ({"mixup_alpha": 0.4}, True),
        ({"flips": True, "cutmix_alpha": 1.0}, True),
        ({"randaugment_operations": 1}, True),
    ],
    ids=str,
)
def test_mirrors_alone_make_no_new_luma(settings, new):
    assert Augmenter(AugmentationSpec(**settings), STAGES["stage2"], CPU).makes_new_luma == new


@pytest.mark.parametrize("settings", [{}, {"mixup_alpha": 0.4}], ids=["plain", "mixed"])
def test_batches_of_runs_stand_together_and_come_apart_again(settings):
    stage = STAGES["stage2"]
    batches = [augmented(settings, stage, seeded(seed)) for seed in range(3)]
    together = Batch.stacked(batches)
    assert together.inputs.shape == (3, *batches[0].inputs.shape)
    assert all(same(together.of_runs(run, run + 1), batches[run]) for run in range(3))
    pair = together.of_runs(1, 3)
    assert torch.equal(pair.labels, torch.cat([batch.labels for batch in batches[1:]]))
    assert torch.equal(together.dominant, torch.stack([batch.dominant for batch in batches]))


def test_transposition_turns_every_horz_into_its_vert():
    stage = STAGES["stage3_rect"]
    pixels, labels = blocks(stage)
    batch = augmented({"transposition": True}, stage, seeded())
    turned = (batch.inputs != to_input(pixels)).any((1, 2, 3))
    assert turned.any() and not turned.all()
    assert torch.equal(batch.labels, torch.where(turned, 1 - labels, labels))


@pytest.mark.parametrize("alpha", [0.01, 0.2, 1.0, 4.0])
def test_beta_has_the_mean_variance_and_quantiles_of_the_distribution(alpha):
    drawn = beta(40_000, alpha, seeded(3)).double()
    assert drawn.min() >= 0 and drawn.max() <= 1
    variance = 1 / (4 * (2 * alpha + 1))
    assert drawn.mean().item() == pytest.approx(0.5, abs=4 * (variance / 40_000) ** 0.5)
    assert drawn.var().item() == pytest.approx(variance, rel=0.03)
    for value in (0.01, 0.25, 0.5, 0.75, 0.99):
        share = (drawn < value).double().mean().item()
        assert share == pytest.approx(stats.beta(alpha, alpha).cdf(value), abs=0.01)


def test_mixup_blends_pixels_and_labels_by_one_weight():
    pixels, labels = blocks(STAGES["stage2"])
    x = to_input(pixels)
    batch = mixed(x, labels, 0.4, 0.0, seeded())
    assert batch.weight.min() >= 0 and batch.weight.max() <= 1 and len(batch.weight.unique()) > 200
    weight = batch.weight[:, None, None, None]
    torch.testing.assert_close(batch.inputs, weight * x + (1 - weight) * x.roll(1, 0))
    assert torch.equal(batch.labels, labels) and torch.equal(batch.other_labels, labels.roll(1))


def test_cutmix_pastes_a_box_and_its_weight_is_the_share_of_pixels_left():
    # No pixel of a block occurs in its neighbour: even and odd values.
    values = torch.randint(LUMA_MAX // 2, (256, 16, 16), generator=seeded()) * 2
    pixels = values + (torch.arange(256) % 2)[:, None, None]
    x, labels = to_input(pixels), torch.arange(256)
    batch = mixed(x, labels, 0.0, 1.0, seeded())
    own, pasted = batch.inputs == x, batch.inputs == x.roll(1, 0)
    assert (own ^ pasted).all()
    assert torch.equal(batch.weight, own.sum((1, 2, 3)) / 256)
    rows, cols = pasted.any(3), pasted.any(2)
    assert torch.equal(pasted, rows[..., None] & cols[..., None, :])
    for side in (rows, cols):
        # One run of pixels: it begins at most once.
        assert (side.squeeze(1).long().diff(dim=1, prepend=torch.zeros(256, 1)) == 1).sum(1).max() == 1
    assert torch.equal(batch.other_labels, labels.roll(1))


def test_boxes_have_the_size_that_is_asked_for_until_they_meet_the_edge():
    share = torch.full((500,), 1 - (6 / 16) ** 2)
    boxes = 1 - outside_boxes(share, 16, seeded())
    areas = boxes.sum((1, 2, 3))
    assert areas.max() == 36 and areas.min() < 36
    assert boxes.amax((0, 1)).min() == 1
    assert outside_boxes(torch.ones(5), 16, seeded()).min() == 1


def test_with_both_on_a_batch_is_of_one_kind_and_both_kinds_occur():
    pixels, labels = blocks(STAGES["stage2"], 64)
    x = to_input(pixels)
    kinds = []
    for seed in range(20):
        inputs = mixed(x, labels, 1.0, 1.0, seeded(seed)).inputs
        whole = ((inputs == x) | (inputs == x.roll(1, 0))).all((1, 2, 3)).double().mean()
        assert whole == 1 or whole < 0.1
        kinds.append(bool(whole == 1))
    assert 4 < sum(kinds) < 16


def test_the_loss_of_a_mixed_block_is_that_of_its_labels_by_weight():
    logits = torch.randn(50, 3, generator=seeded())
    labels, others = (torch.randint(3, (50,), generator=seeded(seed)) for seed in (1, 2))
    weight = torch.rand(50, generator=seeded(3))
    loss = FocalLoss(torch.tensor([0.5, 1.0, 1.5]), 2.0)
    batch = Batch(torch.empty(0), labels, others, weight)
    for block, value in enumerate(batch.loss(loss, logits)):
        both = [loss(logits[[block]], kind[[block]]).item() for kind in (labels, others)]
        assert value.item() == pytest.approx(np.dot([weight[block], 1 - weight[block]], both), rel=1e-5)
    assert torch.equal(Batch(torch.empty(0), labels).loss(loss, logits), loss(logits, labels))


def test_the_dominant_label_is_that_of_the_larger_share():
    labels, others, weight = torch.tensor([0, 1, 2]), torch.tensor([2, 2, 1]), torch.tensor([0.9, 0.1, 0.5])
    assert Batch(torch.empty(0), labels, others, weight).dominant.tolist() == [0, 2, 2]
    assert torch.equal(Batch(torch.empty(0), labels).dominant, labels)


@every_setting
def test_a_run_trains_with_it(tiny, spec_values, settings, tmp_path):
    values = spec_values | {"epochs": 1, "epoch_blocks": 32, "augmentation": settings}
    folder = RunFolder.create(tmp_path, parse_spec(values))
    status = execute(folder)
    assert status.state == "finished", status.message
    (record,) = folder.history()
    assert np.isfinite(record["train_loss"]) and record["train_loss"] > 0
    assert folder.spec().augmentation == AugmentationSpec(**settings)


def test_adapters_train_with_it(trained, tiny, tmp_path):
    shutil.copytree(trained.runs_dir / trained.stage1, tmp_path / trained.stage1)
    settings = {"epochs": 1, "augmentation": SETTINGS["everything"]}
    folder = RunFolder.create(tmp_path, parse_spec(stage2_values(tiny, trained.stage1) | settings))
    status = execute(folder)
    assert status.state == "finished", status.message
