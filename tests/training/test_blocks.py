import pytest
import torch

from av1core.errors import Cancelled
from av1core.models.fast_forms import to_fast
from av1core.models.stage import StageModel, to_input
from av1core.partition import STAGES
from av1core.training import blocks as module
from av1core.training.augment import Augmenter
from av1core.training.blocks import BlockTensors, Features, keep_features
from av1core.training.spec_parts import AugmentationSpec
from tests.models.trained import adapted

CPU = torch.device("cpu")
STAGE = STAGES["stage2"]


def blocks(count: int = 70) -> BlockTensors:
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(1024, (count, 16, 16), generator=generator).short()
    return BlockTensors(pixels, torch.arange(count) % 3, torch.full((count,), 128, dtype=torch.int16))


def augmenter(**settings) -> Augmenter:
    return Augmenter(AugmentationSpec(**settings), STAGE, CPU)


@pytest.fixture
def model() -> StageModel:
    return to_fast(adapted(), 16)


def test_blocks_are_chosen_together():
    chosen = torch.tensor([3, 0, 3])
    some, all_ = blocks()[chosen], blocks()
    assert len(some) == 3 and torch.equal(some.pixels, all_.pixels[chosen])
    assert torch.equal(some.labels, all_.labels[chosen]) and torch.equal(some.qindex, all_.qindex[chosen])


@pytest.mark.parametrize("options", [{}, {"scheme": "conv_parallel"}, {"stem": "keep"}, {"scheme": "none"}], ids=str)
def test_kept_features_are_what_the_fixed_parts_make_of_each_block(options, monkeypatch):
    monkeypatch.setattr(module, "EVALUATION_BATCH", 32)
    model, given = to_fast(adapted(**options), 16), blocks()
    kept = keep_features(model, given, None)
    with torch.no_grad():
        expected = model.features(to_input(given.pixels))
    assert kept.maps.shape == (1, len(given), *expected.shape[2:], expected.shape[1])
    everything = kept.gather(torch.arange(len(given)))
    torch.testing.assert_close(everything, expected, rtol=1e-4, atol=1e-4)
    assert everything.is_contiguous(memory_format=torch.channels_last) and not everything.requires_grad


def test_mirrored_variants_are_the_features_of_the_mirrored_blocks(model):
    given, augment = blocks(), augmenter(flips=True, transposition=True)
    kept = keep_features(model, given, augment)
    assert len(kept.maps) == 8
    for variant in range(8):
        pixels = augment.mirror_pixels(given.pixels, torch.full((len(given),), variant))
        with torch.no_grad():
            expected = model.features(to_input(pixels))
        torch.testing.assert_close(kept.gather(torch.arange(len(given)), variant), expected, rtol=1e-4, atol=1e-4)
    assert len(keep_features(model, given, augmenter(transposition=True)).maps) == 2
    assert len(keep_features(model, given, augmenter()).maps) == 1


def test_features_are_gathered_by_block_and_variant_in_any_shape():
    maps = torch.arange(2 * 5 * 3 * 3 * 4).view(2, 5, 3, 3, 4).float()
    chosen, variant = torch.tensor([[4, 0, 1], [2, 2, 3]]), torch.tensor([[0, 1, 1], [1, 0, 0]])
    found = Features(maps).gather(chosen, variant)
    assert found.shape == (2, 3, 4, 3, 3)
    for place in ((0, 0), (0, 1), (1, 2)):
        assert torch.equal(found[place], maps[variant[place], chosen[place]].permute(2, 0, 1))
    assert torch.equal(Features(maps).gather(chosen), Features(maps).gather(chosen, torch.zeros_like(chosen)))


@pytest.mark.parametrize("options", [{"batchnorm": "train"}, {"unfrozen": ("stem",)}], ids=str)
def test_features_that_change_while_the_model_trains_are_not_kept(options):
    assert keep_features(to_fast(adapted(**options), 16), blocks(), None) is None


@pytest.mark.parametrize(
    "settings", [{"mixup_alpha": 0.4}, {"cutmix_alpha": 1.0}, {"randaugment_operations": 1}], ids=str
)
def test_features_of_blocks_that_get_new_luma_are_not_kept(model, settings):
    assert keep_features(model, blocks(), augmenter(flips=True, **settings)) is None


def test_features_that_take_too_much_memory_are_not_kept(model, monkeypatch):
    # 256 numbers a block of four bytes each.
    monkeypatch.setattr(module, "MOST_FEATURES", 70 * 256 * 4)
    assert keep_features(model, blocks(70), None) is not None
    assert keep_features(model, blocks(71), None) is None
    assert keep_features(model, blocks(70), augmenter(transposition=True)) is None


def test_keeping_features_stops_when_asked(model, monkeypatch):
    monkeypatch.setattr(module, "EVALUATION_BATCH", 32)
    asked = []

    def cancelled() -> None:
        asked.append(None)
        if len(asked) == 2:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        keep_features(model, blocks(70), None, cancelled)
    assert len(asked) == 2
