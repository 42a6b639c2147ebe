import math

import numpy as np
import pytest
import torch
from timm.loss import AsymmetricLossSingleLabel, PolyCrossEntropy

from av1core.training.losses import ArcFaceLoss, AsymmetricLoss, FocalLoss, class_balanced_weights, make_loss
from av1core.training.spec_parts import LossSpec

NAMES = ["cross_entropy", "focal", "poly", "poly_focal", "asymmetric", "arcface"]
SMOOTHED = [name for name in NAMES if name != "asymmetric"]
WEIGHTS = torch.tensor([0.5, 1.0, 1.5], dtype=torch.float64)
ONES = torch.ones(3, dtype=torch.float64)


def built(name: str, weights: torch.Tensor = WEIGHTS, **settings) -> torch.nn.Module:
    return make_loss(weights=weights, **LossSpec(name=name, **settings).model_dump(exclude={"beta"}))


def blocks(count: int = 50, largest: float = math.inf) -> tuple[torch.Tensor, torch.Tensor]:
    random = np.random.default_rng(0)
    logits = random.normal(size=(count, 3)).clip(-largest, largest)
    return torch.tensor(logits), torch.tensor(random.integers(0, 3, count))


def values_by_numpy(name: str, logits: np.ndarray, label: int, settings: LossSpec, training: bool) -> float:
    """The unweighted loss of one block, straight from the definitions."""
    if name == "arcface" and training:
        angle = np.arccos(logits[label] / settings.scale)
        logits = logits.copy()
        if angle + settings.margin < np.pi:
            logits[label] = settings.scale * np.cos(angle + settings.margin)
        else:
            logits[label] = settings.scale * (np.cos(angle) - settings.margin * np.sin(settings.margin))
    classes = len(logits)
    p = np.exp(logits) / np.exp(logits).sum()
    smoothing = 0.1 if name == "asymmetric" else settings.smoothing
    total = 0.0
    for c in range(classes):
        target = (1 - smoothing) * (c == label) + smoothing / classes
        gamma = settings.gamma if "focal" in name else 0.0
        term = -((1 - p[c]) ** gamma) * np.log(p[c])
        if name == "asymmetric":
            focus = (1 - p[c]) ** settings.gamma_positive if c == label else p[c] ** settings.gamma_negative
            term = -focus * np.log(p[c])
        if name.startswith("poly"):
            term += settings.epsilon * (1 - p[c]) ** (gamma + 1)
        total += target * term
    return total


@pytest.mark.parametrize("beta", [0.0, 0.9, 0.9999])
def test_class_balanced_weights_follow_the_formula_and_sum_to_the_classes(beta):
    counts = np.array([23942, 71378, 57280])
    expected = (1 - beta) / (1 - beta**counts)
    expected *= len(counts) / expected.sum()
    weights = class_balanced_weights(torch.tensor(counts), beta)
    np.testing.assert_allclose(weights.numpy(), expected, rtol=1e-6)


