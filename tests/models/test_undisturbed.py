import threading

import pytest
import torch

from av1core.models.undisturbed import undisturbed
from tests.models.trained import adapted


def test_mode_and_hooks_are_as_before_also_after_an_error():
    model = adapted(batchnorm="eval", unfrozen=("layer4",)).train()
    modes = [module.training for module in model.modules()]
    assert len(set(modes)) == 2
    own = model.head.register_forward_hook(lambda *_: None)
    for error in (None, ValueError):
        try:
            with undisturbed(model):
                assert not any(module.training for module in model.modules())
                model.backbone.layer1.register_forward_hook(lambda *_: None)
                model.head.register_forward_pre_hook(lambda *_: None)
                model.head.register_full_backward_hook(lambda *_: None)
                if error:
                    raise error
        except ValueError:
            pass
        assert [module.training for module in model.modules()] == modes
        hooks = [(m._forward_hooks, m._forward_pre_hooks, m._backward_hooks) for m in model.modules()]
        assert [key for found in hooks for kind in found for key in kind] == [own.id]


def test_a_model_is_held_by_one_at_a_time_and_may_be_held_again_by_that_one():
    model, other = adapted(), adapted()
    entered, leave = threading.Event(), threading.Event()

    def hold():
        with undisturbed(model), undisturbed(model):
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    assert entered.wait(10)
    got = threading.Event()

    def wait():
        with undisturbed(model):
            got.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    with undisturbed(other):  # another model is free
        assert not got.wait(0.2)
    leave.set()
    assert got.wait(10)
    thread.join()
    waiting.join()


def test_a_pass_within_leaves_no_trace_in_batchnorm():
    model = adapted(batchnorm="train", unfrozen=("stem", "layer1", "layer2", "layer3", "layer4")).train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with undisturbed(model):
        model(torch.rand(4, 1, 16, 16))
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    model(torch.rand(4, 1, 16, 16))
    with pytest.raises(AssertionError):  # outside it does
        assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
