import pytest
import torch

from av1core.models.backbone import Backbone
from av1core.models.initialise import initialise
from av1core.models.stage import StageModel, to_input


def adapted(batchnorm: str = "eval", reduction: int = 4, name: str = "resnet10t") -> StageModel:
    model = StageModel(Backbone(name), 3, reduction=reduction, batchnorm=batchnorm, dropout=0.1)
    initialise(model, torch.Generator().manual_seed(0))
    return model


def test_exact_trainable_names_of_a_frozen_model():
    adapter = ["alpha", "down.weight", "bn.weight", "bn.bias", "depthwise.weight", "up.weight"]
    expected = [f"adapters.{layer}.{name}" for layer in ("layer3", "layer4") for name in adapter]
    trainable = [name for name, p in adapted().named_parameters() if p.requires_grad]
    assert trainable == [*expected, "head.weight", "head.bias"]


@pytest.mark.parametrize(("reduction", "thesis"), [(4, 166_000), (2, 332_000)])
def test_adapters_of_resnet18_have_the_thesis_size(reduction, thesis):
    adapters = adapted(reduction=reduction, name="resnet18").trainable()["adapter"]
    assert round(sum(p.numel() for p in adapters), -3) == thesis


@pytest.mark.parametrize("batchnorm", ["train", "eval"])
def test_only_train_mode_moves_running_statistics_and_no_mode_moves_frozen_weights(batchnorm):
    model = adapted(batchnorm)
    frozen = {name: p.clone() for name, p in model.named_parameters() if not p.requires_grad}
    buffers = {name: b.clone() for name, b in model.backbone.named_buffers()}
    optimiser = torch.optim.AdamW([p for group in model.trainable().values() for p in group], lr=0.1)
    for _ in range(2):
        model.train()  # as a training loop does each epoch
        model(torch.rand(8, 1, 16, 16)).square().mean().backward()
        optimiser.step()
    assert all(torch.equal(p, frozen[name]) for name, p in model.named_parameters() if name in frozen)
    unmoved = [torch.equal(b, buffers[name]) for name, b in model.backbone.named_buffers()]
    assert all(unmoved) if batchnorm == "eval" else not any(unmoved)


@pytest.mark.parametrize("batchnorm", ["train", "eval"])
def test_mode_of_the_frozen_backbone(batchnorm):
    model = adapted(batchnorm)
    for _ in range(2):
        model.train()
        assert model.backbone.bn1.training == (batchnorm == "train")
        assert model.adapters["layer3"].bn.training and model.dropout.training
        model.eval()
        assert not any(module.training for module in model.modules())


def test_every_trainable_parameter_gets_a_gradient():
    for model in (adapted(), StageModel(Backbone("resnet10t"), 2)):
        initialise(model, torch.Generator().manual_seed(0))
        model(torch.rand(8, 1, 16, 16)).square().mean().backward()
        assert all(
            p.grad is not None and p.grad.isfinite().all() for group in model.trainable().values() for p in group
        )


def test_own_state_and_the_frozen_weights_make_the_whole():
    model = adapted()
    own = model.own_state()
    frozen = {name for name, p in model.named_parameters() if not p.requires_grad}
    assert own.keys() | frozen == model.state_dict().keys()
    assert not own.keys() & frozen


def test_input_is_luma_in_zero_to_one():
    x = to_input(torch.tensor([[[0, 1023]]], dtype=torch.int16))
    assert x.dtype == torch.float32 and x.shape == (1, 1, 1, 2)
    assert x.flatten().tolist() == [0.0, 1.0]