def test_beta_0_weighs_every_class_alike():
    for classes in (2, 3, 4):
        assert torch.equal(class_balanced_weights(torch.arange(1, classes + 1), 0.0), torch.ones(classes))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    "settings",
    [{}, {"smoothing": 0.1}, {"gamma": 0.5, "epsilon": -1.0, "gamma_positive": 1.0, "margin": 1.2, "scale": 4.0}],
)
@pytest.mark.parametrize("name", NAMES)
def test_every_loss_against_numpy(name, settings, training):
    if name == "asymmetric":
        settings = {key: value for key, value in settings.items() if key != "smoothing"}
    spec = LossSpec(name=name, **settings)
    logits, labels = blocks(largest=0.99 * spec.scale)
    if name == "arcface":
        logits = spec.scale * torch.tanh(logits)
    expected = [
        WEIGHTS[label].item() * values_by_numpy(name, block.numpy(), int(label), spec, training)
        for block, label in zip(logits, labels, strict=True)
    ]
    loss = built(name, **settings).train(training)
    np.testing.assert_allclose(loss(logits, labels).numpy(), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_a_weight_of_1_is_unweighted_and_2_doubles(name):
    logits, labels = blocks()
    plain, doubled = built(name, ONES)(logits, labels), built(name, 2 * ONES)(logits, labels)
    torch.testing.assert_close(doubled, 2 * plain)


@pytest.mark.parametrize("name", SMOOTHED)
def test_smoothing_changes_the_loss_and_goes_to_the_plain_one_with_its_share(name):
    logits, labels = blocks()
    plain, some, hardly = (built(name, smoothing=share)(logits, labels) for share in (0.0, 0.2, 1e-12))
    assert not torch.allclose(some, plain)
    torch.testing.assert_close(hardly, plain)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_without_focus_and_weights_it_is_torchs_cross_entropy_and_timms_poly(smoothing):
    logits, labels = blocks()
    expected = torch.nn.functional.cross_entropy(logits, labels, reduction="none", label_smoothing=smoothing)
    torch.testing.assert_close(FocalLoss(ONES, smoothing=smoothing)(logits, labels), expected)
    poly = PolyCrossEntropy(epsilon=2.0, smoothing=smoothing, reduction="none")(logits, labels).double()
    ours = FocalLoss(ONES, epsilon=2.0, smoothing=smoothing)(logits, labels)
    torch.testing.assert_close(ours, poly, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("exponents", [(0.0, 4.0), (1.0, 2.0)])
def test_asymmetric_is_timms(exponents):
    logits, labels = blocks()
    expected = AsymmetricLossSingleLabel(*exponents, reduction="none")(logits, labels)
    torch.testing.assert_close(AsymmetricLoss(ONES, *exponents)(logits, labels), expected)


def test_arcface_without_a_margin_is_cross_entropy_and_one_makes_training_alone_harder():
    logits, labels = blocks(largest=15)
    plain = FocalLoss(WEIGHTS)(logits, labels)
    torch.testing.assert_close(ArcFaceLoss(WEIGHTS, 16.0, 0.0)(logits, labels), plain)
    loss = ArcFaceLoss(WEIGHTS, 16.0, 0.3)
    assert (loss.train()(logits, labels) > plain).all()
    torch.testing.assert_close(loss.eval()(logits, labels), plain)


@pytest.mark.parametrize("margin", [0.1, 0.5, 1.5])
def test_arcface_falls_with_the_true_angle_the_whole_way(margin):
    cosine = torch.linspace(-1, 1, 2001, dtype=torch.float64)
    logits = 16 * torch.stack([cosine, torch.zeros(2001), torch.zeros(2001)], 1)
    values = ArcFaceLoss(ONES, 16.0, margin)(logits, torch.zeros(2001, dtype=torch.int64))
    steps = values.diff()
    # Where the margin passes π another formula takes over; the loss may step there, once.
    assert (steps > 1e-9).sum() <= 1
    assert values[-1] < values[0]


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("name", NAMES)
def test_values_and_gradients_stay_finite_at_extreme_logits(name, exponent):
    largest = 16.0 if name == "arcface" else 1e4
    extremes = [[x, y, 0.0] for x in (-largest, 0.0, largest) for y in (-largest, 0.0, largest)]
    for smoothing in (0.0, 0.1) if name in SMOOTHED else (0.0,):
        exponents = {"gamma": exponent, "gamma_positive": exponent, "gamma_negative": exponent}
        loss = built(name, WEIGHTS.float(), smoothing=smoothing, **exponents)
        for label in range(3):
            logits = torch.tensor(extremes, requires_grad=True)
            values = loss(logits, torch.full((len(extremes),), label))
            values.sum().backward()
            assert values.isfinite().all() and logits.grad.isfinite().all()
            assert logits.grad.abs().max() > 0
