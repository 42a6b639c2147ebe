import pytest
import timm
import torch
from timm.layers import DropPath
from timm.models.resnet import BasicBlock, Bottleneck
from torch import nn

from av1core.errors import SpecError
from av1core.models.block_adapter import BlockAdapter, run_block
from tests.models.trained import BLOCK_SCHEMES, adapted, trained

BLOCKS = {
    "basic": BasicBlock(16, 16),
    "bottleneck": Bottleneck(16, 4),
    "strided basic": BasicBlock(8, 16, 2, nn.Conv2d(8, 16, 1, 2)),
    "strided bottleneck": Bottleneck(8, 4, 2, nn.Conv2d(8, 16, 1, 2)),
    "gates and groups": Bottleneck(
        16, 16, base_width=16, cardinality=2, attn_layer="se", downsample=nn.Conv2d(16, 64, 1)
    ),
    "anti-aliasing": Bottleneck(8, 4, 2, nn.Conv2d(8, 16, 1, 2), aa_layer=nn.AvgPool2d),
    "other activation": BasicBlock(16, 16, act_layer=nn.SiLU, drop_path=DropPath(0.5), drop_block=nn.Identity),
}


@pytest.mark.parametrize("kind", BLOCKS)
def test_a_block_run_by_hand_is_the_block_of_timm_bit_for_bit(kind):
    block = trained(BLOCKS[kind]).eval()
    x = torch.rand(2, block.conv1.in_channels, 4, 4)
    with torch.no_grad():
        assert torch.equal(run_block(block, x, lambda convolution, h: convolution(h)), block(x))


@pytest.mark.parametrize("kind", BLOCKS)
@pytest.mark.parametrize("scheme", BLOCK_SCHEMES)
def test_fits_every_kind_of_block(kind, scheme):
    block = trained(BLOCKS[kind]).eval()
    x = torch.rand(2, block.conv1.in_channels, 4, 4)
    with torch.no_grad():
        assert BlockAdapter(block, scheme, 2)(block, x).shape == block(x).shape


@pytest.mark.parametrize("scheme", BLOCK_SCHEMES)
@pytest.mark.parametrize("name", ["resnet18", "resnet26d"])
def test_without_an_upward_path_the_adapted_model_is_the_plain_one_of_timm_bit_for_bit(scheme, name):
    model = adapted(scheme, name, layers=("layer1", "layer2", "layer3", "layer4"), gates=False).eval()
    for adapter in model.adapters.modules():
        if isinstance(adapter, BlockAdapter):
            nn.init.zeros_(adapter.up.weight)
    net = timm.create_model(name, in_chans=1, num_classes=0).eval()
    net.load_state_dict(model.backbone.state_dict())
    x = torch.rand(3, 1, 32, 32)
    with torch.no_grad():
        plain = net.forward_features(x).mean((2, 3))
        assert torch.equal(model.backbone(x, model.adapters), plain)
        nn.init.ones_(model.adapters["layer2"][0].up.weight)
        assert not torch.equal(model.backbone(x, model.adapters), plain)


@pytest.mark.parametrize("scheme", BLOCK_SCHEMES)
@pytest.mark.parametrize("kind", ["strided basic", "strided bottleneck"])
def test_modulates_what_the_scheme_says(scheme, kind):
    """With up(f(down(z))) known, h moves by α times it, at the place of the scheme and from its z."""
    block = trained(BLOCKS[kind]).eval()
    adapter = trained(BlockAdapter(block, scheme, 4))
    nn.init.constant_(adapter.alpha, 0.5)
    nn.init.normal_(adapter.up.weight)
    x = torch.rand(2, block.conv1.in_channels, 8, 8)
    seen = {}

    def remember(module, inputs, output):
        seen["z"], seen["h"] = inputs[0], output

    convolution = block.conv1 if kind == "strided basic" else block.conv2
    with torch.no_grad():
        place = convolution if scheme.startswith("conv") else block
        hook = place.register_forward_hook(remember)
        block(x)
        hook.remove()
        z = seen["z"] if scheme.endswith("parallel") else seen["h"]
        expected = seen["h"] + 0.5 * adapter.up(torch.relu(adapter.down(z)))
        if scheme.startswith("conv"):
            expected = run_block(block, x, lambda _convolution, _h: expected)
        torch.testing.assert_close(adapter(block, x), expected)


@pytest.mark.parametrize("reduction", [2, 4])
def test_parameter_count_beside_the_convolutions_of_resnet18(reduction):
    def hand_count(c_in: int, c_out: int) -> int:
        return 9 * c_in + c_in // reduction * c_out + c_out

    blocks = [(128, 256), (256, 256), (256, 512), (512, 512)]
    adapters = adapted("conv_parallel", "resnet18", reduction=reduction).adapters
    assert sum(p.numel() for p in adapters.parameters()) == sum(hand_count(*block) for block in blocks)


def test_the_bottleneck_has_the_papers_shapes():
    adapter = BlockAdapter(BasicBlock(128, 256, 2), "conv_parallel", 4)
    assert adapter.down.weight.shape == (32, 4, 3, 3) and adapter.down.stride == (2, 2)
    assert adapter.up.weight.shape == (256, 32, 1, 1)
    assert adapter.alpha.flatten().tolist() == [1.0] * 256


def test_a_reduction_that_does_not_divide_the_channels_is_an_error():
    with pytest.raises(SpecError, match=r"adapter\.reduction: γ=3 does not divide 128"):
        BlockAdapter(BasicBlock(128, 256, 2), "conv_parallel", 3)


def test_an_unknown_kind_of_block_is_an_error():
    with pytest.raises(SpecError, match=r"adapter\.scheme: .*Identity"):
        BlockAdapter(nn.Identity(), "residual_parallel", 4)
