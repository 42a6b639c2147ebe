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


@pytest.mark.parametrize(("rounding", "bytes_a_weight", "steps"), [("float16", 2, 2**11), ("int8", 1, 2 * 127)])
def test_rounded_weights_are_within_half_a_step(rounding, bytes_a_weight, steps):
    whole = model("keep")
    state = whole.state_dict()
    packed, metadata = pack(whole, state, MODEL_SIZE, rounding)
    assert size(packed) < (bytes_a_weight / 4 + 0.05) * size(state)
    again = unpack(packed, metadata)
    assert {tensor.dtype for tensor in again.values()} <= {torch.float32, torch.int64}
    for name, tensor in again.items():
        most = state[name].abs().amax((1, 2, 3), keepdim=True) if packed[name].dtype != state[name].dtype else 0.0
        assert ((tensor - state[name]).abs() <= 1.02 * most / steps).all(), name


def test_the_fast_form_takes_unpacked_weights():
    whole = model("imagenet")
    again = model("imagenet")
    again.load_state_dict(unpack(*pack(whole, whole.state_dict(), MODEL_SIZE)))
    torch.testing.assert_close(logits(to_inference(again, MODEL_SIZE)), logits(whole), atol=1e-5, rtol=1e-4)


def test_tensors_that_are_not_packed_pass_as_they_are():
    tensors = {"a.weight": torch.ones(2), "b.scale": torch.zeros(3)}
    assert unpack(tensors, None) == tensors == unpack(tensors, {"epoch": "3"})
