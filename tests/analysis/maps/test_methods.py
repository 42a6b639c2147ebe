import numpy as np
import pytest

from av1core.analysis.maps.methods import BASELINES, METHODS, MapSpec, baseline_luma
from av1core.errors import RunError


def test_baselines_are_what_they_are_called():
    pixels = np.random.default_rng(0).integers(0, 1024, (3, 16, 16)).astype(np.uint16)
    found = {name: baseline_luma(pixels, name) for name in BASELINES}
    assert all(luma.shape == pixels.shape and luma.dtype == np.float32 for luma in found.values())
    assert not found["black"].any()
    np.testing.assert_allclose(found["mean"], np.broadcast_to(pixels.mean((1, 2), keepdims=True), pixels.shape), 1e-5)
    # A blurred block is flatter, yet no block is another's.
    assert (found["blurred"].std((1, 2)) < 0.3 * pixels.std((1, 2))).all() and found["blurred"].std((1, 2)).min() > 0
    assert (found["blurred"].min() >= 0) and (found["blurred"].max() <= 1023)
    flat = np.full((1, 16, 16), 517, np.uint16)
    np.testing.assert_allclose(baseline_luma(flat, "blurred"), 517, rtol=1e-6)
    alone = baseline_luma(pixels[1:2], "blurred")
    np.testing.assert_array_equal(alone[0], found["blurred"][1])


def test_a_spec_says_which_field_is_wrong():
    for values, words in (
        ({"method": "lime"}, "method: there is no 'lime'"),
        ({"method": "saliency", "baseline": "white"}, "baseline: there is no 'white'"),
        ({"method": "saliency", "output": "loss"}, "output: there is no 'loss'"),
        ({"method": "saliency", "layer": "layer1"}, "takes no layer"),
        ({"method": "conductance"}, "needs a layer"),
    ):
        with pytest.raises(RunError, match=words):
            MapSpec(**values)


def test_every_method_is_told_of():
    for name, method in METHODS.items():
        assert method.name == name and method.about.endswith(".") and (method.paper or not method.targeted)
