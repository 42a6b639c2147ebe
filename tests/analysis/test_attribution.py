from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from av1core.analysis.attribution import grad_cam, layer_maps
from av1core.errors import RunError
from av1core.models.stage import to_input
from av1core.runs.checkpoint import load_best
from av1core.runs.folder import RunFolder
from tests.models.trained import adapted


@pytest.fixture
def model(trained):
    return load_best(RunFolder(trained.runs_dir / trained.stage2))


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(0).integers(0, 1024, (4, 16, 16)).astype(np.uint16)


def test_only_layers_with_a_map_have_a_where(model, pixels):
    sizes = {entry.layer: (entry.height, entry.width, entry.spatial) for entry in layer_maps(model, 16)}
    assert sizes["layer1"] == (4, 4, True) and sizes["layer3"] == (1, 1, False)
    assert grad_cam(model, pixels, 1, "layer1").shape == (4, 4, 4)
    with pytest.raises(RunError, match="1×1"):
        grad_cam(model, pixels, 1, "layer4")
    with pytest.raises(RunError, match="layer9"):
        grad_cam(model, pixels, 1, "layer9")


def by_hand(model, pixels, target, qindex=None):
    """Grad-CAM of layer1 is the channel sum of activation × mean gradient."""
    activations = []
    hook = model.backbone.layer1.register_forward_hook(lambda module, inputs, output: activations.append(output))
    logits = model(
        to_input(torch.from_numpy(pixels.astype(np.int32))).requires_grad_(),
        None if qindex is None else torch.from_numpy(qindex),
    )
    hook.remove()
    (gradient,) = torch.autograd.grad(logits[:, target].sum(), activations[0])
    return (activations[0] * gradient.mean((2, 3), keepdim=True)).sum(1).detach()


def as_before(model):
    """A check, to be called later, that the model's modes and tensors are as now and that it has no hooks."""
    modes = [module.training for module in model.modules()]
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    def check() -> None:
        assert [module.training for module in model.modules()] == modes
        assert all(torch.equal(tensor, state[name]) for name, tensor in model.state_dict().items())
        assert all(parameter.grad is None for parameter in model.parameters())
        assert not any(m._forward_hooks or m._backward_hooks or m._forward_pre_hooks for m in model.modules())

    return check


def test_equals_the_formula(model, pixels):
    np.testing.assert_allclose(grad_cam(model, pixels, 2, "layer1"), by_hand(model, pixels, 2), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("scale", [None, 16.0], ids=["linear", "cosine"])
def test_a_model_with_qindex_input_is_given_each_blocks_own(pixels, scale):
    model = adapted(qindex_input=True, cosine_scale=scale)
    qindex = np.array([0, 80, 172, 255], np.int16)
    expected = by_hand(model.eval(), pixels, 2, qindex)
    model.train()
    check = as_before(model)
    found = grad_cam(model, pixels, 2, "layer1", qindex)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-6)
    # A linear head adds its qindex to the logits, which leaves their gradients alone; a cosine head divides by it.
    other = grad_cam(model, pixels, 2, "layer1", qindex[::-1])
    assert np.allclose(found, other, rtol=1e-3, atol=1e-6) == (scale is None)
    with pytest.raises(RunError, match="qindex_input"):
        grad_cam(model, pixels, 2, "layer1")
    check()


def test_the_model_is_as_before_also_after_an_error(model, pixels):
    model.train()
    check = as_before(model)
    grad_cam(model, pixels, 0, "layer1")
    with pytest.raises(IndexError):
        grad_cam(model, pixels, 99, "layer1")
    check()


def test_many_threads_on_one_model_give_the_maps_of_one(model, pixels):
    expected = [grad_cam(model, pixels[i : i + 1], 0, "layer1") for i in range(4)]
    with ThreadPoolExecutor(8) as pool:
        maps = list(pool.map(lambda i: grad_cam(model, pixels[i : i + 1], 0, "layer1"), [0, 1, 2, 3] * 4))
    for place, found in enumerate(maps):
        np.testing.assert_allclose(found, expected[place % 4], rtol=1e-5, atol=1e-8)
