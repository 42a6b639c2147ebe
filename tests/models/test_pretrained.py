import huggingface_hub.constants
import pytest
import timm
import torch
from safetensors.torch import save_file

from av1core.errors import RunError
from av1core.models.backbone import Backbone
from av1core.models.pretrained import load_pretrained


@pytest.fixture(scope="module")
def colour() -> dict[str, torch.Tensor]:
    """Weights as timm ships them: three input channels and a classifier."""
    return timm.create_model("resnet10t").state_dict()


@pytest.mark.parametrize("suffix", [".safetensors", ".pth", ".pt"])
@pytest.mark.parametrize("stem", ["imagenet", "keep"])
def test_a_local_file_becomes_the_backbone_of_one_channel(colour, tmp_path, suffix, stem):
    file = tmp_path / f"weights{suffix}"
    save_file(colour, file) if suffix == ".safetensors" else torch.save({"state_dict": colour}, file)
    backbone = Backbone("resnet10t", stem=stem)
    gate = backbone.se["layer1"].fc1.weight.clone()
    load_pretrained(backbone, "resnet10t", str(file))
    state = backbone.state_dict()
    torch.testing.assert_close(state["conv1.0.weight"], colour["conv1.0.weight"].sum(1, keepdim=True))
    own = [name for name in state if name in colour and name != "conv1.0.weight"]
    assert own and all(torch.equal(state[name], colour[name]) for name in own)
    assert torch.equal(backbone.se["layer1"].fc1.weight, gate)


def test_grey_blocks_give_the_features_of_the_colour_network(colour, tmp_path):
    net = timm.create_model("resnet10t", num_classes=0).eval()
    torch.save(net.state_dict(), tmp_path / "weights.pth")
    backbone = Backbone("resnet10t", False, False).eval()
    load_pretrained(backbone, "resnet10t", str(tmp_path / "weights.pth"))
    x = torch.rand(2, 1, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(backbone(x), net(x.expand(-1, 3, -1, -1)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("layer2.0.conv1.weight"), r"lacks layer2\.0\.conv1\.weight: .*resnet10t"),
        (lambda state: state.update({"layer9.weight": torch.ones(1)}), r"has the unknown layer9\.weight"),
        (lambda state: state.update({"bn1.weight": torch.ones(3)}), r"bn1\.weight is \(3,\), not \(64,\)"),
    ],
)
def test_weights_of_another_network_are_an_error_that_names_them(colour, tmp_path, change, message):
    state = dict(colour)
    change(state)
    torch.save(state, tmp_path / "other.pth")
    with pytest.raises(RunError, match=message):
        load_pretrained(Backbone("resnet10t"), "resnet10t", str(tmp_path / "other.pth"))


def test_a_missing_or_damaged_file_is_an_error_that_names_it(tmp_path):
    backbone = Backbone("resnet10t")
    with pytest.raises(RunError, match=r"no file .*absent\.pth"):
        load_pretrained(backbone, "resnet10t", str(tmp_path / "absent.pth"))
    (tmp_path / "damaged.pth").write_bytes(b"no weights")
    with pytest.raises(RunError, match=r"damaged\.pth cannot be read"):
        load_pretrained(backbone, "resnet10t", str(tmp_path / "damaged.pth"))


def test_weights_that_cannot_be_fetched_are_an_error_that_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(RunError, match=r"could not be fetched here.*path of the file"):
        load_pretrained(Backbone("resnet10t"), "resnet10t", "timm")
