import importlib.util
import os
from pathlib import Path
from typing import NamedTuple

import pytest

from av1core.cluster import connect
from tests.synthetic import make_dataset, stage1_values, stage2_values

# Tiny models lose more to a second thread than they gain, far more where something else runs too.
os.environ.setdefault("OMP_NUM_THREADS", "1")


class Trained(NamedTuple):
    """A runs folder with a finished Stage-1 run and a finished Stage-2 run on top of it."""

    runs_dir: Path
    stage1: str
    stage2: str


@pytest.fixture(scope="session")
def needs_ray() -> None:
    """Without Ray the tests are skipped; in CI that is a failure."""
    # Not imported: it reads its settings then, which `connect` gives.
    if importlib.util.find_spec("ray") is None:
        message = "no Ray: pip install -r requirements-ray.txt"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)


@pytest.fixture(scope="session")
def ray_cluster(needs_ray):
    """A Ray cluster of this machine, with two CPUs."""
    ray = connect(cpus=2)
    yield ray
    ray.shutdown()


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> Path:
    """The path of a learnable dataset of 256 blocks; not to be changed."""
    return make_dataset(tmp_path_factory.mktemp("synthetic") / "tiny").path


@pytest.fixture
def spec_values(tiny) -> dict:
    """Values of a Stage-1 spec that trains in about a second an epoch."""
    return stage1_values(tiny)


@pytest.fixture(scope="session")
def trained(tiny, tmp_path_factory) -> Trained:
    """Two finished runs; not to be changed."""
    from av1core.runs.execute import execute
    from av1core.runs.folder import RunFolder
    from av1core.training.spec import parse_spec

    runs_dir = tmp_path_factory.mktemp("runs")
    stage1 = RunFolder.create(runs_dir, parse_spec(stage1_values(tiny)))
    assert execute(stage1).state == "finished"
    stage2 = RunFolder.create(runs_dir, parse_spec(stage2_values(tiny, stage1.id)))
    assert execute(stage2).state == "finished"
    return Trained(runs_dir, stage1.id, stage2.id)
