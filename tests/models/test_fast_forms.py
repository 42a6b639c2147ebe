import copy

import pytest
import torch
from torch import Tensor, nn

from av1core.models.backbone import PARTS
from av1core.models.fast_forms import FoldedBatchNorm2d, FoldedConv2d, RowBatchNorm2d, to_fast, to_inference, to_plain
from av1core.models.small_maps import MatrixConv2d
from av1core.models.stage import StageModel
from tests.models.trained import adapted, trained

KINDS = {
    "stage 1": {"scheme": "none", "unfrozen": PARTS},
    "thesis": {"scheme": "thesis"},
    "thesis, BatchNorm in train mode": {"scheme": "thesis", "batchnorm": "train"},
    "conv_parallel": {"scheme": "conv_parallel", "layers": ("layer2", "layer3", "layer4")},
    "conv_sequential, layer3 unfrozen": {"scheme": "conv_sequential", "unfrozen": ("layer3",)},
    "residual_parallel, stem unfrozen": {"scheme": "residual_parallel", "unfrozen": ("stem",)},
    "residual_sequential, layer4 unfrozen": {"scheme": "residual_sequential", "unfrozen": ("layer4",)},
    "none": {"scheme": "none"},
}
FAST = (MatrixConv2d, FoldedConv2d, RowBatchNorm2d, FoldedBatchNorm2d)

CASES = [("resnet10t", stem, kind) for stem in ("imagenet", "keep") for kind in KINDS]
CASES += [("resnet26d", "imagenet", kind) for kind in ("stage 1", "thesis", "residual_sequential, layer4 unfrozen")]
CASES += [("resnet18", "imagenet", kind) for kind in ("stage 1", "thesis")]
CASES += [("resnet18d", "imagenet", kind) for kind in ("thesis, BatchNorm in train mode", "conv_parallel")]
every_case = pytest.mark.parametrize(("name", "stem", "kind"), CASES)
every_kind = pytest.mark.parametrize("kind", KINDS)


def made(kind: str, name: str = "resnet10t", stem: str = "imagenet") -> StageModel:
    """A float64 model whose adapters and head are as trained too."""
    model = adapted(name=name, stem=stem, dropout=0.2, qindex_input=True, **KINDS[kind])
    for parameter in trained(model.adapters).parameters():
        if parameter.ndim > 1:
            nn.init.normal_(parameter, std=0.1, generator=torch.Generator().manual_seed(4))
    model.dropout.generator = torch.Generator().manual_seed(5)
    return model.double()


def twin(model: StageModel) -> StageModel:
    """A copy in the fast form."""
    fast = copy.deepcopy(model)
    fast.dropout.generator = torch.Generator().manual_seed(5)
    return to_fast(fast, 16)


