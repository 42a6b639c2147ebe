import pytest
import torch
from torch import Tensor

from av1core.models.backbone import Backbone
from av1core.models.fast_forms import to_fast
from av1core.models.rows import FrozenRows, serves
from tests.models.trained import adapted

NETS = [("resnet10t", 16, ("layer4",)), ("resnet18", 16, ("layer4",)), ("resnet26d", 16, ("layer4",))]
NETS += [("resnet18d", 8, ("layer3", "layer4"))]
every_net = pytest.mark.parametrize(("name", "size", "layers"), NETS)


def fast_backbone(name: str, size: int = 16, gates: bool = True) -> Backbone:
    return to_fast(adapted("none", name, gates=gates).double(), size).backbone.eval()


def rows_of(channels: int, count: int = 9) -> Tensor:
    """What a ReLU leaves, so that some channels share a value."""
    return torch.randn(count, channels, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).relu()


def with_gradient(function, x: Tensor) -> tuple[Tensor, Tensor]:
    x = x.clone().requires_grad_()
    output = function(x)
    weights = torch.randn(output.shape, dtype=output.dtype, generator=torch.Generator().manual_seed(1))
    (output * weights).sum().backward()
    return output.detach(), x.grad


@every_net
@pytest.mark.parametrize("gates", [True, False], ids=["gates", "no gates"])
def test_layers_and_attention_and_their_gradients_are_those_of_the_backbone(name, size, layers, gates):
    backbone = fast_backbone(name, size, gates)
    rows = FrozenRows(backbone, layers, torch.float64)

    def by_rows(x: Tensor) -> Tensor:
        for layer in layers:
            x = rows.run(x, layer)
        return rows.attend(x)

    def by_maps(x: Tensor) -> Tensor:
        return backbone.pool(backbone.run(x[:, :, None, None], layers))

    x = rows_of({"layer4": backbone.channels["layer3"], "layer3": backbone.channels["layer2"]}[layers[0]])
    torch.testing.assert_close(with_gradient(by_rows, x), with_gradient(by_maps, x), rtol=1e-10, atol=1e-12)


def test_channels_that_share_the_maximum_share_its_gradient():
    backbone = fast_backbone("resnet10t")
    rows = FrozenRows(backbone, (), torch.float64)
    x = rows_of(backbone.features)
    x[0], x[1, :2], x[2] = 0, 9, 1
    plain = with_gradient(lambda rows: backbone.pool(rows[:, :, None, None]), x)
    torch.testing.assert_close(with_gradient(rows.attend, x), plain, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("count", [17, 56, 64])
@pytest.mark.parametrize("name", ["resnet10t", "resnet26d"])
def test_a_row_and_its_gradient_are_the_same_to_the_last_bit_among_any_others(name, count):
    backbone = fast_backbone(name).float()
    rows = FrozenRows(backbone, ("layer4",), torch.float32)
    x = rows_of(backbone.channels["layer3"], 5 * count).float()
    weights = torch.randn(5 * count, backbone.features, generator=torch.Generator().manual_seed(1))

    def run(x: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        x = x.clone().requires_grad_()
        output = rows.attend(rows.run(x, "layer4"))
        (output * weights).sum().backward()
        return output.detach(), x.grad

    whole = run(x, weights)
    parts = [run(*part) for part in zip(x.split(count), weights.split(count), strict=True)]
    assert all(
        torch.equal(torch.cat(of_parts), all_) for of_parts, all_ in zip(zip(*parts, strict=True), whole, strict=True)
    )


def test_in_bfloat16_the_numbers_have_about_three_digits():
    backbone = fast_backbone("resnet10t").float()
    x = rows_of(backbone.channels["layer3"]).float()
    found = {}
    for dtype in (torch.float32, torch.bfloat16):
        rows = FrozenRows(backbone, ("layer4",), dtype)
        output = rows.attend(rows.run(x.to(dtype), "layer4"))
        assert output.dtype == dtype
        found[dtype] = output.float()
    error = (found[torch.bfloat16] - found[torch.float32]).norm() / found[torch.float32].norm()
    assert 0 < error < 0.02


@every_net
def test_serves_frozen_residual_layers_behind_1x1_maps(name, size, layers):
    before = {"layer4": "layer3", "layer3": "layer2"}[layers[0]]
    assert serves(fast_backbone(name, size), before, layers)
    assert serves(fast_backbone(name, size), "layer4", ())


def test_does_not_serve_larger_maps_or_plain_or_trainable_layers():
    backbone = fast_backbone("resnet10t")
    assert not serves(backbone, "layer2", ("layer3", "layer4"))
    assert not serves(backbone, "stem", ("layer1", "layer2", "layer3", "layer4"))
    assert not serves(to_fast(adapted("none", stem="keep"), 16).backbone, "layer3", ("layer4",))
    assert not serves(adapted("none").backbone, "layer3", ("layer4",))
    assert not serves(to_fast(adapted("none", unfrozen=("layer4",)), 16).backbone, "layer3", ("layer4",))
    assert not serves(to_fast(adapted("none", batchnorm="train"), 16).backbone, "layer3", ("layer4",))


@pytest.mark.parametrize("name", ["seresnet18", "ecaresnet26t", "resnext50_32x4d", "skresnet18", "resnet50_gn"])
def test_does_not_serve_blocks_that_do_more_than_it_writes_out(name):
    assert not serves(fast_backbone(name), "layer3", ("layer4",))


def test_does_not_serve_blocks_of_another_kind():
    assert not serves(fast_backbone("res2net50_48w_2s"), "layer3", ("layer4",))
