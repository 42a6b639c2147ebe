import copy

import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from av1core.models.fast_forms import to_fast, to_plain
from av1core.models.initialise import initialise
from av1core.models.side_by_side import SideBySide, Single, can_stand_side_by_side
from av1core.models.stage import StageModel
from tests.models.trained import adapted, trained

OPTIONS = {
    "thesis": {},
    "without dropout": {"dropout": 0.0},
    "layer3 only": {"layers": ("layer3",)},
    "layer4 only": {"layers": ("layer4",)},
    "cosine head": {"cosine_scale": 16.0},
    "qindex": {"qindex_input": True},
    "cosine head and qindex": {"cosine_scale": 16.0, "qindex_input": True},
    "head only": {"scheme": "none"},
    "bottlenecks": {"name": "resnet26d", "reduction": 8},
    "without gates": {"gates": False},
}
every_option = pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
RUNS = 4
RATES = torch.logspace(-4, -1.5, RUNS).tolist()

Network = SideBySide | Single


def made(seed: int, options: dict) -> StageModel:
    """In the fast form, with the backbone that all have and a seed's adapters and head."""
    model = adapted(**{"dropout": 0.2} | options)
    for parameter in trained(model.adapters, seed).parameters():
        if parameter.ndim > 1:
            nn.init.normal_(parameter, std=0.1, generator=torch.Generator().manual_seed(seed))
    initialise(model.head, torch.Generator().manual_seed(seed))
    model.dropout.generator = torch.Generator().manual_seed(seed)
    return to_fast(model, 16)


def models(options: dict, count: int = RUNS) -> list[StageModel]:
    return [made(seed, options) for seed in range(count)]


class Lesson:
    """The same features, labels and qindex for a seed's model each time that it is taught."""

    def __init__(self, options: dict, blocks: int):
        generator, model = torch.Generator().manual_seed(7), made(0, options)
        # As a ReLU leaves them, and as different between blocks as those of a trained backbone.
        shape = (RUNS, blocks, model.backbone.channels[model.fixed[-1]], 1, 1)
        self.features = torch.randn(shape, generator=generator).relu()
        self.labels = torch.randint(3, (RUNS, blocks), generator=generator)
        self.qindex = torch.randint(256, (RUNS, blocks), generator=generator)

    def teach(self, network: Network, seeds: slice, optimisers: list[torch.optim.Optimizer], steps: int = 4) -> Tensor:
        """The logits of each step, and in eval mode after the last: (steps + 1, S, N, classes)."""
        features, labels, qindex = self.features[seeds], self.labels[seeds], self.qindex[seeds]
        found = []
        network.train(True)
        for _ in range(steps):
            logits = network.finish(features, qindex)
            losses = nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none")
            network.clear_gradients()
            losses.view(len(labels), -1).mean(1).sum().backward()
            network.hand_out_gradients()
            for optimiser in optimisers:
                optimiser.step()
            found.append(logits.detach())
        network.train(False)
        with torch.no_grad():
            found.append(network.finish(features, qindex))
        return torch.stack(found)


def parameters(model: StageModel) -> list[nn.Parameter]:
    return [parameter for group in model.trainable().values() for parameter in group]


def adamw(model: StageModel, seed: int) -> torch.optim.Optimizer:
    return torch.optim.AdamW(parameters(model), lr=RATES[seed], fused=True)


def same(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> bool:
    return list(ours) == list(theirs) and all(torch.equal(ours[name], theirs[name]) for name in theirs)


@pytest.mark.parametrize(
    ("name", "blocks"), [(name, 64 if name == "bottlenecks" else 32) for name in OPTIONS] + [("thesis", 128)]
)
def test_models_together_are_to_the_last_bit_what_each_is_alone(name, blocks):
    options = OPTIONS[name]
    lesson, together = Lesson(options, blocks), models(options)
    every = [adamw(model, seed) for seed, model in enumerate(together)]
    logits = lesson.teach(SideBySide(together), slice(None), every)
    assert logits.isfinite().all() and not torch.equal(logits[0], logits[3])
    for seed, model in enumerate(together):
        alone = made(seed, options)
        own = lesson.teach(SideBySide([alone]), slice(seed, seed + 1), [adamw(alone, seed)])
        assert torch.equal(own[:, 0], logits[:, seed])
        assert same(alone.state_dict(), model.state_dict())


@every_option
def test_logits_gradients_and_statistics_are_those_of_the_stage_model(options):
    lesson, found = Lesson(options, 64), []
    for network in (SideBySide, lambda models: Single(*models)):
        model = made(2, options)
        logits = lesson.teach(network([model]), slice(2, 3), [], steps=1)
        gradients = {name: parameter.grad for name, parameter in model.named_parameters() if parameter.requires_grad}
        assert all(gradient.any() for gradient in gradients.values())
        found.append((logits, gradients | {name: tensor.double() for name, tensor in model.named_buffers()}))
    (ours, our_numbers), (theirs, numbers) = found
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)
    for name, expected in numbers.items():
        assert (our_numbers[name] - expected).norm() <= 1e-4 * expected.norm() + 1e-7, name