def blocks(count: int = 7) -> tuple[Tensor, Tensor]:
    x = torch.rand(count, 1, 16, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    return x, torch.arange(count) * 20


def step(model: StageModel) -> Tensor:
    """One step along the gradient in train mode, which shows it in the state; returns the logits."""
    model.train()
    optimiser = torch.optim.SGD([p for group in model.trainable().values() for p in group], lr=0.1)
    logits = model(*blocks())
    logits.square().mean().backward()
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    return logits.detach()


@torch.no_grad()
def evaluated(model: StageModel) -> Tensor:
    return model.eval()(*blocks())


def close(ours, theirs) -> None:
    torch.testing.assert_close(ours, theirs, rtol=1e-8, atol=1e-10)


def same(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> bool:
    return list(ours) == list(theirs) and all(torch.equal(ours[name], theirs[name]) for name in theirs)


def state(model: StageModel) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def trainable_names(model: StageModel) -> list[str]:
    return [name for name, parameter in model.named_parameters() if parameter.requires_grad]


@every_case
def test_outputs_gradients_and_statistics_are_those_of_the_plain_model(name, stem, kind):
    plain = made(kind, name, stem)
    fast, before = twin(plain), state(plain)
    assert any(isinstance(module, FAST) for module in fast.modules())
    close(evaluated(fast), evaluated(plain))
    close(step(fast), step(plain))
    ours, theirs = state(fast), state(plain)
    for tensor, was in before.items():
        moved = (theirs[tensor] - was).abs().max()
        assert (ours[tensor] - theirs[tensor]).abs().max() <= 1e-6 * moved, tensor
    assert all(not torch.equal(theirs[tensor], before[tensor]) for tensor in trainable_names(plain))
    close(evaluated(fast), evaluated(plain))


@every_kind
def test_names_shapes_and_values_are_those_of_the_plain_model(kind):
    plain = made(kind)
    fast = twin(plain)
    assert same(fast.state_dict(), plain.state_dict()) and same(fast.own_state(), plain.own_state())
    assert trainable_names(fast) == trainable_names(plain)
    assert list(fast.trainable()) == list(plain.trainable())


@every_kind
def test_checkpoints_of_both_forms_load_into_each_other(kind):
    """What a run made does: the frozen weights, which may have been folded in, are the same."""
    plain = made(kind)
    fast, other = twin(plain), twin(plain)
    step(fast)
    moved = state(fast)
    plain.load_state_dict(moved)
    other.load_state_dict(moved)
    assert same(plain.state_dict(), moved) and same(other.state_dict(), moved)
    assert torch.equal(evaluated(other), evaluated(fast))
    close(evaluated(plain), evaluated(fast))


@every_kind
def test_taking_it_back_leaves_a_plain_model_with_the_weights_as_they_are_now(kind):
    plain = made(kind)
    fast = twin(plain)
    close(step(fast), step(plain))
    moved = state(fast)
    assert to_plain(fast) is fast
    assert [type(module) for module in fast.modules()] == [type(module) for module in plain.modules()]
    assert [name for name, _ in fast.named_buffers()] == [name for name, _ in plain.named_buffers()]
    assert trainable_names(fast) == trainable_names(plain)
    assert same(fast.state_dict(), moved)
    assert all(tensor.is_contiguous() for tensor in fast.state_dict().values())
    close(evaluated(fast), evaluated(plain))
    close(evaluated(to_fast(fast, 16)), evaluated(plain))


@every_case
def test_the_form_for_inference_has_the_same_outputs_and_nothing_to_train(name, stem, kind):
    model = made(kind, name, stem)
    fast = to_inference(copy.deepcopy(model), 16)
    x, qindex = blocks()
    inputs = [x.clone().requires_grad_() for _ in range(2)]
    logits = [form(each, qindex) for form, each in zip((model.eval(), fast), inputs, strict=True)]
    torch.testing.assert_close(logits[1], logits[0])
    gradients = [torch.autograd.grad(of.square().sum(), each)[0] for of, each in zip(logits, inputs, strict=True)]
    torch.testing.assert_close(gradients[1], gradients[0])
    assert not fast.training and not any(parameter.requires_grad for parameter in fast.parameters())
    # Every BatchNorm directly after a convolution is folded, those of parts that trained and of train mode too.
    conv_scheme = kind.startswith("conv_")
    left = [module for module in fast.backbone.modules() if type(module) is RowBatchNorm2d]
    assert conv_scheme or not left


@every_kind
def test_the_fast_form_of_a_fast_model_is_itself(kind):
    fast = twin(made(kind))
    types, expected = [type(module) for module in fast.modules()], evaluated(fast)
    to_fast(fast, 16)
    assert [type(module) for module in fast.modules()] == types
    assert torch.equal(evaluated(fast), expected)


def folded_norms(kind: str) -> list[str]:
    fast = twin(made(kind))
    return [name for name, module in fast.named_modules() if isinstance(module, FoldedBatchNorm2d)]


def test_only_the_norms_of_frozen_parts_in_eval_mode_are_folded():
    norms = [name for name, module in made("none").named_modules() if type(module) is nn.BatchNorm2d]
    assert folded_norms("none") == folded_norms("thesis") == [n for n in norms if n.startswith("backbone.")]
    assert folded_norms("stage 1") == folded_norms("thesis, BatchNorm in train mode") == []
    trains = folded_norms("residual_sequential, layer4 unfrozen")
    assert trains == [name for name in folded_norms("none") if ".layer4." not in name]
    # There the adapter adds to what BatchNorm is given.
    adapted_inside = folded_norms("conv_parallel")
    assert adapted_inside == [n for n in norms if n.startswith(("backbone.conv1.", "backbone.bn1", "backbone.layer1."))]


@pytest.mark.parametrize("size", [8, 32])
def test_it_is_made_for_blocks_of_any_one_size(size):
    plain = made("thesis").eval()
    fast = to_fast(copy.deepcopy(plain), size)
    x = torch.rand(3, 1, size, size, dtype=torch.float64)
    with torch.no_grad():
        close(fast(x, torch.zeros(3)), plain(x, torch.zeros(3)))


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("shape", [(6, 5, 1, 1), (6, 5, 2, 2), (6, 5, 3, 4)], ids=str)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last], ids=["contiguous", "channels last"])
def test_batch_norm_by_rows_is_batch_norm(training, shape, layout):
    plain = trained(nn.BatchNorm2d(5)).double().train(training)
    rows = copy.deepcopy(plain)
    rows.__class__ = RowBatchNorm2d
    generator = torch.Generator().manual_seed(1)
    x, weights = (torch.randn(shape, dtype=torch.float64, generator=generator) for _ in range(2))
    found = []
    for norm in (rows, plain):
        given = x.clone(memory_format=layout).requires_grad_()
        output = norm(given)
        # A ReLU that works in place may follow.
        (output.relu_() * weights).sum().backward()
        found.append([output.detach(), given.grad, norm.weight.grad, norm.bias.grad, *norm.buffers()])
    torch.testing.assert_close(*found, rtol=1e-11, atol=1e-12)
