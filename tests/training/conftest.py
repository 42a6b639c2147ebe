from pathlib import Path
from typing import NamedTuple

import pytest

from av1core.runs.execute import execute
from av1core.runs.folder import RunFolder
from av1core.training.presets import PRESETS
from av1core.training.spec import parse_spec, with_overrides

PHOTOS = Path(__file__).parents[2] / "data" / "photos"


class PhotosRuns(NamedTuple):
    """A runs folder with a Stage-1 run on data/photos whose backbone is a small one.

    overrides: those under which a preset trains two steps there, and is evaluated on all of it.
    """

    runs_dir: Path
    stage1: str
    overrides: dict


@pytest.fixture(scope="session")
def photos_runs(tmp_path_factory) -> PhotosRuns:
    runs_dir = tmp_path_factory.mktemp("photos")
    overrides = {"dataset": str(PHOTOS), "epochs": 1, "epoch_blocks": 64, "batch_size": 32}
    spec = parse_spec(with_overrides(PRESETS["stage1"].values, overrides | {"backbone": {"name": "resnet10t"}}))
    run = RunFolder.create(runs_dir, spec)
    assert execute(run).state == "finished"
    return PhotosRuns(runs_dir, run.id, overrides)
