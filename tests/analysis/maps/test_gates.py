import numpy as np
import pytest
import torch
import torch.nn.functional as F

from av1core.analysis.maps.gates import gates
from av1core.errors import RunError
from av1core.models.backbone import LAYERS
from av1core.models.fast_forms import to_inference
from av1core.models.stage import to_input
from tests.models.trained import adapted


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(0).integers(0, 1024, (3, 16, 16)).astype(np.uint16)


def into(model, module, pixels) -> torch.Tensor:
    """What the module is given."""
    given = []
    hook = module.register_forward_pre_hook(lambda _module, inputs: given.append(inputs[0]))
    with torch.no_grad():
        model.eval()(to_input(torch.from_numpy(pixels.astype(np.int32))))
    hook.remove()
    return given[0]


@pytest.mark.parametrize("layer", LAYERS)
def test_channel_gates_are_those_of_the_paper(pixels, layer):
    model = adapted()
    se = model.backbone.se[layer]
    x = into(model, se, pixels).double().mean((2, 3))
    for fc in (se.fc1, se.fc2):
        x = x @ fc.weight[:, :, 0, 0].double().T + fc.bias.double()
        x = x.relu() if fc is se.fc1 else 1 / (1 + (-x).exp())
    found = gates(model, pixels).channels[layer]
    np.testing.assert_allclose(found, x.detach().numpy(), atol=1e-5)
    assert found.dtype == np.float32 and found.shape == (3, model.backbone.channels[layer])


@pytest.mark.parametrize(("stem", "side"), [("imagenet", 1), ("keep", 2)])
def test_spatial_attention_is_that_of_the_paper(pixels, stem, side):
    model = adapted(stem=stem)
    attention = model.backbone.attention
    x = into(model, attention, pixels)
    conv, bn = attention.conv.conv, attention.conv.bn
    x = F.conv2d(torch.stack([x.mean(1), x.max(1).values], 1), conv.weight, padding=3)[:, 0]
    x = ((x - bn.running_mean) / (bn.running_var + bn.eps).sqrt() * bn.weight + bn.bias).sigmoid()
    found = gates(model, pixels)
    np.testing.assert_allclose(found.attention, x.detach().numpy(), atol=1e-5)
    assert found.attention.shape == (3, side, side) and found.spatial == (side > 1)


def test_the_form_for_inference_has_the_same_gates(pixels):
    plain = gates(adapted(), pixels)
    fast = gates(to_inference(adapted(), 16), pixels)
    assert list(plain.channels) == list(fast.channels) == list(LAYERS)
    for layer in LAYERS:
        np.testing.assert_allclose(plain.channels[layer], fast.channels[layer], atol=1e-5)
    np.testing.assert_allclose(plain.attention, fast.attention, atol=1e-5)


def test_many_blocks_have_the_gates_that_each_has_alone(pixels, monkeypatch):
    monkeypatch.setattr("av1core.analysis.maps.gates._AT_ONCE", 2)
    model = adapted(qindex_input=True)
    qindex = np.array([10, 100, 200])
    together = gates(model, pixels, qindex)
    for place in range(3):
        alone = gates(model, pixels[[place]], qindex[[place]])
        np.testing.assert_allclose(together.channels["layer2"][place], alone.channels["layer2"][0], atol=1e-5)
        np.testing.assert_allclose(together.attention[place], alone.attention[0], atol=1e-5)


def test_a_backbone_without_gates_has_none(pixels):
    found = gates(adapted(gates=False), pixels)
    assert found.channels == {} and found.attention is None and not found.spatial


def test_the_model_is_left_as_it_was_also_after_an_error(pixels):
    model = adapted(qindex_input=True).train()
    modes = [module.training for module in model.modules()]
    gates(model, pixels, np.zeros(3, int))
    with pytest.raises(RunError, match="qindex"):
        gates(model, pixels)
    assert [module.training for module in model.modules()] == modes
    assert not any(module._forward_hooks for module in model.modules())
