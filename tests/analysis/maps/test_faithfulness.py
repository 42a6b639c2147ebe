import numpy as np
import pytest
import torch
from captum.metrics import infidelity as captums_infidelity
from scipy.ndimage import sobel

from av1core.analysis.attribution import attribute
from av1core.analysis.maps.faithfulness import (
    SQUARES,
    STEPS,
    Asked,
    area,
    curves,
    edges,
    incompleteness,
    infidelity,
    order,
    squares,
)
from av1core.analysis.maps.methods import METHODS, baseline_luma
from av1core.models.stage import to_input
from av1core.partition import LUMA_MAX
from tests.analysis.maps.planted import Planted
from tests.models.trained import adapted

IG, SMOOTHGRAD = METHODS["integrated_gradients"], METHODS["smoothgrad"]
WEIGHT = np.random.default_rng(1).normal(size=(16, 16))


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(0).integers(0, 1024, (5, 16, 16)).astype(np.uint16)


def asked_of(model, pixels, target=1, qindex=80) -> Asked:
    count = len(pixels)
    return Asked(model, pixels.astype(np.float32), np.full(count, qindex), np.full(count, target))


def added(pixels, baseline) -> np.ndarray:
    """What each pixel of a linear model adds to its logit."""
    return WEIGHT * (pixels - baseline) / LUMA_MAX


@pytest.mark.parametrize("scale", [1.0, 300.0])
def test_a_linear_models_gradient_and_its_integral_predict_every_change(pixels, scale):
    asked, baseline = asked_of(Planted(WEIGHT), pixels), baseline_luma(pixels, "mean")
    gradient = np.broadcast_to(WEIGHT, pixels.shape)
    assert infidelity(asked, scale * gradient, baseline, SMOOTHGRAD) == pytest.approx(0, abs=1e-9)
    assert infidelity(asked, scale * added(pixels, baseline), baseline, IG) == pytest.approx(0, abs=1e-9)
    # What says the opposite, or nothing, explains nothing.
    for nothing in (-added(pixels, baseline), np.zeros(pixels.shape)):
        assert infidelity(asked, nothing, baseline, IG) == pytest.approx(1)
    other = np.random.default_rng(5).normal(size=pixels.shape)
    assert (infidelity(asked, other, baseline, IG) > 0.3).all()


@pytest.mark.parametrize("method", [IG, SMOOTHGRAD], ids=lambda method: method.name)
def test_infidelity_is_captums_as_a_share_of_the_mean_squared_change(pixels, method):
    model, baseline = Planted(WEIGHT, torch.tanh), baseline_luma(pixels, "black")
    gradient = attribute(model, pixels, "smoothgrad", 1)
    maps = gradient * pixels / LUMA_MAX if method is IG else gradient
    taken = torch.from_numpy(squares(16, np.random.default_rng((0, 2))))[:, None]
    inputs = to_input(torch.from_numpy(pixels.astype(np.int32)))

    def perturbed(blocks):
        mask = taken.repeat(len(pixels), 1, 1, 1)
        return (mask.float() if method is IG else mask * blocks), blocks * ~mask

    about = {"target": 1, "n_perturb_samples": SQUARES}
    error = captums_infidelity(model, perturbed, inputs, torch.from_numpy(maps)[:, None], normalize=True, **about)
    whole = captums_infidelity(model, perturbed, inputs, torch.zeros_like(inputs), **about)
    found = infidelity(asked_of(model, pixels), maps, baseline, method)
    np.testing.assert_allclose(found, (error / whole).detach(), rtol=1e-3)
    assert (found > 1e-4).all()


def test_where_no_square_changes_the_output_nothing_is_left_unexplained(pixels):
    flat = np.full_like(pixels, 300)
    asked = asked_of(Planted(WEIGHT), flat)
    assert not infidelity(asked, np.ones(flat.shape), baseline_luma(flat, "mean"), IG).any()


def test_squares_are_square_inside_the_block_and_follow_from_the_seed():
    found = squares(16, np.random.default_rng(3))
    rows, cols = (found.any(axis).sum(1) for axis in (1, 2))
    assert np.array_equal(rows, cols) and np.array_equal(found.sum((1, 2)), rows * cols)
    assert set(rows) <= set(range(2, 9)) and len(set(rows)) > 3
    assert np.array_equal(found, squares(16, np.random.default_rng(3)))
    assert not np.array_equal(found, squares(16, np.random.default_rng(4)))


def test_a_complete_map_misses_nothing_and_another_what_it_lacks(pixels):
    asked, baseline = asked_of(Planted(WEIGHT), pixels), baseline_luma(pixels, "blurred")
    maps = added(pixels, baseline)
    missed, differences = incompleteness(asked, maps, baseline, "logit")
    np.testing.assert_allclose(differences, maps.sum((1, 2)), atol=1e-5)
    np.testing.assert_allclose(missed, 0, atol=1e-5)
    maps[:, 3, 3] += 0.25
    np.testing.assert_allclose(incompleteness(asked, maps, baseline, "logit")[0], 0.25, atol=1e-5)


