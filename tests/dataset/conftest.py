import shutil

import pytest
from PIL import Image

from av1core.dataset.build import build
from av1core.dataset.encoding import Encoding
from av1core.dataset.folder import Dataset
from av1core.dataset.sources import collect
from tests.media.conftest import textured

SIZES = [(160, 192), (150, 205), (192, 160), (200, 136)]


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    for index, size in enumerate(SIZES):
        Image.fromarray((textured(*size, seed=index) >> 2).astype("uint8")).save(folder / f"scene {index}.png")
    return folder


@pytest.fixture(scope="session")
def built(pictures, tmp_path_factory):
    """The path of a small dataset of four pictures at two qindexes; not to be changed."""
    out = tmp_path_factory.mktemp("datasets") / "small"
    build(collect([pictures]), out, Encoding((172, 80), speed=1))
    return out


@pytest.fixture(scope="session")
def dataset(built):
    return Dataset.open(built)


@pytest.fixture
def copy(built, tmp_path):
    """A copy that a test may damage."""
    return shutil.copytree(built, tmp_path / "copy")
