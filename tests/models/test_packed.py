import pytest
import torch

from av1core.models.backbone import Backbone
from av1core.models.fast_forms import to_inference
from av1core.models.packed import pack, unpack
from av1core.models.stage import StageModel
from av1core.partition import MODEL_SIZE


def model(stem: str) -> StageModel:
    torch.manual_seed(0)
    return StageModel(Backbone("resnet10t", stem=stem), 2).eval()


def logits(model: StageModel) -> torch.Tensor:
    pixels = torch.rand(16, 1, MODEL_SIZE, MODEL_SIZE, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return model(pixels, torch.zeros(16))


def size(tensors: dict[str, torch.Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())


@pytest.mark.parametrize("stem", ["imagenet", "keep"])
def test_what_never_acts_is_left_out_and_no_output_changes(stem):
    whole = model(stem)
    state = whole.state_dict()
    packed, metadata = pack(whole, state, MODEL_SIZE)
    assert size(packed) < (0.3 if stem == "imagenet" else 1.01) * size(state)
    again = model(stem)
    again.load_state_dict(unpack(packed, metadata))
    assert torch.equal(logits(again), logits(whole))
    assert not any(torch.equal(a, b) for a, b in [(again.head.weight, torch.zeros_like(again.head.weight))])


def test_rounded_weights_are_within_half_a_step_of_their_channel():
    whole = model("keep")
    state = whole.state_dict()
    packed, metadata = pack(whole, state, MODEL_SIZE, rounded=True)
    assert size(packed) < 0.3 * size(state)
    for name, tensor in unpack(packed, metadata).items():
        step = state[name].abs().amax((1, 2, 3), keepdim=True) / 127 if name + ".scale" in packed else 0.0
        assert ((tensor - state[name]).abs() <= 0.51 * step).all(), name


def test_the_fast_form_takes_unpacked_weights():
    whole = model("imagenet")
    again = model("imagenet")
    again.load_state_dict(unpack(*pack(whole, whole.state_dict(), MODEL_SIZE)))
    torch.testing.assert_close(logits(to_inference(again, MODEL_SIZE)), logits(whole), atol=1e-5, rtol=1e-4)


def test_tensors_that_are_not_packed_pass_as_they_are():
    tensors = {"a.weight": torch.ones(2), "b.scale": torch.zeros(3)}
    assert unpack(tensors, None) == tensors == unpack(tensors, {"epoch": "3"})