@pytest.mark.parametrize("name", ["thesis", "cosine head and qindex", "head only"])
def test_in_bfloat16_the_logits_are_about_the_same(name):
    options = OPTIONS[name]
    lesson = Lesson(options, 64)
    found = []
    for dtype in (torch.float32, torch.bfloat16):
        network = SideBySide(models(options), dtype)
        optimisers = [adamw(model, 0) for model in network.models]
        found.append(lesson.teach(network, slice(None), optimisers, steps=2))
        assert found[-1].dtype == torch.float32
        assert all(tensor.dtype in (torch.float32, torch.int64) for tensor in network.models[0].state_dict().values())
    error = (found[1] - found[0]).norm() / found[0].norm()
    assert 0 < error < 0.03


def test_standing_anew_between_steps_changes_nothing():
    lesson, (once, twice) = Lesson({}, 32), (models({}), models({}))
    logits = lesson.teach(SideBySide(once), slice(None), [adamw(model, seed) for seed, model in enumerate(once)])
    optimisers = [adamw(model, seed) for seed, model in enumerate(twice)]
    lesson.teach(SideBySide(twice), slice(None), optimisers, steps=2)
    again = lesson.teach(SideBySide(twice), slice(None), optimisers, steps=2)
    assert torch.equal(again[-1], logits[-1])
    assert all(same(a.state_dict(), b.state_dict()) for a, b in zip(once, twice, strict=True))


def test_the_states_are_those_of_ordinary_models_and_independent():
    lesson, together = Lesson({}, 32), models({})
    lesson.teach(SideBySide(together), slice(None), [adamw(model, seed) for seed, model in enumerate(together)])
    expected = {name: tensor.shape for name, tensor in adapted().state_dict().items()}
    for model in together:
        assert {name: tensor.shape for name, tensor in model.state_dict().items()} == expected
        state, saved = model.own_state(), load(save(model.own_state()))
        assert same({name: saved[name] for name in state}, state)
    first, second = together[:2]
    before, other = first.own_state(), second.own_state()
    assert not same(before, other)
    with torch.no_grad():
        for name, tensor in second.named_parameters():
            if not name.startswith("backbone."):
                tensor.add_(1)
        second.adapters["layer3"].bn.running_mean.add_(1)
    lesson.teach(SideBySide([second]), slice(1, 2), [adamw(second, 1)])
    assert same(first.own_state(), before) and not same(second.own_state(), other)
    # The plain model has the state, too.
    plain = adapted().eval()
    plain.load_state_dict(to_plain(copy.deepcopy(first)).state_dict())
    x = torch.rand(32, 1, 16, 16)
    with torch.no_grad():
        torch.testing.assert_close(plain(x), first.eval()(x), rtol=1e-5, atol=1e-5)


def test_only_models_that_it_can_compute_may_stand_side_by_side():
    assert all(can_stand_side_by_side(made(0, options)) for options in OPTIONS.values())
    assert not can_stand_side_by_side(adapted())
    for options in (
        {"stem": "keep"},
        {"batchnorm": "train"},
        {"unfrozen": ("layer4",)},
        {"scheme": "none", "unfrozen": ("layer4",)},
        {"layers": ("layer2", "layer3")},
        {"scheme": "conv_parallel"},
        {"scheme": "residual_sequential", "layers": ("layer4",)},
        {"name": "resnet50_gn"},
        {"name": "res2net50_48w_2s"},
    ):
        assert not can_stand_side_by_side(to_fast(adapted(**options), 16)), options