def test_pixels_come_in_the_order_of_their_evidence_and_equal_ones_are_shuffled():
    values = np.arange(16.0).reshape(1, 4, 4)
    assert order(values)[0].tolist() == list(range(15, -1, -1))
    assert order(-values)[0].tolist() == list(range(16))
    halves = np.repeat([[[1.0, 0.0]]], 2, 1).repeat(8, 2).repeat(50, 0)
    ordered = order(halves)
    assert (np.sort(ordered[:, :16], 1) == np.r_[:8, 16:24]).all()
    assert len(np.unique(ordered[:, 0])) > 5
    assert np.array_equal(ordered, order(halves)) and not np.array_equal(ordered, order(halves, 1))


def sigmoid(logits):
    return 100 / (1 + np.exp(-logits))


def test_deletion_and_insertion_of_a_linear_model_in_closed_form(pixels):
    asked, baseline = asked_of(Planted(WEIGHT / 8), pixels), baseline_luma(pixels, "mean")
    evidence = added(pixels, baseline) / 8
    deleted, inserted = curves(asked, baseline, order(evidence))
    ranked = -np.sort(-evidence.reshape(5, -1), 1)
    gone = np.pad(ranked.cumsum(1), ((0, 0), (1, 0)))[:, :: 256 // STEPS]
    start = (WEIGHT / 8 * baseline).sum((1, 2)) / LUMA_MAX
    np.testing.assert_allclose(deleted, sigmoid(start[:, None] + gone[:, -1:] - gone), atol=1e-3)
    np.testing.assert_allclose(inserted, sigmoid(start[:, None] + gone), atol=1e-3)
    # Evidence for the class comes first: the probability falls until only evidence against it is left, then rises.
    least = deleted.argmin(1)
    for curve, turn in zip(deleted, least, strict=True):
        assert (np.diff(curve[: turn + 1]) <= 0).all() and (np.diff(curve[turn:]) >= 0).all()
    assert (least > 4).all() and (least < 12).all()
    shuffled = curves(asked, baseline, order(np.zeros(pixels.shape)))
    assert (area(shuffled[0]) > area(deleted) + 1).all() and (area(shuffled[1]) < area(inserted) - 1).all()


def test_a_planted_pixel_decides_in_the_first_step_alone(pixels):
    weight = np.zeros((16, 16))
    weight[5, 9] = 6.0
    pixels = pixels.copy()
    pixels[:, 5, 9] = 1023
    asked, baseline = asked_of(Planted(weight), pixels), np.zeros(pixels.shape, np.float32)
    deleted, inserted = curves(asked, baseline, order(np.broadcast_to(weight, pixels.shape)))
    assert deleted[:, 0] == pytest.approx(sigmoid(6.0)) and deleted[:, 1:] == pytest.approx(50)
    assert inserted[:, 0] == pytest.approx(50) and inserted[:, 1:] == pytest.approx(sigmoid(6.0))


def test_the_area_is_the_mean_height():
    assert area(np.array([[0.0, 50, 100], [20, 20, 20]])).tolist() == [50, 20]


def test_edges_are_where_luma_changes():
    luma = np.zeros((1, 16, 16), np.float32)
    luma[:, :, 8:] = 500
    found = edges(luma)[0]
    assert (found[:, 7:9] > 0).all() and not found[:, :7].any() and not found[:, 9:].any()


def test_edges_are_sobels_of_each_block_alone(pixels):
    luma = pixels.astype(np.float32)
    for block, found in zip(luma, edges(luma), strict=True):
        np.testing.assert_allclose(found, np.hypot(*(sobel(block, axis, mode="nearest") for axis in (0, 1))), rtol=1e-6)


def test_each_block_is_asked_of_its_own_class_at_its_own_qindex_and_the_model_is_as_before(pixels):
    model = adapted(qindex_input=True).train()
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    qindex, target = np.array([0, 80, 120, 200, 255]), np.array([2, 0, 1, 1, 0])
    asked = Asked(model, pixels.astype(np.float32), qindex, target)
    versions = np.stack([pixels, pixels // 2], 1).astype(np.float32)
    logits, odds, probability = asked.logits(versions), asked.logits(versions, "log_odds"), asked.probability(versions)
    assert model.training and all(torch.equal(tensor, state[name]) for name, tensor in model.state_dict().items())
    model.eval()
    for place in range(5):
        for version in range(2):
            x = torch.from_numpy(versions[place, version])[None, None] / LUMA_MAX
            with torch.no_grad():
                whole = model(x, torch.tensor([qindex[place]]))[0].double()
            expected = whole.softmax(0)[target[place]]
            assert logits[place, version] == pytest.approx(float(whole[target[place]]), abs=1e-5)
            assert probability[place, version] == pytest.approx(100 * float(expected), abs=1e-3)
            assert odds[place, version] == pytest.approx(float(torch.logit(expected)), abs=1e-4)
