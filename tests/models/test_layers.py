import pytest
import torch

from av1core.models.fast_forms import to_inference
from av1core.models.geometry import geometry
from av1core.models.layers import model_layers
from tests.models.trained import adapted


@pytest.mark.parametrize("stem", ["imagenet", "keep"])
@pytest.mark.parametrize("size", [16, 32])
def test_layers_are_as_large_as_the_geometry_says(stem, size):
    model = adapted(stem=stem)
    layers = model_layers(model, size)
    sizes = {layer.name: (layer.height, layer.width, layer.spatial) for layer in layers}
    for part in geometry(model, size):
        assert sizes.pop(part.layer) == (part.height, part.width, part.spatial)
    assert list(sizes) == ["layer3 adapter", "layer4 adapter"]
    assert [layer.name for layer in layers].index("layer3 adapter") == 1 + [x.name for x in layers].index("layer3")


@pytest.mark.parametrize("scheme", ["thesis", "conv_parallel"])
def test_a_layers_module_puts_out_its_map_in_either_form(scheme):
    for model in (adapted(scheme, gates=False), to_inference(adapted(scheme, qindex_input=True), 16)):
        model.eval()
        for layer in model_layers(model, 16):
            found = []
            hook = model.get_submodule(layer.module).register_forward_hook(lambda *of, found=found: found.append(of[2]))
            model(torch.rand(2, 1, 16, 16), torch.zeros(2))
            hook.remove()
            assert [tuple(each.shape) for each in found] == [(2, layer.channels, layer.height, layer.width)]
        names = [layer.name for layer in model_layers(model, 16)]
        # Adapters inside residual blocks have no map of their own.
        assert ("layer3 adapter" in names) == (scheme == "thesis")
