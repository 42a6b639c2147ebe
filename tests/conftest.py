import pytest

from tests.synthetic import make_dataset


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """The path of a learnable dataset of 256 blocks; not to be changed."""
    return make_dataset(tmp_path_factory.mktemp("synthetic") / "tiny").path


@pytest.fixture
def spec_values(tiny):
    """Values of a Stage-1 spec that trains in about a second an epoch."""
    return {
        "name": "Tiny",
        "dataset": str(tiny),
        "backbone": {"name": "resnet10t"},
        "epochs": 2,
        "batch_size": 32,
        "epoch_blocks": 64,
    }
