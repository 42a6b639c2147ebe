import pytest
import torch

from av1core.errors import RunError
from av1core.models.backbone import PARTS, Backbone
from av1core.models.heads import CosineHead
from av1core.models.initialise import initialise
from av1core.models.stage import StageModel, to_input
from tests.models.trained import BLOCK_SCHEMES, SCHEMES, adapted


def steps(model: StageModel, count: int = 2, qindex: torch.Tensor | None = None) -> None:
    optimiser = torch.optim.AdamW([p for group in model.trainable().values() for p in group], lr=0.1)
    for _ in range(count):
        model.train()  # as a training loop does each epoch
        model(torch.rand(8, 1, 16, 16), qindex).square().mean().backward()
        optimiser.step()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("batchnorm", ["train", "eval"])
def test_only_train_mode_moves_running_statistics_and_no_mode_moves_frozen_weights(scheme, batchnorm):
    model = adapted(scheme, batchnorm=batchnorm)
    frozen = {name: p.clone() for name, p in model.named_parameters() if not p.requires_grad}
    buffers = {name: b.clone() for name, b in model.backbone.named_buffers()}
    steps(model)
    assert all(torch.equal(p, frozen[name]) for name, p in model.named_parameters() if name in frozen)
    unmoved = [torch.equal(b, buffers[name]) for name, b in model.backbone.named_buffers()]
    assert all(unmoved) if batchnorm == "eval" else not any(unmoved)


@pytest.mark.parametrize("batchnorm", ["train", "eval"])
def test_mode_of_the_frozen_backbone(batchnorm):
    model = adapted(batchnorm=batchnorm)
    for _ in range(2):
        model.train()
        assert model.backbone.bn1.training == (batchnorm == "train")
        assert model.adapters["layer3"].bn.training and model.dropout.training
        model.eval()
        assert not any(module.training for module in model.modules())


def test_an_unfrozen_part_trains_and_the_rest_stays():
    model = adapted(unfrozen=("stem", "layer4"))
    before = {name: tensor.clone() for name, tensor in model.backbone.state_dict().items()}
    steps(model)
    moved = {name for name, tensor in model.backbone.state_dict().items() if not torch.equal(tensor, before[name])}
    assert moved == {
        name for name in before if name.startswith(("conv1.", "bn1.", "layer4.", "se.layer4.", "attention."))
    }


def test_the_parts_make_up_the_backbone():
    backbone = Backbone("resnet10t")
    parameters = [id(p) for part in PARTS for p in backbone.part(part).parameters()]
    assert len(parameters) == len(set(parameters))
    assert set(parameters) == {id(p) for p in backbone.parameters()}


def test_groups_of_trainable_parameters():
    assert list(adapted(unfrozen=("layer1",)).trainable()) == ["backbone", "adapter", "head"]
    assert list(adapted("none").trainable()) == ["head"]
    stage1 = StageModel(Backbone("resnet10t"), 2)
    assert list(stage1.trainable()) == ["backbone", "head"]
    assert all(p.requires_grad for p in stage1.parameters())


def test_every_parameter_of_stage1_gets_a_gradient():
    model = StageModel(Backbone("resnet10t"), 2)
    initialise(model, torch.Generator().manual_seed(0))
    model(torch.rand(8, 1, 16, 16)).square().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


UP_TO = {None: (), "stem": PARTS[:1], "layer2": PARTS[:3], "layer3": PARTS[:4], "layer4": PARTS}
FIXED = [
    ({"scheme": "thesis"}, "layer3"),
    ({"scheme": "thesis", "layers": ("layer2", "layer4")}, "layer2"),
    ({"scheme": "thesis", "layers": ("layer4",)}, "layer4"),
    ({"scheme": "thesis", "batchnorm": "train"}, None),
    ({"scheme": "thesis", "unfrozen": ("layer4",)}, "layer3"),
    ({"scheme": "thesis", "unfrozen": ("layer3",)}, "layer2"),
    ({"scheme": "thesis", "unfrozen": ("stem",)}, None),
    ({"scheme": "none"}, "layer4"),
    ({"scheme": "none", "batchnorm": "train"}, None),
    ({"scheme": "none", "unfrozen": ("layer1", "layer4")}, "stem"),
    ({"scheme": "none", "unfrozen": PARTS}, None),
    *(({"scheme": scheme}, "layer2") for scheme in BLOCK_SCHEMES),
]


@pytest.mark.parametrize(("options", "last"), FIXED, ids=str)
def test_fixed_are_the_parts_before_all_that_trains(options, last):
    assert adapted(**options).fixed == UP_TO[last]


@pytest.mark.parametrize(("options", "last"), FIXED, ids=str)
def test_what_features_gives_stays_the_same_while_the_model_trains_and_finish_makes_the_logits_of_it(options, last):
    model, x, qindex = adapted(**options, qindex_input=True), torch.rand(8, 1, 16, 16), torch.arange(8)
    with torch.no_grad():
        features = model.features(x)
    assert torch.equal(features, x) == (last is None)
    steps(model, qindex=qindex)
    with torch.no_grad():
        assert torch.equal(model.features(x), features)
        model.eval()
        assert torch.equal(model.features(x), features)
        assert torch.equal(model.finish(features, qindex), model(x, qindex))


@pytest.mark.parametrize("unfrozen", [(), ("layer3",)])
def test_own_state_and_the_frozen_weights_make_the_whole(unfrozen):
    model = adapted(unfrozen=unfrozen)
    own = model.own_state()
    frozen = {name for name, p in model.named_parameters() if not p.requires_grad}
    assert own.keys() | frozen == model.state_dict().keys()
    assert not own.keys() & frozen
    assert ("backbone.layer3.0.conv1.weight" in own) == bool(unfrozen)


def test_qindex_is_one_more_number_for_the_head_in_zero_to_one():
    model = adapted(qindex_input=True).eval()
    x = torch.rand(4, 1, 16, 16)
    with torch.no_grad():
        low, high = (model(x, torch.full((4,), qindex, dtype=torch.int16)) for qindex in (0, 255))
    torch.testing.assert_close(high - low, model.head.weight[:, -1].expand(4, -1).detach(), rtol=0, atol=1e-5)


def test_a_model_with_qindex_input_needs_it_and_any_other_ignores_it():
    x = torch.rand(2, 1, 16, 16)
    with pytest.raises(RunError, match="qindex_input"):
        adapted(qindex_input=True)(x)
    model = adapted().eval()
    assert torch.equal(model(x, torch.tensor([0, 255])), model(x))


def test_qindex_input_changes_no_weight_but_the_heads():
    def drawn(qindex_input: bool) -> dict[str, torch.Tensor]:
        model = StageModel(Backbone("resnet10t"), 2, qindex_input=qindex_input)
        initialise(model, torch.Generator().manual_seed(0))
        return {name: tensor for name, tensor in model.state_dict().items() if not name.startswith("head.")}

    without, with_qindex = drawn(False), drawn(True)
    assert all(torch.equal(without[name], with_qindex[name]) for name in without)


def test_the_cosine_head_is_chosen_by_its_scale():
    model = adapted(cosine_scale=16.0, qindex_input=True)
    assert isinstance(model.head, CosineHead)
    assert model(torch.rand(2, 1, 16, 16), torch.tensor([0, 9])).abs().max() <= 16


def test_input_is_luma_in_zero_to_one():
    x = to_input(torch.tensor([[[0, 1023]]], dtype=torch.int16))
    assert x.dtype == torch.float32 and x.shape == (1, 1, 1, 2)
    assert x.flatten().tolist() == [0.0, 1.0]
