import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from av1core.analysis.attribution import attribute
from av1core.analysis.maps.faithfulness import edges
from av1core.analysis.maps.randomisation import cascade, cascaded, similarity
from av1core.analysis.maps.trust import independent
from av1core.models.stage import StageModel
from tests.models.trained import adapted

DOWN = ("head", "adapters", "layer4", "layer3", "layer2", "layer1", "stem")


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(0).integers(0, 1024, (6, 16, 16)).astype(np.uint16)


@pytest.fixture(scope="module")
def levels():
    """The model after each step of the cascade, by the part drawn last."""
    return dict(cascade(model(), 16))


def model():
    return adapted().eval()


def part_of(name: str) -> str:
    """The part that a weight belongs to."""
    if not name.startswith("backbone."):
        return name.split(".")[0]
    inside = name.removeprefix("backbone.").removeprefix("se.").split(".")[0]
    return {"conv1": "stem", "bn1": "stem", "attention": "layer4"}.get(inside, inside)


def test_weights_are_drawn_anew_from_the_head_down_and_stay_so(levels):
    last = own = dict(model().named_parameters())
    for part, changed in levels.items():
        now = dict(changed.named_parameters())
        assert {part_of(name) for name in own if not torch.equal(now[name], last[name])} == {part}
        assert not changed.training and not any(weight.requires_grad for weight in now.values())
        last = now
    assert tuple(levels) == DOWN
    assert all(not torch.equal(last[name], own[name]) for name in own if name.endswith("conv1.weight"))


def test_batchnorm_begins_anew_too(levels):
    for part, changed in levels.items():
        fresh = [
            bool((norm.running_mean == 0).all() and (norm.running_var == 1).all())
            for norm in changed.backbone.modules()
            if isinstance(norm, torch.nn.BatchNorm2d)
        ]
        assert any(fresh) == (part in DOWN[2:]) and all(fresh) == (part == "stem")


def test_what_is_drawn_follows_from_the_seed(levels):
    heads = [next(cascade(model(), 16, seed))[1].head.weight for seed in (0, 1)]
    assert torch.equal(heads[0], levels["head"].head.weight) and not torch.equal(heads[0], heads[1])


def test_a_model_without_adapters_has_no_such_part():
    plain = StageModel(model().backbone, 2).eval()
    assert [part for part, _ in cascade(plain, 16)] == [part for part in DOWN if part != "adapters"]


def test_similarity_is_spearmans_of_the_sizes():
    random = np.random.default_rng(0)
    one, two = random.normal(size=(2, 7, 4, 4))
    expected = [spearmanr(np.abs(a).ravel(), np.abs(b).ravel()).statistic for a, b in zip(one, two, strict=True)]
    np.testing.assert_allclose(similarity(one, two), expected)
    np.testing.assert_allclose(similarity(one, -3 * one), 1)
    np.testing.assert_allclose(similarity(one, 1 / one), -1)
    assert not similarity(one, np.ones(one.shape)).any()
    assert np.isnan(similarity(np.ones(one.shape), one)).all()


def test_a_method_that_reads_the_model_passes(pixels):
    gradient = lambda of: attribute(of, pixels, "saliency", 0)  # noqa: E731
    found = cascaded(gradient(model()), model(), gradient, 16)
    assert tuple(found) == DOWN
    check = independent(found["stem"], np.arange(6))
    assert check.mark == "passes" and check.value < 0.4


def test_a_method_that_takes_no_more_than_a_factor_from_the_model_fails(pixels, levels):
    maps = lambda of: edges(pixels.astype(np.float32)) * float(of.head.weight.detach().abs().sum())  # noqa: E731
    for changed in levels.values():
        found = similarity(maps(model()), maps(changed))
        assert found == pytest.approx(1) and independent(found, np.arange(6)).mark == "fails"


def test_a_map_of_a_layer_does_not_depend_on_what_lies_above(pixels, levels):
    maps = lambda of: attribute(of, pixels, "activation", 0, "layer2")  # noqa: E731
    found = {part: similarity(maps(model()), maps(changed)) for part, changed in levels.items()}
    for part in ("head", "adapters", "layer4", "layer3"):
        assert found[part] == pytest.approx(1)
    assert found["layer2"].mean() < 0.9
